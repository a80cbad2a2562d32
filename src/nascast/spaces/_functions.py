"""Keys of what cells compute: one number for all graphs that compute the same for any weights.

A graph is evaluated in the integers modulo 2⁶⁴: sums are sums, what is linear is an odd factor, and
everything else scrambles its argument. So whatever holds for sums and linear maps holds here, and
else next to nothing does. Operations with weights are told apart by changing one at a time: two
that are alike can change places, but one that is read twice is not two.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph, UInts, mix
from nascast.core.types import Bools
from nascast.spaces._formulas import CHANGED, key_of

__all__ = ["Kind", "function_keys"]

_CHUNK = 2_000_000  # numbers in one step; chosen, 16 MB
Ints = npt.NDArray[np.int64]
_Kinds = npt.NDArray[np.int8]


class Kind(IntEnum):
    """What a vertex does with the sum of what feeds it."""

    SUM = 0  # passes it on
    LINEAR = 1  # has no weights, and is linear
    PURE = 2  # has no weights
    OWN = 3  # has weights of its own
    JOIN = 4  # concatenates what feeds it, in any order, instead


def function_keys(graph: Graph, kinds: _Kinds, labels: Ints) -> UInts:
    """Returns ``(n,)`` keys of what the last vertex that is there computes.

    Args:
        graph: n graphs of v vertices; those that nothing feeds are inputs.
        kinds: kinds of the vertices, ``(n, v)``.
        labels: numbers of what vertices do, ``(n, v)``; equal where that is the same.
    """
    last = graph.labels.shape[1] - 1 - graph.mask[:, ::-1].argmax(axis=1)
    step = max(1, _CHUNK // (kinds.shape[1] + 1) ** 2)
    parts = [
        _keys(graph.adjacency[rows], kinds[rows], labels[rows], last[rows])
        for rows in (slice(i, i + step) for i in range(0, len(kinds), step))
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def _keys(edges: Bools, kinds: _Kinds, labels: Ints, last: npt.NDArray[np.intp]) -> UInts:
    n, v = kinds.shape
    seeds = mix(labels.astype(np.uint64) + np.uint64(1))
    values = np.zeros((n, v, 1 + v), dtype=np.uint64)  # as it is, and with each vertex changed
    for vertex in range(v):
        feeds, kind = edges[:, :vertex, vertex, None], kinds[:, vertex, None]
        before = values[:, :vertex]
        seed = np.repeat(seeds[:, vertex, None], 1 + v, axis=1)
        total = np.where(feeds, before, np.uint64(0)).sum(axis=1, dtype=np.uint64)
        if (kind == Kind.JOIN).any():
            joined = np.where(feeds, mix(before), np.uint64(0)).sum(axis=1, dtype=np.uint64)
            total = np.where(kind == Kind.JOIN, joined, total)
        own = kind[:, 0] == Kind.OWN
        seed[own, 1 + vertex] ^= CHANGED
        scrambled = mix(total ^ seed)
        linear = total * (seeds[:, vertex, None] | np.uint64(1))
        value = np.where(kind == Kind.SUM, total, np.where(kind == Kind.LINEAR, linear, scrambled))
        fed = feeds.any(axis=1)
        values[:, vertex] = np.where(fed, value, seeds[:, vertex, None])
    return key_of(values[np.arange(n), last])
