"""Batches of motifs: small DAGs whose edges carry nothing or an operation of the level below.

The motifs of one level are an array ``(n, motifs, edges)``: n rows side by side. A value of 0 is
none, k + 1 is operation k. Edges are ordered by their end, then by their start.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Bools, Genes

__all__ = [
    *("NONE", "Motifs", "canonical_row", "check_levels", "edges_of", "first_use", "flat"),
    *("merge_equal", "on_path", "prune", "prune_row"),
]

NONE = 0
Motifs = list[list[int]]  # of one level of one row: the values of each motif

_TABLED = 10  # edges of 5 nodes, as in the paper; more would be a large table


def check_levels(
    motifs: tuple[int, ...], nodes: tuple[int, ...], flat: bool, mutations: int
) -> None:
    """Raises unless there are as many numbers of motifs as of nodes, and all are large enough.

    Raises:
        InvalidSettingError: the levels do not fit together.
    """
    fits = motifs and len(motifs) == len(nodes) and min(motifs) >= 1 and min(nodes) >= 2
    if not fits or motifs[-1] != 1 or (flat and len(motifs) > 1) or mutations < 0:
        raise InvalidSettingError(
            "hierarchical: expected as many motifs as nodes, one pair for each level (a single one "
            "if flat), with at least 2 nodes, 1 motif at the last level and mutations from 0; got "
            f"motifs={motifs}, nodes={nodes}, flat={flat}, mutations={mutations}"
        )


def edges_of(nodes: int) -> tuple[tuple[int, int], ...]:
    """Returns the (start, end) pairs of a motif of `nodes` nodes, in the order of its genes."""
    return tuple((start, end) for end in range(1, nodes) for start in range(end))


def flat(values: Genes) -> Genes:
    """Returns the motifs of each row side by side, ``(n, motifs · edges)``."""
    return values.reshape(len(values), values.shape[1] * values.shape[2])


def on_path(present: Bools, nodes: int) -> Bools:
    """Returns ``(…, edges)``: whether an edge is on a path from node 0 to the last.

    Args:
        present: ``(…, edges)``, whether there is an edge.
        nodes: number of nodes of each motif.
    """
    edges = present.shape[-1]
    if edges <= _TABLED:
        return _tabled(nodes)[present @ (1 << np.arange(edges))]
    return _walked(present, nodes)


@cache
def _tabled(nodes: int) -> Bools:
    """Returns ``(2**edges, edges)``: `on_path` for every set of edges, edge 0 first."""
    edges = len(edges_of(nodes))
    return _walked((np.arange(2**edges)[:, None] >> np.arange(edges) & 1).astype(bool), nodes)


def _walked(present: Bools, nodes: int) -> Bools:
    edges = edges_of(nodes)
    fed = np.zeros((*present.shape[:-1], nodes), dtype=bool)
    needed = np.zeros_like(fed)
    fed[..., 0] = needed[..., -1] = True
    for i, (start, end) in enumerate(edges):
        fed[..., end] |= fed[..., start] & present[..., i]
    for i, (start, end) in reversed(list(enumerate(edges))):
        needed[..., start] |= needed[..., end] & present[..., i]
    starts, ends = np.asarray(edges).T
    return np.asarray(present & fed[..., starts] & needed[..., ends])


def prune(levels: Sequence[Genes], nodes: Sequence[int]) -> list[Genes]:
    """Returns the levels, lowest first, without edges that lead nowhere.

    Those are the edges that are on no path through their motif, and those that carry a motif
    through which there is no path.
    """
    pruned: list[Genes] = []
    connects: Bools | None = None
    for values, size in zip(levels, nodes, strict=True):
        present = values != NONE
        if connects is not None:
            below = np.take_along_axis(connects, (flat(values) - 1).clip(0), axis=1)
            present &= below.reshape(values.shape)
        live = on_path(present, size)
        pruned.append(np.where(live, values, NONE).astype(np.int16))
        connects = np.asarray(live.any(axis=2))
    return pruned


def prune_row(levels: Sequence[Motifs], nodes: Sequence[int]) -> list[Motifs]:
    """Returns the levels of one row without edges that lead nowhere, as `prune` for many."""
    pruned: list[Motifs] = []
    through: list[bool] = []  # by value: whether there is a path; of primitives there always is
    for values, size in zip(levels, nodes, strict=True):
        motifs = []
        for motif in values:
            kept = [v if through[v] else NONE for v in motif] if through else motif
            live = _live(tuple(map(bool, kept)), size)
            motifs.append([v if on else NONE for v, on in zip(kept, live, strict=True)])
        pruned.append(motifs)
        through = [False, *map(any, motifs)]
    return pruned


@lru_cache(maxsize=4096)
def _live(present: tuple[bool, ...], nodes: int) -> tuple[bool, ...]:
    return tuple(on_path(np.asarray(present), nodes).tolist())


def canonical_row(levels: Sequence[Motifs], nodes: Sequence[int]) -> list[Motifs]:
    """Returns one row as `prune`, `merge_equal` and `first_use` make it of many, one by one."""
    found = prune_row(levels, nodes)
    for i in range(len(found) - 1):
        below = found[i]
        first = [NONE, *(below.index(motif) + 1 for motif in below)]
        found[i + 1] = [[first[v] for v in motif] for motif in found[i + 1]]
    for i in range(len(found) - 1, 0, -1):
        below = found[i - 1]
        used = list(dict.fromkeys(v for motif in found[i] for v in motif if v != NONE))
        new = {NONE: NONE, **{old: place for place, old in enumerate(used, start=1)}}
        found[i] = [[new[v] for v in motif] for motif in found[i]]
        unused = len(below) - len(used)
        found[i - 1] = [below[v - 1] for v in used] + [[NONE] * len(below[0])] * unused
    return found


def merge_equal(levels: Sequence[Genes]) -> list[Genes]:
    """Returns the levels, lowest first, in which references to equal motifs go to the first one."""
    merged = [levels[0]]
    for values in levels[1:]:
        below = merged[-1]
        same = (below[:, :, None] == below[:, None, :]).all(axis=3)
        first = same.argmax(axis=2).astype(np.int16) + 1  # (n, motifs below)
        merged.append(_replace(values, first))
    return merged


def first_use(levels: Sequence[Genes]) -> list[Genes]:
    """Returns the levels, lowest first, with motifs in the order in which they are first used.

    Motifs that nothing uses come last and have no edges.
    """
    ordered = [levels[-1]]  # highest first
    for below in levels[-2::-1]:
        users = ordered[-1]
        uses = flat(users)[:, None] == np.arange(1, below.shape[1] + 1)[:, None]
        used = uses.any(axis=2)
        place = np.where(used, uses.argmax(axis=2), uses.shape[2])
        order = np.argsort(place, axis=1, kind="stable")
        rank = np.argsort(order, axis=1).astype(np.int16) + 1
        ordered[-1] = _replace(users, rank)
        kept = np.where(used[:, :, None], below, NONE).astype(np.int16)
        ordered.append(np.take_along_axis(kept, order[:, :, None], axis=1))
    return ordered[::-1]


def _replace(values: Genes, numbers: Genes) -> Genes:
    """Returns `values` with operation k, ``k + 1``, replaced by ``numbers[:, k]``; none stays."""
    old = flat(values)
    new = np.take_along_axis(numbers, (old - 1).clip(0), axis=1)
    return np.where(old == NONE, NONE, new).astype(np.int16).reshape(values.shape)
