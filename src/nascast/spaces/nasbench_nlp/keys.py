"""Keys of what recipes compute, see `spaces._formulas`."""

import numpy as np

from nascast.core.graph import UInts, mix
from nascast.core.types import Bools, Genes
from nascast.spaces._formulas import PRIME, keys_of, scrambled, seeds
from nascast.spaces.nasbench_nlp.rows import (
    BLEND,
    FIRST_NODE,
    LINEAR,
    NODES,
    OPERATIONS,
    PRODUCT,
    STATES,
    SUM,
    TANH,
    parts,
    reached,
)

__all__ = ["cell_keys"]

_SIGMOID, _LEAKY = TANH + 1, TANH + 2
_ONE = np.uint64(1)
_BASES = seeds(1 + STATES)  # of x and the previous states
_OPERATIONS = seeds(1 + STATES + len(OPERATIONS) + 1)[1 + STATES :]  # by gene


def cell_keys(genes: Genes) -> UInts:
    """Returns ``(n,)`` keys of what valid rows compute, whichever state is called the second."""
    heard, swapped = _heard(genes), _BASES[[0, 1, 3, 2]]

    def keys(bases: UInts) -> UInts:
        return keys_of(lambda rows, w: _computed(heard[rows], bases, w), len(genes), NODES)

    return np.minimum(keys(_BASES), keys(swapped))


def _heard(genes: Genes) -> Genes:
    """Returns the rows without new states that the output never depends on, at any time."""
    states = parts(genes)[2]
    heard = np.zeros(states.shape, dtype=bool)
    heard[:, 0] = True
    for _ in range(1, STATES):
        found = reached(np.concatenate([genes[:, :-STATES], states * heard], axis=1))
        heard |= found[:, None] >> np.arange(2, 2 + STATES) & 1 > 0
    return np.concatenate([genes[:, :-STATES], states * heard], axis=1)


def _computed(genes: Genes, bases: UInts, weights: UInts) -> UInts:
    """Returns ``(n, c)`` results.

    Args:
        genes: ``(n, 99)`` rows.
        bases: values of x and the previous states.
        weights: ``(n, c, nodes)`` weights of the linear nodes.
    """
    ops, inputs, states = parts(genes)
    shape = len(genes), FIRST_NODE + NODES, weights.shape[1]  # by gene
    values = np.zeros(shape, dtype=np.uint64)
    values[:, 1:FIRST_NODE] = bases[:, None]
    positive = np.zeros(values.shape[:2], dtype=bool)
    positive[:, 0] = True  # where there is no input
    rows = np.arange(len(genes))[:, None]
    for node in range(NODES):
        place, read = FIRST_NODE + node, inputs[:, node]
        op, never = ops[:, node], np.asarray(positive[rows, read].all(axis=1))
        values[:, place] = _value(op, values[rows, read], read > 0, weights[:, :, node], never)
        positive[:, place] = (op == _SIGMOID) | never & np.isin(op, (PRODUCT, SUM, _LEAKY))
    new = values[rows, np.where(states > 0, states + FIRST_NODE - 1, 0)]
    tagged = mix(mix(new) + bases[1:, None]) * (states > 0)[:, :, None]
    return np.asarray(tagged.sum(axis=1, dtype=np.uint64) + mix(new[:, 0]))


def _value(op: Genes, read: UInts, there: Bools, linear: UInts, positive: Bools) -> UInts:
    """Returns ``(n, c)`` values of a node in each row.

    Args:
        op: ``(n,)`` operation genes.
        read: ``(n, 3, c)`` values of the inputs, 0 where there is none.
        there: ``(n, 3)``: where there is one.
        linear: ``(n, c)`` weights of the node, if it is linear.
        positive: ``(n,)``: whether no input is ever negative.
    """
    first, second, third = read[:, 0], read[:, 1], read[:, 2]
    mapped = (mix(read) * there[:, :, None]).sum(axis=1, dtype=np.uint64)
    product = first * second % PRIME * np.where(there[:, 2:], third, _ONE) % PRIME
    blend = (first * second % PRIME + (PRIME + _ONE - first) * third) % PRIME
    activated = scrambled(first, _OPERATIONS[op][:, None])
    kinds = {
        LINEAR: scrambled(mapped, linear),
        BLEND: blend,
        PRODUCT: product,
        SUM: read.sum(axis=1, dtype=np.uint64) % PRIME,
    }
    cases = [*((op == kind)[:, None] for kind in kinds), (positive & (op == _LEAKY))[:, None]]
    return np.select(cases, [*kinds.values(), first], activated)
