"""What searches on recorded trainings reach, seed by seed."""

from functools import lru_cache

import numpy as np

from nascast.core.spec import Spec
from nascast.core.types import Floats
from nascast.studies.claims.claim import Desk
from nascast.studies.claims.finding import Part
from nascast.studies.claims.intervals import gap
from nascast.studies.records import open_benchmark
from nascast.studies.searches.design import Search, preset
from nascast.studies.searches.run import simulate

__all__ = ["behind_random", "curves_of", "regrets_of", "strategy"]


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
