"""An order of the layers that does not depend on their numbers."""

from functools import cache

import numpy as np
import numpy.typing as npt

from nascast.core.graph import UInts, mix
from nascast.core.types import Bools

__all__ = ["canonical_order"]

Ints = npt.NDArray[np.int64]


def canonical_order(reads: Bools, labels: Ints, kinds: int) -> Ints:
    """Returns ``(n, v)``: the vertices in an order that equal graphs have in common.

    Every vertex stands behind those that it reads. Vertices are ranked by the longest path that
    ends in them; ties are broken by label and by the ranks before and behind, round after round;
    vertices that remain equal are taken to be interchangeable, and the first goes first. For graphs
    in which they are not, which only highly regular ones can be, two orders may result.

    Args:
        reads: ``(n, v, v)``; ``[g, i, j]`` is whether j reads i; upper triangular.
        labels: ``(n, v)`` labels, from 0.
        kinds: number of labels that there are.
    """
    if len(reads) == 1 and (order := _order_of(reads[0], labels[0], kinds)) is not None:
        return order[None]
    rank = _refined(reads, labels, kinds, _depths(reads))
    while not _all_differ(rank):
        tied = (rank[:, :, None] == rank[:, None, :]).sum(2) > 1
        left = np.flatnonzero(tied.any(1))
        refined, tied = rank[left], tied[left]
        lowest = np.where(tied, refined, refined.shape[1]).min(1, keepdims=True)
        group = tied & (refined == lowest)
        group[np.arange(len(group)), group.argmax(1)] = False  # it stays, the others move up
        rank[left] = _refined(reads[left], labels[left], kinds, refined + group)
    return rank.argsort(1, kind="stable")


def _order_of(reads: Bools, labels: Ints, kinds: int) -> Ints | None:
    """Returns ``(v,)`` the order of one graph if surroundings break all ties, as most often."""
    depths = np.asarray(_depths_of(reads))
    ranks = np.sort(depths).searchsorted(depths).view(np.uint64)
    keys = _keys(reads, labels, kinds, ranks)
    return keys.argsort(kind="stable") if len(set(keys.tolist())) == len(keys) else None


def _depths(reads: Bools) -> Ints:
    """Returns ``(n, v)``: the number of edges on the longest path to each vertex."""
    if len(reads) == 1:
        return np.asarray([_depths_of(reads[0])])
    depth = np.zeros(reads.shape[:2], dtype=np.int64)
    for v in range(reads.shape[1]):
        into = np.where(reads[:, :, v], depth + 1, 0)
        depth[:, v] = into.max(1)
    return depth


def _depths_of(reads: Bools) -> list[int]:
    """Returns ``(v,)`` depths of one graph, edge by edge, which is faster for one."""
    depth = [0] * len(reads)
    sources, readers = reads.nonzero()
    for source, reader in zip(sources.tolist(), readers.tolist(), strict=True):
        if depth[reader] <= depth[source]:
            depth[reader] = depth[source] + 1
    return depth


def _refined(reads: Bools, labels: Ints, kinds: int, rank: Ints) -> Ints:
    """Returns ranks split until equal ones have equal labels and equal surroundings.

    A rank is the number of vertices before, and splitting keeps the order of those that differed.
    """
    ranks = _counted(rank)
    while True:
        split = _counted(_keys(reads, labels, kinds, ranks))
        if _all_differ(split) or np.array_equal(split, ranks):
            return split.view(np.int64)
        ranks = split


def _keys(reads: Bools, labels: Ints, kinds: int, ranks: UInts) -> UInts:
    """Returns ``(n, v)`` numbers that have the order of ranks, then one by the surroundings.

    For one graph all arrays may be without their first axis.
    """
    v = reads.shape[-1]
    links = reads.astype(np.uint64)
    own = labels * v + ranks.view(np.int64)
    states, others = _states(kinds * v)
    state, scrambled = states.take(own), others.take(own)
    before = (scrambled[..., None, :] @ links)[..., 0, :]  # sums, modulo 2**64
    behind = (links @ scrambled[..., None])[..., 0]
    sides = mix(np.concatenate([state + before, ~state + behind]))
    both = mix(sides[: len(state)] + sides[len(state) :])
    bits = max(v - 1, 1).bit_length()
    return np.asarray(ranks << np.uint64(64 - bits) | both >> np.uint64(bits))


@cache
def _states(count: int) -> tuple[UInts, UInts]:
    """Returns ``(count,)`` random numbers, and others made of them."""
    states = mix(np.arange(count, dtype=np.uint64))
    return states, mix(states)


def _all_differ(rank: Ints | UInts) -> bool:
    """Whether no two vertices have one rank, so that each is as large as it can be."""
    n, v = rank.shape
    return bool(np.add.reduce(rank, axis=None) == n * v * (v - 1) // 2)


def _counted(keys: Ints | UInts) -> UInts:
    """Returns ``(n, v)``: the number of keys of the row that are smaller."""
    smaller = np.add.reduce(keys[:, None, :] < keys[:, :, None], axis=2)
    return np.asarray(smaller.view(np.uint64))
