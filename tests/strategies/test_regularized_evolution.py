"""Aging, tournaments and failures of regularized evolution."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Candidate, Evaluation, Genes, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.regularized_evolution import RegularizedEvolution

SPACE = NasBench201()


def evolution(population: int, tournament: int) -> RegularizedEvolution:
    return RegularizedEvolution(SPACE, population=population, tournament=tournament)


def trials(rows: Genes, scores: list[float]) -> list[Trial]:
    return [
        Trial(i, Candidate(SPACE.architecture(row)), Evaluation({"val_accuracy": score}, 1.0), i)
        for i, (row, score) in enumerate(zip(rows, scores, strict=True))
    ]


def parents(strategy: RegularizedEvolution, rows: Genes) -> set[int]:
    """Which of the rows are one decision away from what is asked for."""
    children = [c for seed in range(20) for c in strategy.ask(3, np.random.default_rng(seed))]
    return {
        int(i) for child in children for i in np.flatnonzero((rows != child.arch.row()).sum(1) == 1)
    }


# Far apart: no two of these rows have a common neighbour.
ROWS = np.asarray([[op, op, op, (op + 1) % 5, op, 3] for op in range(5)], dtype=np.int16)


def test_the_best_of_a_tournament_is_the_parent() -> None:
    strategy = evolution(5, 60)  # 60 draws of 5 miss the best with a chance of 10⁻⁶
    strategy.tell(trials(ROWS, [5.0, 1.0, 9.0, 3.0, 2.0]))
    assert parents(strategy, ROWS) == {2}


def test_a_tournament_of_one_is_uniform() -> None:
    strategy = evolution(5, 1)
    strategy.tell(trials(ROWS, [5.0, 1.0, 9.0, 3.0, 2.0]))
    assert parents(strategy, ROWS) == {0, 1, 2, 3, 4}


def test_the_oldest_dies_however_good() -> None:
    strategy = evolution(3, 60)
    strategy.tell(trials(ROWS, [9.0, 8.0, 1.0, 3.0, 2.0]))
    assert parents(strategy, ROWS) == {3}


def test_failed_candidates_have_no_children_and_take_no_place() -> None:
    strategy = evolution(3, 1)
    strategy.tell(trials(ROWS, [9.0, 8.0, float("nan"), 3.0, float("nan")]))
    assert parents(strategy, ROWS) == {0, 1, 3}


def test_before_the_population_is_full_candidates_are_random_and_pending_ones_count() -> None:
    strategy = evolution(5, 60)
    strategy.tell(trials(ROWS[:4], [1.0, 2.0, 9.0, 3.0]))
    asked = [strategy.ask(1, np.random.default_rng(s))[0].arch.row() for s in range(30)]
    near = [int((ROWS[2] != row).sum()) for row in asked]
    assert sum(distance == 1 for distance in near) < 5  # by chance: 24 of 15,625 rows
    waiting = [Candidate(SPACE.architecture(ROWS[4]))]
    asked = [strategy.ask(1, np.random.default_rng(s), waiting)[0].arch.row() for s in range(30)]
    assert {int((ROWS[2] != row).sum()) for row in asked} == {1}


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="tournaments of 0"):
        evolution(5, 0)
