"""Kendall's τ of the predictors of a comparison, trial by trial."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nascast.core.errors import MissingDataError
from nascast.core.types import Floats
from nascast.studies.claims.claim import LEAST, Desk, Plan
from nascast.studies.claims.finding import Part
from nascast.studies.claims.intervals import mean
from nascast.studies.predictors.design import LABELS
from nascast.studies.predictors.evidence import benchmark_of
from nascast.studies.predictors.results import Result

__all__ = [
    "Key",
    "Taus",
    "best",
    "duel",
    "grouped",
    "left_out",
    "notes_on",
    "only",
    "select",
    "taus_at",
    "taus_of",
]

Key = tuple[str, int, int]  # spec of a predictor in its written form, labels, epochs; 0 for none


@dataclass(frozen=True, slots=True)
class Taus(Mapping[Key, Floats]):
    """Kendall's τ by predictor and budget, over the trials that all of them have.

    Attributes:
        first: ``(trials,)`` τ each with the first training.
        others: ``(trials,)`` τ each with another training of the same architectures; NaN where
            fewer than two have one.
        reads: predictors that read the very trainings that `first` is judged by.
        share: architectures of a test set in those of the table.
    """

    first: Mapping[Key, Floats]
    others: Mapping[Key, Floats]
    reads: frozenset[Key] = frozenset()
    share: float = 0.0

    def __getitem__(self, key: Key) -> Floats:
        if key not in self.first:
            raise MissingDataError(f"no result of {key[0]}, labels {key[1]}, epochs {key[2]}")
        return self.first[key]

    def __contains__(self, key: object) -> bool:
        return key in self.first

    def __iter__(self) -> Iterator[Key]:
        return iter(self.first)

    def __len__(self) -> int:
        return len(self.first)


def _key(item: Result) -> Key:
    return item.predictor, item.budget.get(LABELS, 0), item.budget.get("epochs", 0)


def grouped(results: Iterable[Result]) -> dict[Key, list[Result]]:
    """Returns the results of each predictor with a budget in the order of the common trials.

    A predictor that failed in at least half of the trials is left out with that budget, see
    `left_out`, and of the others the trials in which none of them failed are kept; `notes_on` names
    both.

    Raises:
        MissingDataError: fewer common trials are left than there were and an interval needs.
    """
    groups: dict[Key, list[Result]] = {}
    for item in sorted(results, key=lambda item: item.trial):
        groups.setdefault(_key(item), []).append(item)
    fine = {
        key: {item.trial: item for item in group if item.error is None}
        for key, group in groups.items()
    }
    kept = {key: of for key, of in fine.items() if 2 * len(of) > len(groups[key])}
    common = sorted(set.intersection(*(set(of) for of in kept.values()))) if kept else []
    most = max((len(group) for group in groups.values()), default=0)
    if len(common) < min(LEAST, most) or not common:
        raise MissingDataError(
            f"{len(common)} of {most} trials are without failures, fewer than {LEAST}; "
            "give the command again, which measures what failed once more"
        )
    return {key: [of[trial] for trial in common] for key, of in kept.items()}


def left_out(results: Iterable[Result]) -> list[str]:
    """Returns the predictors that failed in at least half of the trials of a budget, by name."""
    groups: dict[Key, list[bool]] = {}
    for item in results:
        groups.setdefault(_key(item), []).append(item.error is not None)
    return sorted({key[0] for key, failed in groups.items() if 2 * sum(failed) >= len(failed)})


def notes_on(*comparisons: Sequence[Result]) -> str:
    """Returns sentences on what failed, and on predictors that read what they are judged by."""
    notes = list(dict.fromkeys(filter(None, map(_failures, comparisons))))
    judged = [item.other_size for each in comparisons for item in each if item.reads_target]
    if judged:
        few, many = min(judged), max(judged)
        sizes = f"{few}" if few == many else f"{few} to {many}"
        notes.append(
            "Predictors of curves read the very trainings that they are judged by; by another "
            f"training it is {sizes} architectures of each test set."
        )
    return " ".join(notes)


def _failures(results: Sequence[Result]) -> str:
    failed = {(_key(item), item.trial) for item in results if item.error is not None}
    if not failed:
        return ""
    names = ", ".join(sorted({key[0] for key, _ in failed}))
    trials = len({item.trial for item in results})
    common = len(next(iter(grouped(results).values())))
    return (
        f"{names} failed in {len(failed)} cells: {common} of {trials} trials are compared, and "
        "a predictor that failed in at least half is left out."
    )


def taus_of(results: Iterable[Result], share: float = 0.0) -> Taus:
    """Returns τ by predictor and budget.

    Args:
        results: results of a comparison.
        share: architectures of a test set in those of the table.
    """
    groups = grouped(results)
    values, others = (
        {key: np.array([getattr(r, name) for r in group]) for key, group in groups.items()}
        for name in ("kendall", "kendall_other")
    )
    reads = frozenset(key for key, group in groups.items() if any(r.reads_target for r in group))
    return Taus(values, others, reads, share)


def taus_at(desk: Desk, plan: Plan) -> Taus:
    """Returns τ of a comparison that a claim names among its studies."""
    study = plan(desk.scale)
    rows = benchmark_of(study).measured(study.metric)
    return taus_of(desk.results(plan), study.test_size / len(rows))


def only(taus: Taus, keys: Collection[Key]) -> Taus:
    """Returns those of some predictors with budgets."""
    values, others = (
        {key: found[key] for key in found if key in keys} for found in (taus.first, taus.others)
    )
    return Taus(values, others, taus.reads, taus.share)


def select(
    taus: Taus,
    names: Collection[str] | None = None,
    *,
    labels: Collection[int] | None = None,
    epochs: Collection[int] | None = None,
) -> Taus:
    """Returns those of some predictors and budgets; None are all.

    Raises:
        MissingDataError: one that is named has none, as it failed.
    """
    wanted = (names, labels, epochs)
    keys = [
        key
        for key in taus
        if all(own is None or one in own for one, own in zip(key, wanted, strict=True))
    ]
    lacking = [name for name in names or () if name not in {key[0] for key in keys}]
    if lacking or not keys:
        raise MissingDataError(f"no result of {', '.join(lacking) or 'any'} with these budgets")
    return only(taus, keys)


def best(taus: Mapping[Key, Floats]) -> tuple[Key, Floats]:
    """Returns the key and the ``(trials,)`` values of the highest mean."""
    return max(taus.items(), key=lambda item: float(item[1].mean()))


def duel(
    name: str,
    taus: Taus,
    first: Key,
    second: Key,
    *,
    bar: float = 0.0,
    above: bool = True,
    case: str = "",
    curves: bool = False,
) -> list[Part]:
    """Returns whether the first of two ranks better, in pairs over trials.

    Where either reads the trainings that it is judged by, whose noise it shares, a second part
    judges both by another training, as far as the table has one.

    Args:
        name: name of the difference.
        taus: τ of all.
        first: one of them.
        second: other one.
        bar: number that the difference is compared with.
        above: whether the claim wants it above the bar.
        case: data set or space.
        curves: whether the claim is on which reading of a curve is better, so that the second part
            is of its core.
    """
    found = mean(taus[first] - taus[second], taus.share)
    parts = [Part(name, found, bar, above, case=case)]
    away = taus.others[first] - taus.others[second]
    if {first, second} & taus.reads and np.isfinite(away).all():
        there = mean(away, taus.share)
        parts.append(
            Part(f"{name}, by another training", there, bar, above, core=curves, case=case)
        )
    return parts
