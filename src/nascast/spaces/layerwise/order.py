"""An order of the layers that does not depend on their numbers."""

import numpy as np
import numpy.typing as npt

from nascast.core.graph import UInts, mix
from nascast.core.types import Bools

__all__ = ["canonical_order"]

Ints = npt.NDArray[np.int64]


def canonical_order(reads: Bools, labels: Ints) -> Ints:
    """Returns ``(n, v)``: the vertices in an order that equal graphs have in common.

    Every vertex stands behind those that it reads. Vertices are ranked by the longest path that
    ends in them; ties are broken by label and by the ranks before and behind, round after round;
    vertices that remain equal are taken to be interchangeable, and the first goes first. For graphs
    in which they are not, which only highly regular ones can be, two orders may result.

    Args:
        reads: ``(n, v, v)``; ``[g, i, j]`` is whether j reads i; upper triangular.
        labels: ``(n, v)`` labels, not negative.
    """
    rank = _depths(reads)
    open_rows = np.arange(len(rank))
    while len(open_rows):
        refined = _refined(reads[open_rows], labels[open_rows], rank[open_rows])
        rank[open_rows] = refined
        if _all_differ(refined):
            break
        equal = refined[:, :, None] == refined[:, None, :]
        tied = equal.sum(2) > 1
        left = tied.any(1)
        open_rows, refined, tied = open_rows[left], refined[left], tied[left]
        lowest = np.where(tied, refined, refined.shape[1]).min(1, keepdims=True)
        group = tied & (refined == lowest)
        group[np.arange(len(group)), group.argmax(1)] = False  # it stays, the others move up
        rank[open_rows] = refined + group
    return np.argsort(rank, axis=1, kind="stable")


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
    for source, reader in zip(*(ends.tolist() for ends in reads.nonzero()), strict=True):
        if depth[reader] <= depth[source]:
            depth[reader] = depth[source] + 1
    return depth


def _refined(reads: Bools, labels: Ints, rank: Ints) -> Ints:
    """Returns ranks split until equal ones have equal labels and equal surroundings.

    A rank is the number of vertices before, and splitting keeps the order of those that differed.
    """
    rank = _counted(rank.astype(np.uint64) << np.uint64(32))
    bits = np.uint64(64 - max(rank.shape[1] - 1, 1).bit_length())
    links = reads.astype(np.uint64)
    base = labels.astype(np.uint64) * np.uint64(rank.shape[1])
    while True:
        ranks = rank.astype(np.uint64)
        state = mix(base + ranks)
        scrambled = mix(state)
        before = (scrambled[:, None] @ links)[:, 0]  # sums, modulo 2**64
        behind = (links @ scrambled[:, :, None])[:, :, 0]
        sides = mix(np.concatenate([state + before, ~state + behind]))
        both = mix(sides[: len(rank)] + sides[len(rank) :])
        split = _counted(ranks << bits | both >> (np.uint64(64) - bits))
        if _all_differ(split) or np.array_equal(split, rank):
            return split
        rank = split


def _all_differ(rank: Ints) -> bool:
    """Whether no two vertices have one rank, so that each is as large as it can be."""
    v = rank.shape[1]
    return bool(rank.sum() == len(rank) * v * (v - 1) // 2)


def _counted(keys: UInts) -> Ints:
    """Returns ``(n, v)``: the number of keys of the row that are smaller."""
    return np.asarray((keys[:, None, :] < keys[:, :, None]).sum(2))
