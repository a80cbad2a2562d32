"""One row for all recipes of NAS-Bench-NLP that differ only in the order of their parts.

Colour refinement with individualisation, as in McKay & Piperno (2014), Practical graph isomorphism
II, https://arxiv.org/abs/1301.1493, on at most 24 vertices, without its refinements.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from nascast.core.types import Genes
from nascast.spaces.nasbench_nlp.rows import (
    BLEND,
    FIRST_NODE,
    INPUTS,
    NODES,
    STATES,
)

__all__ = ["canonical_row"]

_WIDTH = 1 + INPUTS
_BASES = {value: value - FIRST_NODE for value in range(1, FIRST_NODE)}  # numbers of x and states
_ROOM = 32  # between colours: more than there are nodes, into which one can split

Colours = list[int]
Leaf = tuple[list[int], list[int], Colours]  # genes of the nodes, those of the states, colours


class _Cell(NamedTuple):
    """The live nodes of a row.

    Attributes:
        ops: operation gene of each node.
        inputs: inputs of each node: nodes, or numbers below 0 for x and the previous states.
        waits: nodes that each node reads, as the bits of a number.
        readers: (node, place among its inputs) of the readers of each node; the place is 0 where it
            does not matter.
        states: nodes that are new states.
    """

    ops: list[int]
    inputs: list[list[int]]
    waits: list[int]
    readers: list[list[tuple[int, int]]]
    states: list[int]


def canonical_row(row: list[int]) -> Genes:
    """Returns ``(99,)``: a valid row without dead nodes and in canonical order."""
    cell = _cell(row)
    kinds = [op * _ROOM * (1 + STATES) for op in cell.ops]
    for k, node in enumerate(cell.states):
        kinds[node] += _ROOM * (1 + k)
    nodes, chosen, _ = _smallest(cell, kinds)
    written = np.zeros(NODES * _WIDTH + STATES, dtype=np.int16)
    written[: len(nodes)] = nodes
    written[NODES * _WIDTH :][: len(chosen)] = chosen
    return written


def _cell(row: list[int]) -> _Cell:
    new = [FIRST_NODE - 1 + state for state in row[NODES * _WIDTH :] if state]
    read: dict[int, list[int]] = {}  # by live nodes, last ones first; for one faster than `live`
    alive = set(new)
    for node in range(max(alive), FIRST_NODE - 1, -1):
        if node in alive:
            place = (node - FIRST_NODE) * _WIDTH
            read[node] = list(filter(None, row[place + 1 : place + _WIDTH]))
            alive.update(read[node])
    kept = list(reversed(read))
    number = {**_BASES, **{node: i for i, node in enumerate(kept)}}
    ops = [row[(node - FIRST_NODE) * _WIDTH] for node in kept]
    inputs = [list(map(number.__getitem__, read[node])) for node in kept]
    waits = [0] * len(kept)
    readers: list[list[tuple[int, int]]] = [[] for _ in kept]
    for i, (op, sources) in enumerate(zip(ops, inputs, strict=True)):
        for place, source in enumerate(sources):
            if source >= 0:
                waits[i] |= 1 << source
                readers[source].append((i, place if op == BLEND else 0))
    return _Cell(ops, inputs, waits, readers, [number[node] for node in new])


def _refined(cell: _Cell, colours: Colours) -> Colours:
    """Returns colours split by those of inputs and readers until nothing splits, in their order."""
    tied = _ties(range(len(colours)), colours)
    while tied:
        after = colours.copy()
        for group in tied:
            keys = [_around(cell, colours, node) for node in group]
            ordered = sorted(keys)
            for node, key in zip(group, keys, strict=True):
                after[node] += ordered.index(key)
        if after == colours:
            return colours
        colours = after
        tied = [part for group in tied for part in _ties(group, colours)]
    return colours


def _ties(nodes: Iterable[int], colours: Colours) -> list[list[int]]:
    """Returns the groups of at least two nodes of one colour."""
    groups: dict[int, list[int]] = {}
    for node in nodes:
        groups.setdefault(colours[node], []).append(node)
    return [group for group in groups.values() if len(group) > 1]


def _around(cell: _Cell, colours: Colours, node: int) -> tuple[list[int], list[int]]:
    """Returns the colours of what a node reads and of what reads it, sorted if that is allowed."""
    into = [colours[source] if source >= 0 else source for source in cell.inputs[node]]
    if cell.ops[node] != BLEND:
        into.sort()
    return into, sorted([colours[reader] * _WIDTH + place for reader, place in cell.readers[node]])


def _singled_out(colours: Colours) -> Iterator[Colours]:
    """Yields colourings that put one node before the others of the first colour with a tie."""
    if len(set(colours)) == len(colours):
        return
    lowest = min(c for c in colours if colours.count(c) > 1)
    for node, colour in enumerate(colours):
        if colour == lowest:
            yield [2 * c + (i != node) for i, c in enumerate(colours)]


def _smallest(cell: _Cell, colours: Colours) -> Leaf:
    """Returns the smallest leaf of the search tree.

    If the first leaves below two nodes of a tie are equal, an automorphism takes one node to the
    other, and one of them is enough.
    """
    colours = _refined(cell, colours)
    best: Leaf | None = None
    seen: list[Leaf] = []
    for child in _singled_out(colours):
        first = _first(cell, child)
        if first not in seen:
            seen.append(first)
            leaf = _smallest(cell, child)
            best = leaf if best is None else min(best, leaf)
    return best or _leaf(cell, colours)


def _first(cell: _Cell, colours: Colours) -> Leaf:
    while True:
        colours = _refined(cell, colours)
        child = next(_singled_out(colours), None)
        if child is None:
            return _leaf(cell, colours)
        colours = child


def _leaf(cell: _Cell, colours: Colours) -> Leaf:
    """Returns the nodes in the order of their colours, but each after its inputs."""
    waiting = sorted(range(len(colours)), key=colours.__getitem__)
    place = [0] * len(colours) + list(_BASES)  # x and the states are counted from behind
    order: Colours = []
    nodes: list[int] = []
    placed = 0
    while waiting:
        for node in waiting:
            if not cell.waits[node] & ~placed:
                break
        placed |= 1 << node
        waiting.remove(node)
        read = list(map(place.__getitem__, cell.inputs[node]))
        if cell.ops[node] != BLEND:
            read.sort()
        nodes += [cell.ops[node], *read, 0, 0][:_WIDTH]
        place[node] = FIRST_NODE + len(order)
        order.append(colours[node])
    return nodes, [1 - FIRST_NODE + place[node] for node in cell.states], order
