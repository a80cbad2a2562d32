"""Spaces that decide gene by gene: allowed values make valid rows, and valid rows are allowed."""

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes
from nascast.testing.doubles import TinySpace


def follow(space: SearchSpace, n: int, rng: np.random.Generator) -> Genes:
    """Draws n rows gene by gene, uniformly from what is allowed."""
    genes = np.zeros((n, space.length), dtype=np.int16)
    for i in range(space.length):
        allowed = space.allowed(genes[:, :i])
        genes[:, i] = np.where(allowed, rng.random(allowed.shape), -1).argmax(1)
        assert allowed[np.arange(n), genes[:, i]].all()
    return genes


@pytest.mark.parametrize("name", ["darts", "layerwise", "morphism", "nasbench_nlp", "nasnet"])
def test_rows_of_allowed_values_are_valid(name: str) -> None:
    space = plugins.load("space", name)
    rows = follow(space, 2000, np.random.default_rng(0))
    space.check(rows)
    assert len(np.unique(rows, axis=0)) > 1800


@pytest.mark.parametrize("name", ["morphism", "nasbench_nlp"])
def test_valid_rows_are_allowed(name: str) -> None:
    space = plugins.load("space", name)
    rng = np.random.default_rng(1)
    rows = space.sample(200, rng)
    for _ in range(5):  # mutants are farther from what the sampler makes
        rows = np.concatenate([rows, space.mutate(rows[-200:], rng)])
    for i in range(space.length):
        assert space.allowed(rows[:, :i])[np.arange(len(rows)), rows[:, i]].all()


def test_what_a_recurrent_cell_refuses_begins_no_valid_row() -> None:
    """Where one gene of a valid row is changed to a refused value, the row is not valid."""
    space = plugins.load("space", "nasbench_nlp")
    rng = np.random.default_rng(2)
    rows = follow(space, 60, rng)
    refused = 0
    for i, cardinality in enumerate(space.cardinalities):
        allowed = space.allowed(rows[:, :i])
        for value in range(cardinality):
            changed = rows[~allowed[:, value]]
            changed[:, i] = value
            assert not space.is_valid(changed).any()
            refused += len(changed)
    assert refused > 10_000


def test_known_rows_are_followed_exactly() -> None:
    rng = np.random.default_rng(3)
    rows = TinySpace().all()[rng.choice(160, size=30, replace=False)]

    def known(genes: Genes) -> Bools:
        return np.asarray((genes[:, None] == rows).all(2).any(1))

    space = Restricted(TinySpace(), known, "a record", rows)
    for i, cardinality in enumerate(space.cardinalities):
        prefixes = np.asarray([*np.ndindex(*space.cardinalities[:i])], dtype=np.int16)
        starts = (rows[None, :, :i] == prefixes[:, None]).all(2)  # (prefixes, rows)
        goes_on = [[rows[start, i] == value for value in range(cardinality)] for start in starts]
        expected = [[bool(hit.any()) for hit in hits] for hits in goes_on]
        assert space.allowed(prefixes).tolist() == expected
    assert known(follow(space, 100, rng)).all()


def test_a_limit_is_not_known_gene_by_gene() -> None:
    inner = plugins.load("space", "layerwise", 3)
    space = Restricted(inner, lambda genes: genes[:, 0] == 0, "a low first filter")
    prefix = inner.sample(4, np.random.default_rng(0))[:, :2]
    assert space.allowed(prefix).all()
    assert space.links == inner.links == (range(3, 3), range(6, 7), range(10, 12))
