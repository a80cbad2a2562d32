"""The numbers of epochs after which multi-fidelity strategies compare."""

from nascast.core.errors import InvalidSettingError

__all__ = ["levels"]


def levels(min_epochs: int, max_epochs: int, eta: int) -> tuple[int, ...]:
    """Returns the epochs of the rungs, ascending: `max_epochs` divided by …, eta², eta and 1.

    None is below `min_epochs`; fractions are rounded to whole epochs.

    Raises:
        InvalidSettingError: a setting is out of range.
    """
    if not 1 <= min_epochs <= max_epochs or eta < 2:
        raise InvalidSettingError(
            "expected 1 ≤ min_epochs ≤ max_epochs and eta ≥ 2; "
            f"got min_epochs {min_epochs}, max_epochs {max_epochs}, eta {eta}"
        )
    found = {max_epochs}
    power = eta
    while (epochs := round(max_epochs / power)) >= min_epochs:
        found.add(epochs)
        power *= eta
    return tuple(sorted(found))
