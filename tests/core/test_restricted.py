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
