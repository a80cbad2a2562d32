"""Reading option values, and what several commands print."""

from nascast.core.errors import InvalidSettingError

__all__ = ["duration", "names", "settings", "whole_numbers"]


def names(text: str, option: str) -> tuple[str, ...]:
    """Reads ``a,b,c``."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise InvalidSettingError(f"{option}: expected names joined by commas; got {text!r}")
    return found


def whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """Reads ``1,2,3``."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InvalidSettingError(
            f"{option}: expected whole numbers joined by commas, such as 20,100; got {text!r}"
        ) from None


def settings(text: str, option: str) -> dict[str, int | str]:
    """Reads ``channels=8,reduction=pool``."""
    found: dict[str, int | str] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise InvalidSettingError(f"{option}: expected key=value,key=value; got {text!r}")
        value = value.strip()
        found[key.strip()] = int(value) if value.lstrip("-").isdigit() else value
    return found


def duration(seconds: float) -> str:
    """Writes seconds for people, such as 3.2 ms, 41 s or 2.3 h."""
    if seconds != seconds:
        return "unknown"
    for limit, unit, size in (
        (1e-3, "µs", 1e-6),
        (1, "ms", 1e-3),
        (120, "s", 1),
        (7200, "min", 60),
    ):
        if seconds < limit:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 3600:.3g} h" if seconds < 3600 * 100 else f"{seconds / 86400:.3g} d"
