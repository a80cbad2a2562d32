"""Several searches as one, to look at them side by side."""

from collections.abc import Mapping
from dataclasses import replace

from nascast.core.errors import InvalidSettingError
from nascast.studies.searches.results import Searched

__all__ = ["joined"]


def joined(searches: Mapping[str, Searched]) -> Searched:
    """Returns the runs of several searches as those of one, whose strategies bear its name.

    Args:
        searches: searches by the names to tell them apart; of one space and objectives. What they
            were evaluated on may differ.

    Raises:
        InvalidSettingError: spaces or objectives differ.
    """
    names, every = list(searches), list(searches.values())
    first = every[0]
    for name, other in searches.items():
        for word, own, others in (
            ("space", first.setup.space, other.setup.space),
            ("objectives", _words(first), _words(other)),
        ):
            if own != others:
                raise InvalidSettingError(
                    f"{names[0]} and {name} cannot stand side by side: their {word} are {own} and "
                    f"{others}"
                )
    if len(every) == 1:
        return first
    runs = tuple(
        replace(run, name=f"{name}/{run.name}", strategy=f"{name}: {run.strategy}")
        for name, found in searches.items()
        for run in found.runs
    )
    series = {
        f"{name}/{run}": values
        for name, found in searches.items()
        for run, values in found.diagnostics.items()
    }
    setups = {name: found.setup for name, found in searches.items()}
    whole = replace(first, runs=runs, diagnostics=series, joined=setups)
    same = not whole.differing() and all(found.optimum == first.optimum for found in every)
    units = {found.unit for found in every}
    unit = first.unit if len(units) == 1 else ""
    return replace(whole, optimum=first.optimum if same else None, unit=unit)


def _words(found: Searched) -> str:
    return ", ".join(f"{objective.aim} {objective.metric}" for objective in found.objectives)
