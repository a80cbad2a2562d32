"""What searches on recorded trainings reach, seed by seed."""

from functools import lru_cache

import numpy as np

from nascast.core import plugins
from nascast.core.evaluator import Benchmark
from nascast.core.spec import Spec
from nascast.core.strategy import Strategy
from nascast.core.types import Architecture, Floats
from nascast.runner import Budget, steps
from nascast.studies.claims.claim import Desk
from nascast.studies.claims.finding import Part
from nascast.studies.claims.intervals import gap
from nascast.studies.records import open_benchmark, recorded_space
from nascast.studies.searches.design import Search, preset
from nascast.studies.searches.run import simulate

__all__ = ["behind_random", "curves_of", "regrets_of", "regrets_within", "strategy"]


def strategy(text: str) -> Spec:
    """Returns the spec in a text, which may end in a preset behind a blank."""
    spec, _, chosen = text.partition(" ")
    return preset(Spec.parse("strategy", spec), chosen)


def curves_of(desk: Desk, name: str, text: str, evaluations: int) -> Floats:
    """Returns ``(seeds, evaluations)`` regrets in validation accuracy after each evaluation.

    The regret is by how much the best recorded first training is better than the best that was
    found.
    """
    found = open_benchmark(name)
    spec = strategy(text)
    search = Search(found.space.name, (spec,), name, evaluations=evaluations)
    most = np.nanmax(found.query(found.measured("val_accuracy"), "val_accuracy"))
    runs = []
    for seed in _seeds(desk):
        trials = simulate(search, spec, seed).trials
        scores = [trial.evaluation.metrics["val_accuracy"] for trial in trials]
        scores += scores[-1:] * (evaluations - len(scores))  # of one that came to an end
        runs.append(most - np.maximum.accumulate(scores))
    return np.array(runs)


def _seeds(desk: Desk) -> list[int]:
    """Returns seeds of searches, of which another seed of the ledger has none."""
    numbers = [np.random.SeedSequence([desk.scale.seed, i]) for i in range(desk.trials)]
    return [int(number.generate_state(1)[0]) for number in numbers]


def regrets_within(desk: Desk, name: str, text: str, trainings: float) -> Floats:
    """Returns ``(seeds,)`` regrets of the best trained fully, within equal seconds of training.

    A training that goes on from a shorter one pays for its new epochs, as where networks are
    trained, unless the two are separate ones of the table. The seconds are recorded, and those of
    thinking are left out. Zero-cost proxies are of the networks that were trained.

    Args:
        desk: seeds.
        name: table.
        text: strategy.
        trainings: number of full trainings whose mean seconds, times it, each search has.
    """
    found = open_benchmark(name)
    rows = found.measured("val_accuracy")
    seconds = trainings * float(np.nanmean(found.seconds(rows)))
    best = [_best_within(found, strategy(text), seed, seconds) for seed in _seeds(desk)]
    return np.asarray(np.nanmax(found.query(rows, "val_accuracy")) - np.array(best))


def _best_within(found: Benchmark, spec: Spec, seed: int, seconds: float) -> float:
    """Returns the best validation accuracy that a search finds within seconds of training."""
    space = recorded_space(found, ["val_accuracy"])
    fresh: Strategy = spec.load("strategy", space, seed=seed)
    executor, store = plugins.load("executor", "simulated"), plugins.load("store", "memory")
    budget = Budget(seconds=2 * seconds)  # enough, for nothing is trained more than twice
    paid: dict[Architecture, float] = {}
    best = -np.inf
    for step in steps(
        fresh, found, executor=executor, store=store, name="run", budget=budget, seed=seed
    ):
        for trial in step.trials:
            arch, own = trial.candidate.arch, trial.evaluation
            seconds -= own.seconds - paid.get(arch, 0.0)
            paid[arch] = 0.0 if found.separate else own.seconds
            if seconds < 0:
                return float(best)
            if trial.candidate.epochs is None:
                best = max(best, own.metrics["val_accuracy"])
    return float(best)


@lru_cache(maxsize=64)  # several claims ask for the same searches
def regrets_of(desk: Desk, name: str, text: str, evaluations: int) -> Floats:
    """Returns ``(seeds,)`` regrets at the end; see `curves_of`."""
    return np.asarray(curves_of(desk, name, text, evaluations)[:, -1])


def behind_random(
    desk: Desk, names: dict[str, str], texts: tuple[str, ...], evaluations: int
) -> list[Part]:
    """Returns parts on how much smaller the regret of strategies is than that of random search.

    Args:
        desk: seeds.
        names: tables by the name for people.
        texts: strategies.
        evaluations: number of trainings of each search.
    """
    parts: list[Part] = []
    for title, name in names.items():
        random = regrets_of(desk, name, "random", evaluations)
        for text in texts:
            own = regrets_of(desk, name, text, evaluations)
            words = f"{title}: regret of random search less that of {text}"
            parts.append(gap(words, random, own, case=title))
    return parts
