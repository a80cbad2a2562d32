import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.dominance import crowding, pareto, ranks
from nascast.core.types import Floats


@st.composite
def some_scores(draw: st.DrawFn) -> Floats:
    """Few distinct values, so that ties and equal rows are frequent."""
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    values = draw(st.lists(st.integers(0, 4), min_size=n * m, max_size=n * m))
    return np.asarray(values, dtype=np.float64).reshape(n, m)


def peeled(scores: Floats) -> list[int]:
    """Ranks by the definition: remove who is not dominated, again and again."""
    left, rank, level = set(range(len(scores))), [0] * len(scores), 0

    def dominates(a: int, b: int) -> bool:
        pairs = list(zip(scores[a], scores[b], strict=True))
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    while left:
        front = {b for b in left if not any(dominates(a, b) for a in left)}
        for i in front:
            rank[i] = level
        left -= front
        level += 1
    return rank


@given(some_scores())
def test_ranks_are_those_of_the_definition(scores: Floats) -> None:
    assert ranks(scores).tolist() == peeled(scores)


@given(some_scores())
def test_pareto_are_those_of_rank_0(scores: Floats) -> None:
    assert pareto(scores).tolist() == [rank == 0 for rank in peeled(scores)]


@given(some_scores(), st.floats(0, 1))
def test_what_is_not_known_is_the_worst_there_is(scores: Floats, share: float) -> None:
    unknown = np.random.default_rng(0).random(scores.shape) < share
    lowest = np.where(unknown, -np.inf, scores)
    assert ranks(np.where(unknown, np.nan, scores)).tolist() == peeled(lowest)
    assert (pareto(np.where(unknown, np.nan, scores)) == (np.asarray(peeled(lowest)) == 0)).all()


def test_without_rows_there_are_no_ranks() -> None:
    assert ranks(np.zeros((0, 2))).tolist() == []
    assert pareto(np.zeros((0, 2))).tolist() == []


def test_larger_is_better_and_signs_of_zero_are_equal() -> None:
    points = [[1.0, 1.0], [2.0, 0.0], [0.0, 2.0], [1.0, 0.5], [2.0, -0.0]]
    assert pareto(points).tolist() == [True, True, True, False, True]


def test_crowding_is_the_sum_of_relative_gaps() -> None:
    front = np.asarray([[0.0, 10.0], [1.0, 6.0], [3.0, 4.0], [4.0, 0.0]])
    distance = crowding(front, np.zeros(4, dtype=np.intp))
    assert distance.tolist() == [np.inf, pytest.approx(3 / 4 + 0.6), pytest.approx(1.35), np.inf]


def test_fronts_are_measured_apart() -> None:
    scores = np.asarray([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0], [0.0, 0.0], [0.5, -1.0]])
    distance = crowding(scores, ranks(scores))
    assert distance.tolist() == [np.inf, 2.0, np.inf, np.inf, np.inf]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_equal_rows_have_ends_and_no_distance(n: int) -> None:
    distance = crowding(np.ones((n, 2)), np.zeros(n, dtype=np.intp))
    assert np.isinf(distance).sum() == min(n, 2)
    assert (distance[np.isfinite(distance)] == 0).all()
