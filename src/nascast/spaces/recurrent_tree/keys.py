"""Keys of what trees compute, see `spaces._formulas`."""

import numpy as np

from nascast.core.graph import UInts, mix
from nascast.core.types import Bools, Genes
from nascast.spaces._formulas import PRIME, Rows, keys_of, scrambled, seeds

__all__ = ["cell_keys"]

_IDENTITY, _, _SIGMOID, _RELU = range(4)
_INPUT, _HIDDEN, _CELL = seeds(3)
_ACTIVATIONS = seeds(7)[3:]


def cell_keys(operations: Genes, read: Genes, joined: Genes) -> UInts:
    """Returns ``(n,)`` keys of what cells compute.

    Args:
        operations: ``(n, nodes + 1)`` combinations, 0 or 4, plus activations; of the inject last.
        read: ``(n,)`` nodes whose values before the activation are the new cell states.
        joined: ``(n,)`` nodes that are joined with the last cell states.
    """

    def computed(rows: Rows, weights: UInts) -> UInts:
        return _computed(operations[rows], read[rows], joined[rows], weights)

    return keys_of(computed, len(operations), operations.shape[1])  # each leaf's for x and h


def _computed(operations: Genes, read: Genes, joined: Genes, weights: UInts) -> UInts:
    """Returns ``(n, c)`` results of ``(n, c, 2 * leaves)`` weights, in turn for x and for h."""
    n, nodes = len(operations), operations.shape[1] - 1
    base = (nodes + 1) // 2
    shape = weights.shape[:2]
    values: list[tuple[UInts, Bools]] = []
    cell, new_cell = np.full(shape, _CELL), np.zeros(shape, dtype=np.uint64)
    for node in range(nodes):
        pair = values[2 * (node - base) : 2 * (node - base) + 2]
        if node < base:
            pair = [
                (scrambled(weights[:, :, 2 * node + i], seed), np.zeros(n, dtype=bool))
                for i, seed in enumerate((_INPUT, _HIDDEN))
            ]
        before, positive = _combined(operations[:, node], *pair)
        new_cell = np.where((read == node)[:, None], before, new_cell)
        value = _activated(operations[:, node], before, positive)
        last = _combined(operations[:, -1], value, (cell, np.zeros(n, dtype=bool)))
        injected = _activated(operations[:, -1], *last)
        here = joined == node
        values.append(
            (np.where(here[:, None], injected[0], value[0]), np.where(here, injected[1], value[1]))
        )
    return np.asarray(mix(mix(values[-1][0]) + new_cell))


def _combined(
    operations: Genes, left: tuple[UInts, Bools], right: tuple[UInts, Bools]
) -> tuple[UInts, Bools]:
    """Returns sums or products, and whether they are never negative."""
    product = (operations >= len(_ACTIVATIONS))[:, None]
    values = np.where(product, left[0] * right[0], left[0] + right[0]) % PRIME
    return values, left[1] & right[1]


def _activated(operations: Genes, values: UInts, positive: Bools) -> tuple[UInts, Bools]:
    """Returns the values behind activations, and whether they are never negative."""
    activation = operations % len(_ACTIVATIONS)
    same = (activation == _IDENTITY) | positive & (activation == _RELU)
    found = np.where(same[:, None], values, scrambled(values, _ACTIVATIONS[activation][:, None]))
    return found, (positive & same) | (activation == _SIGMOID) | (activation == _RELU)
