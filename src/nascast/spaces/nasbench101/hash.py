"""The module hash by which NAS-Bench-101 names a cell, https://arxiv.org/abs/1902.09635."""

import hashlib
from collections.abc import Sequence
from functools import cache

from nascast.core.types import Genes
from nascast.spaces.nasbench101.cells import EDGES, VERTICES
from nascast.spaces.nasbench101.rows import alive

__all__ = ["module_hashes"]

_INPUT, _OUTPUT = -1, -2  # the labels of the two vertices without an operation

Links = tuple[tuple[int, ...], tuple[int, ...]]  # the vertices before and behind one vertex


def module_hashes(genes: Genes) -> list[str]:
    """Returns the MD5 module hash of each pruned row, in hexadecimal."""
    live = alive(genes)
    known: dict[bytes, tuple[Links, ...]] = {}
    hashes = []
    for row, vertices in zip(genes, live, strict=True):
        matrix = row[: len(EDGES)].tobytes()
        if matrix not in known:
            known[matrix] = _links(row.tolist(), vertices.tolist())
        operations = row[len(EDGES) :][vertices[1:-1]].tolist()
        hashes.append(_hash(known[matrix], (_INPUT, *operations, _OUTPUT)))
    return hashes


def _links(row: Sequence[int], vertices: Sequence[bool]) -> tuple[Links, ...]:
    """Returns, for each live vertex, the live ones before and behind it, without the dead."""
    order = [v for v in range(VERTICES) if vertices[v]]
    edges = {edge for edge, bit in zip(EDGES, row, strict=False) if bit}
    return tuple(
        (
            tuple(i for i, u in enumerate(order) if (u, v) in edges),
            tuple(i for i, u in enumerate(order) if (v, u) in edges),
        )
        for v in order
    )


def _hash(links: tuple[Links, ...], labels: tuple[int, ...]) -> str:
    state = [_start(len(b), len(a), label) for (a, b), label in zip(links, labels, strict=True)]
    for _ in links:
        state = [
            _md5(f"{_joined(state, before)}|{_joined(state, behind)}|{own}")
            for (before, behind), own in zip(links, state, strict=True)
        ]
    return _md5(str(sorted(state)))


def _joined(state: list[str], vertices: tuple[int, ...]) -> str:
    if len(vertices) == 1:  # the most frequent case, and nothing to sort
        return state[vertices[0]]
    return "".join(sorted([state[v] for v in vertices]))


@cache
def _start(outgoing: int, incoming: int, label: int) -> str:
    return _md5(str((outgoing, incoming, label)))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
