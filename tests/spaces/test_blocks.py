"""The smallest order of a cell's blocks, block by block against all orders."""

import numpy as np
import pytest

from nascast.spaces import _blocks
from nascast.spaces._blocks import Blocks, smallest_relabelling


def cells(n: int, blocks: int, operations: int, seed: int) -> Blocks:
    rng = np.random.default_rng(seed)
    states = 2 + np.arange(blocks)[:, None]
    return Blocks(
        rng.integers(states, size=(n, blocks, 2)),
        rng.integers(operations, size=(n, blocks, 2)),
        rng.integers(2, size=(n, blocks)),
    )


@pytest.mark.parametrize(("blocks", "operations"), [(1, 3), (3, 1), (4, 2), (5, 13)])
def test_the_smallest_order_is_found_with_and_without_ties(blocks: int, operations: int) -> None:
    batch = cells(500, blocks, operations, seed=blocks)
    _, tied = _blocks._one_by_one(batch)
    assert not tied.all()
    assert tied.any() or blocks == 1 or operations == 13
    found = _blocks._keys(smallest_relabelling(batch))
    assert np.array_equal(found, _blocks._of_all_orders(batch))


def test_no_cells_have_no_order() -> None:
    assert smallest_relabelling(cells(0, 4, 2, seed=0)).combines.shape == (0, 4)


def test_few_cells_and_many_are_ordered_alike() -> None:
    """A few go another way; among these are cells with equal blocks."""
    rng = np.random.default_rng(4)
    n, b = 200, 4
    inputs = rng.integers(2 + np.arange(b)[:, None], size=(n, b, 2))
    many = Blocks(inputs, rng.integers(2, size=(n, b, 2)), np.zeros((n, b), dtype=np.int64))
    together = smallest_relabelling(many)
    for i in range(n):
        one = slice(i, i + 1)
        alone = smallest_relabelling(
            Blocks(many.inputs[one], many.operations[one], many.combines[one])
        )
        assert np.array_equal(alone.inputs, together.inputs[one])
        assert np.array_equal(alone.operations, together.operations[one])
        assert np.array_equal(alone.combines, together.combines[one])
