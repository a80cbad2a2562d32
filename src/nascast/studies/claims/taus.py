"""Kendall's τ of the predictors of a comparison, trial by trial."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np

from nascast.core.errors import MissingDataError
from nascast.core.types import Floats
from nascast.studies.predictors.design import LABELS
from nascast.studies.predictors.results import Result

__all__ = ["Key", "Taus", "best", "grouped", "select", "taus_of"]

Key = tuple[str, int, int]  # spec of a predictor in its written form, labels, epochs; 0 for none
Taus = Mapping[Key, Floats]  # (trials,) each


def grouped(results: Iterable[Result]) -> dict[Key, list[Result]]:
    """Returns the results of each predictor with a budget in the order of trials.

    Where a trial failed, all of that predictor and budget are left out.
    """
    groups: dict[Key, list[Result]] = {}
    failed = set()
    for item in sorted(results, key=lambda item: item.trial):
        key = item.predictor, item.budget.get(LABELS, 0), item.budget.get("epochs", 0)
        groups.setdefault(key, []).append(item)
        if item.error is not None:
            failed.add(key)
    return {key: group for key, group in groups.items() if key not in failed}


def taus_of(results: Iterable[Result], metric: str = "kendall") -> dict[Key, Floats]:
    """Returns ``(trials,)`` values of a metric by predictor and budget."""
    return {
        key: np.array([getattr(item, metric) for item in group])
        for key, group in grouped(results).items()
    }


def select(
    taus: Taus,
    names: Collection[str] | None = None,
    *,
    labels: Collection[int] | None = None,
    epochs: Collection[int] | None = None,
) -> dict[Key, Floats]:
    """Returns those of some predictors and budgets; None are all.

    Raises:
        MissingDataError: there are none, as they failed.
    """
    found = {
        key: values
        for key, values in taus.items()
        if all(
            wanted is None or own in wanted
            for own, wanted in zip(key, (names, labels, epochs), strict=True)
        )
    }
    if not found:
        raise MissingDataError(f"no result of {', '.join(names or ['any'])} with these budgets")
    return found


def best(taus: Taus) -> tuple[Key, Floats]:
    """Returns the key and the ``(trials,)`` values of the highest mean."""
    return max(taus.items(), key=lambda item: float(item[1].mean()))
