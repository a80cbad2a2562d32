"""The numbers of epochs after which multi-fidelity strategies compare."""

from collections.abc import Sequence
from itertools import pairwise

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evidence import Records
from nascast.core.setup import spec_of
from nascast.core.strategy import Strategy
from nascast.core.types import Genes

__all__ = ["check_recorded", "levels", "thinned"]


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


def thinned(fidelities: Sequence[int], min_epochs: int, eta: int) -> tuple[int, ...]:
    """Returns the last of some epochs, and those before it a factor of `eta` or more apart.

    Args:
        fidelities: epochs that can be trained for, ascending.
        min_epochs: least number of epochs, but for the last.
        eta: least ratio of two of them that follow each other.

    Raises:
        InvalidSettingError: they are not ascending whole numbers from 1.
    """
    steps = [1, *(later - epochs for epochs, later in pairwise(fidelities))]
    if not fidelities or fidelities[0] < 1 or min(steps) < 1:
        raise InvalidSettingError(
            f"fidelities are ascending numbers of epochs from 1, such as 12, 50, 200; "
            f"got {tuple(fidelities)}"
        )
    found = [fidelities[-1]]
    for epochs in reversed(fidelities):
        if min_epochs <= epochs <= found[-1] / eta:
            found.append(epochs)
    return tuple(reversed(found))


def check_recorded(
    strategy: Strategy, epochs: Sequence[int], records: Records, genes: Genes
) -> None:
    """Raises where trainings of some epochs were not recorded; see `Strategy.check`.

    Args:
        strategy: strategy that asks for them.
        epochs: epochs of its rungs, ascending.
        records: records that a search is on.
        genes: ``(n, length)`` rows of them to look at.

    Raises:
        UnsupportedError: an objective was not recorded after one of them.
    """
    try:
        for objective in strategy.objectives:
            for count in epochs:
                records.query(genes[:1], objective.metric, count)
    except UnsupportedError as error:
        raise UnsupportedError(
            f"{spec_of(strategy).name} trains for {', '.join(map(str, epochs))} epochs here, but "
            f"{error}; choose its epochs by these"
        ) from error
