"""Selection, breeding and the front that NSGA-II finds."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import wilcoxon

from nascast.core.errors import InvalidSettingError
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Floats, Objective, Trial
from nascast.spaces.nasbench101.space import NasBench101
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.nsga2 import Nsga2
from nascast.strategies.random import RandomSearch

SPACE = NasBench201()
BOTH = (Objective("val_accuracy"), Objective("parameters", minimize=True))


def tell(
    strategy: Strategy, candidates: list[Candidate], scores: list[tuple[float, float]]
) -> None:
    strategy.tell(
        [
            Trial(i, c, Evaluation({"val_accuracy": a, "parameters": -b}, 1.0), 0.0)
            for i, (c, (a, b)) in enumerate(zip(candidates, scores, strict=True))
        ]
    )


def test_a_generation_keeps_fronts_whole_and_then_the_least_crowded() -> None:
    strategy = Nsga2(SPACE, BOTH, population=4)
    eight = strategy.ask(8, np.random.default_rng(0))
    tell(strategy, eight[:4], [(0, 3), (3, 0), (1, 1), (0, 0)])  # the last one is dominated
    # Of the front (0, 3) (3, 0) (1, 2) (2, 1.9) (1.1, 1.95) the ends and the two with room remain.
    tell(strategy, eight[4:], [(1, 2), (2, 1.9), (1.1, 1.95), (-1, -1)])
    kept = {tuple(row) for row in strategy.history.scores[strategy._parents].tolist()}
    assert kept == {(0, 3), (3, 0), (1, 2), (2, 1.9)}


def test_children_have_genes_of_two_parents_and_one_change() -> None:
    strategy = Nsga2(SPACE, BOTH, population=2)
    parents = np.asarray([[0, 0, 0, 0, 0, 1], [3, 3, 3, 3, 3, 2]], dtype=np.int16)
    tell(strategy, [Candidate(SPACE.architecture(row)) for row in parents], [(0, 1), (1, 0)])
    rows = np.concatenate(
        [strategy.ask(1, np.random.default_rng(s))[0].arch.row() for s in range(60)]
    )
    foreign = ((rows != parents[0]) & (rows != parents[1])).sum(1)
    assert foreign.max() == 1
    mixed = ((rows == parents[0]).any(1) & (rows == parents[1]).any(1)).sum()
    assert mixed > 20


def test_failed_candidates_are_in_no_generation() -> None:
    strategy = Nsga2(SPACE, BOTH, population=3)
    six = strategy.ask(6, np.random.default_rng(0))
    nan = float("nan")
    tell(strategy, six, [(9, nan), (1, 1), (nan, nan), (2, 0), (nan, 5), (0, 2)])
    assert sorted(strategy._parents.tolist()) == [1, 3, 5]


def test_crossover_keeps_to_valid_rows_where_most_mixtures_are_not() -> None:
    space = NasBench101()
    strategy = Nsga2(space, BOTH, population=10)
    first = strategy.ask(10, np.random.default_rng(0))
    tell(strategy, first, [(i, -i) for i in range(10)])
    children = strategy.ask(30, np.random.default_rng(1))
    assert len(set(children)) == 30
    space.check(np.concatenate([c.arch.row() for c in children]))


def volume(points: Floats, corner: tuple[float, float]) -> float:
    """Returns the area that points dominate above a corner; both objectives to be maximised."""
    area, height = 0.0, corner[1]
    for x, y in sorted(map(tuple, points), reverse=True):
        if y > height and x > corner[0]:
            area += (x - corner[0]) * (y - height)
            height = y
    return area


def measured(candidate: Candidate) -> Evaluation:
    """Convolutions help, the larger ones more, and cost nine times as much."""
    row = candidate.arch.row()[0]
    accuracy = float(10 * np.sqrt((row == 3).sum() + 0.5 * (row == 2).sum()))
    return Evaluation(
        {"val_accuracy": accuracy, "parameters": float((row == 3).sum() * 9 + (row == 2).sum())},
        1.0,
    )


def test_the_front_is_better_than_that_of_random_search() -> None:
    volumes = []
    for make in (partial(Nsga2, population=8), RandomSearch):
        found = []
        for seed in range(8):
            strategy: Strategy = make(SPACE, BOTH)
            for k in range(100):
                (candidate,) = strategy.ask(1, np.random.default_rng([seed, k]))
                strategy.tell([Trial(k, candidate, measured(candidate), 0.0)])
            found.append(volume(strategy.history.scores, (0.0, -54.0)))
        volumes.append(found)
    assert wilcoxon(*volumes, alternative="greater").pvalue < 0.01


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="at least 2; got 1"):
        Nsga2(SPACE, population=1)
