"""Strategies keep to a limit through the space they are given."""

import numpy as np
import pytest

from nascast.core.errors import InvalidArchitectureError, UnsupportedError
from nascast.core.restricted import Restricted
from nascast.core.types import Bools, Genes
from nascast.testing.doubles import TinySpace


def _narrow(genes: Genes) -> Bools:
    return np.asarray(genes[:, -1] == 0)


def test_samples_mutants_and_neighbors_are_accepted() -> None:
    space = Restricted(TinySpace(), _narrow, "the lesser width")
    rng = np.random.default_rng(0)
    rows = space.sample(200, rng)
    assert _narrow(rows).all()
    children = space.mutate(rows, rng)
    assert _narrow(children).all()
    assert ((children != rows).sum(1) == 1).all()
    assert _narrow(space.neighbors(rows[0])).all()
    assert len(space.neighbors(rows[0])) < len(TinySpace().neighbors(rows[0]))


def test_mutation_crosses_gaps_where_accepted_rows_lie_apart() -> None:
    rows = np.asarray([[1, 1, 1, 1, 0], [2, 2, 2, 2, 1]], dtype=np.int16)

    def known(genes: Genes) -> Bools:
        return np.asarray((genes[:, None] == rows).all(2).any(1))

    space = Restricted(TinySpace(), known, "a record", rows)
    rng = np.random.default_rng(0)
    assert known(space.sample(20, rng)).all()
    assert known(space.mutate(rows, rng)).all()


def test_a_refused_row_is_explained_and_a_limit_that_leaves_nothing_too() -> None:
    space = Restricted(TinySpace(), _narrow, "the lesser width")
    with pytest.raises(InvalidArchitectureError, match="the lesser width"):
        space.check(np.asarray([[1, 1, 1, 1, 1]], dtype=np.int16))
    nothing = Restricted(TinySpace(), lambda g: np.zeros(len(g), bool), "0 parameters")
    with pytest.raises(UnsupportedError, match="0 parameters"):
        nothing.sample(3, np.random.default_rng(0))


def test_children_have_the_odds_that_the_whole_space_gives_them() -> None:
    """As if what is not accepted was drawn again; genes of fewer values change more often each."""
    inner = TinySpace()
    whole = inner.all()
    parent = np.asarray([[1, 2, 0, 1, 0]], dtype=np.int16)
    kept = whole[(whole.sum(1) % 3 != 0) | (whole[:, -1] == 1)]
    known = {row.tobytes() for row in kept}

    def accepts(genes: Genes) -> Bools:
        return np.asarray([row.tobytes() in known for row in genes], dtype=bool)

    space = Restricted(inner, accepts, "a record", kept)
    drawn = inner.mutate(np.repeat(parent, 30_000, axis=0), np.random.default_rng(0))
    expected, counts = np.unique(drawn[accepts(drawn)], axis=0, return_counts=True)
    assert 1 < len(expected) < len(inner.neighbors(parent[0]))
    mutated = space.mutate(np.repeat(parent, 30_000, axis=0), np.random.default_rng(1))
    found, shares = np.unique(mutated, axis=0, return_counts=True)
    assert np.array_equal(found, expected)
    assert shares / 30_000 == pytest.approx(counts / counts.sum(), abs=0.02)  # 5 deviations


def test_where_no_neighbour_is_recorded_the_nearest_rows_are_the_children() -> None:
    rows = np.asarray(
        [[1, 1, 1, 1, 0], [2, 2, 1, 1, 0], [1, 1, 2, 2, 0], [2, 2, 2, 1, 1]], dtype=np.int16
    )

    def known(genes: Genes) -> Bools:
        return np.asarray((genes[:, None] == rows).all(2).any(1))

    space = Restricted(TinySpace(), known, "a record", rows)
    children = space.mutate(np.repeat(rows[:1], 100, axis=0), np.random.default_rng(0))
    assert np.unique(children, axis=0).tolist() == rows[[2, 1]].tolist()


def test_the_only_row_mutates_to_itself() -> None:
    rows = np.asarray([[1, 1, 1, 1, 0]], dtype=np.int16)
    space = Restricted(TinySpace(), lambda g: np.asarray((g == rows).all(1)), "a record", rows)
    assert np.array_equal(space.mutate(rows, np.random.default_rng(0)), rows)


def test_accepted_rows_are_listed() -> None:
    inner = TinySpace()
    narrow = inner.all()[_narrow(inner.all())]
    assert np.array_equal(Restricted(inner, _narrow, "narrow").all(), narrow)
    shuffled = np.random.default_rng(0).permutation(narrow)
    assert np.array_equal(Restricted(inner, _narrow, "narrow", shuffled).all(), narrow)


def test_what_draws_hardly_find_is_looked_for_among_all_rows() -> None:
    space = TinySpace()
    row = space.all()[77]
    restricted = Restricted(space, lambda genes: (genes == row).all(1), "one row")
    for seed in range(3):
        found = restricted.sample(2, np.random.default_rng(seed))
        assert (found == row).all()
    none = Restricted(space, lambda genes: np.zeros(len(genes), dtype=bool), "nothing")
    with pytest.raises(UnsupportedError, match="leaves"):
        none.sample(1, np.random.default_rng(0))
