"""Reading option values."""

from nascast.core.errors import InvalidSettingError

__all__ = ["names", "settings", "whole_numbers"]


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
