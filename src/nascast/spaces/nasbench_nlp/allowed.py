"""The genes that can follow the first ones of a NAS-Bench-NLP row."""

import numpy as np

from nascast.core.types import Bools, Genes
from nascast.spaces.nasbench_nlp.rows import (
    FIRST_NODE,
    INPUTS,
    LEAST,
    LINEAR,
    MOST,
    NODES,
    STATES,
    parts,
)

__all__ = ["allowed"]

_WIDTH = 1 + INPUTS  # genes of a node
_X = 1


def allowed(prefix: Genes, cardinality: int) -> Bools:
    """Returns ``(n, cardinality)``: whether some valid row goes on with a value of the next gene.

    A previous state that is read needs its new state, which needs a node: so the nodes can end only
    once there are enough, and so can the new states. Everything else is a rule of one node.
    """
    n, i = prefix.shape
    rows = np.zeros((n, NODES * _WIDTH + STATES), dtype=np.int16)
    rows[:, :i] = prefix
    operations, inputs, states = parts(rows)
    values = np.arange(cardinality, dtype=np.int16)
    if i >= NODES * _WIDTH:
        k = i - NODES * _WIDTH
        size = (operations > 0).sum(1)[:, None]
        ended = (states[:, k - 1 : k] == 0).any(1, keepdims=True)
        can = ~_among(values, states[:, :k]) & (values <= size) & ~ended
        return np.asarray(np.where(values == 0, k >= _needed(inputs), can))
    node, place = divmod(i, _WIDTH)
    operation = operations[:, node]
    if place == 0:
        ended = (operations[:, node - 1 : node] == 0).any(1, keepdims=True)
        return np.asarray(np.where(values == 0, node >= _needed(inputs), ~ended))
    read = inputs[:, node, : place - 1]
    gap = (read == 0).any(1)
    fits = (place <= MOST[operation]) & ~gap
    can = fits[:, None] & ~_among(values, read)
    can &= (values != _X) | (operation == LINEAR)[:, None]
    return np.asarray(np.where(values == 0, (place > LEAST[operation])[:, None], can))


def _needed(inputs: Genes) -> Genes:
    """Returns ``(n, 1)``: the number of new states that the previous ones that are read need."""
    bases = np.where(inputs < FIRST_NODE, inputs, 0).max((1, 2))
    return np.asarray(np.maximum(bases - _X, 1)[:, None])


def _among(values: Genes, taken: Genes) -> Bools:
    """Returns ``(n, values)``: whether each value is among those taken, ``(n, k)``."""
    return np.asarray((taken[:, :, None] == values).any(1))
