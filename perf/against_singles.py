"""Whether a predictor is no worse than the best single one, in paired trials of two studies.

Both folders are of `nascast compare`, or of `perf/default_study.py`, on one benchmark, and draw
their sets from the same architectures, which is checked. For each budget in the first folder the
best of the second has the highest mean τ over all its trials among the predictors that read no more
labels and epochs; it is chosen afterwards, which favours it. OMNI and `auto`, which are made of
others, are none of them, and proxies only where they are in the same folder. Printed are τ of both
in the trials that both have, and the mean difference with its standard error, which counts what
test sets share, with a star where it is below by more than that.

Run: python perf/against_singles.py runs/mini_auto runs/mini
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from nascast.core.errors import StoreError
from nascast.studies.overlap import variance_factor
from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.results import Result, read_run

Key = tuple[str, Budget]
Trials = dict[int, float]  # τ by trial
_FEWEST = 15  # trials of a single predictor; one that has fewer is not among them
_REST = ("predicted", "deviation", "true")


def results_of(asked: Path, others: Path) -> tuple[list[Result], list[Result], float]:
    """Returns the results of both folders, and the share of a test set in what it is drawn from.

    Raises:
        StoreError: a trial has other test architectures in one than in the other.
    """
    runs = [read_run(path, _REST) for path in (asked, others)]
    found = [[result for result in results if result.error is None] for _, results in runs]
    ours, theirs = ({item.trial: set(item.architectures) for item in some} for some in found)
    if other := [trial for trial in ours.keys() & theirs.keys() if ours[trial] != theirs[trial]]:
        raise StoreError(f"{asked} and {others} have other test sets in trial {other[0]}")
    return found[0], found[1], runs[0][0].share


def trials_of(results: list[Result]) -> dict[Key, Trials]:
    """Returns τ by predictor and budget, and trial."""
    found: dict[Key, Trials] = defaultdict(dict)
    for result in results:
        if np.isfinite(result.kendall):
            found[result.predictor, result.budget][result.trial] = result.kendall
    return found


def within(budget: Budget, most: Budget) -> bool:
    """Returns whether nothing of a budget is more than in another."""
    return all(amount <= most.get(axis, 0) for axis, amount in budget.items())


def single(key: Key, trials: Trials) -> bool:
    """Returns whether a predictor is not made of others, and was run in enough trials."""
    return len(trials) >= _FEWEST and not key[0].startswith(("omni", "auto"))


def amounts(item: tuple[Key, Trials]) -> tuple[int, int]:
    """Returns labels and epochs, by which lines are sorted."""
    budget = item[0][1]
    return budget.get("train_size", 0), budget.get("epochs", 0)


def gain_of(
    asked: tuple[Key, Trials], singles: dict[Key, Trials], share: float
) -> tuple[float, float] | None:
    """Prints a line about one budget; returns the mean difference and its standard error."""
    (name, budget), trials = asked
    rivals = {key: found for key, found in singles.items() if within(key[1], budget)}
    best, found = max(
        rivals.items(), key=lambda item: np.mean(list(item[1].values())), default=(("", budget), {})
    )
    both = sorted(trials.keys() & found.keys())
    if len(both) < 2:
        print(f"{name} {dict(budget)}: no single predictor has two of its trials")
        return None
    ours, theirs = (np.array([some[trial] for trial in both]) for some in (trials, found))
    gain, spread = (ours - theirs).mean(), (ours - theirs).std(ddof=1)
    error = spread * np.sqrt(variance_factor(len(both), share) / len(both))
    print(f"{name} {dict(budget)} {ours.mean():.3f}, {best[0]} {theirs.mean():.3f}: ", end="")
    print(f"{gain:+.3f} ± {error:.3f} in {len(both)} trials{' *' if gain < -error else ''}")
    return float(gain), float(error)


def main() -> None:
    """Prints a line for each budget, and how many are below."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("asked", type=Path)
    parser.add_argument("others", type=Path)
    options = parser.parse_args()
    *results, share = results_of(options.asked, options.others)
    asked, others = map(trials_of, results)
    singles = {key: trials for key, trials in others.items() if single(key, trials)}
    found = [gain_of(item, singles, share) for item in sorted(asked.items(), key=amounts)]
    gains = [item for item in found if item]
    below = sum(gain < -error for gain, error in gains)
    mean = np.mean([gain for gain, _ in gains]) if gains else float("nan")
    print(f"mean {mean:+.3f}; {below} of {len(gains)} below by more than an error")


if __name__ == "__main__":
    main()
