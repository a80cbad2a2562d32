"""Many random recipes at once, from the distribution of `draw`."""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Genes
from nascast.spaces.nasbench_nlp.draw import ACTIVATIONS, PLAIN, SIZES
from nascast.spaces.nasbench_nlp.odds import Choice, Node, choice
from nascast.spaces.nasbench_nlp.rows import (
    FIRST_NODE,
    INPUTS,
    LINEAR,
    NODES,
    STATES,
    TANH,
    accepted,
    join,
)

__all__ = ["draw_rows"]

_NO_NODE = Node(0, 0, 0, 0)

Ints = npt.NDArray[np.int64]


class _Choices(NamedTuple):
    """All that can come next in any recipe, numbered; see `Choice` and `Option`.

    Attributes:
        start: ``(3, 3)``: which comes first, by the number of states less 1, and by `SIZES`.
        below: ``(c, k)`` shares; 1 behind the last one.
        first: ``(c,)``: which option is the first one of a choice.
        nodes: ``(o, 2, 4)`` fields of `Node`, of the second one 0 where an option has no second.
        states: ``(o, 2)``: whether these nodes are new states.
        after: ``(o,)``: which choice is next; that without options is the last one.
    """

    start: Ints
    below: npt.NDArray[np.float64]
    first: Ints
    nodes: Ints
    states: Bools
    after: Ints


@cache
def _choices() -> _Choices:
    starts = [[choice(hidden, hidden + size) for size in SIZES] for hidden in range(1, 1 + STATES)]
    number: dict[int, int] = {}  # by identity, since equality would compare all that comes after
    found: list[Choice] = []
    waiting = [start for row in starts for start in row]
    while waiting:
        one = waiting.pop()
        if one.options and id(one) not in number:
            number[id(one)] = len(found)
            found.append(one)
            waiting += [option.after for option in one.options]
    below = np.ones((len(found), max(len(one.below) for one in found)))
    for i, one in enumerate(found):
        below[i, : len(one.below)] = one.below
    options = [option for one in found for option in one.options]
    return _Choices(
        np.asarray([[number[id(start)] for start in row] for row in starts]),
        below,
        np.cumsum([0, *(len(one.options) for one in found)])[:-1],
        np.asarray([(*option.nodes, _NO_NODE)[:2] for option in options]),
        np.asarray([(*option.states, False)[:2] for option in options]),
        np.asarray([number.get(id(option.after), len(found)) for option in options]),
    )


def draw_rows(hidden: Ints, sizes: Ints, rng: np.random.Generator) -> tuple[Genes, Bools]:
    """Returns random recipes as `draw_row` does.

    Args:
        hidden: ``(n,)`` numbers of states.
        sizes: ``(n,)`` places in `SIZES`.
        rng: generator for all draws.

    Returns:
        ``(n, 99)`` rows, and ``(n,)`` whether the generator keeps them.
    """
    nodes, is_state = _nodes(_choices().start[hidden - 1, sizes], rng)
    states, inputs = _states(is_state, hidden, rng), _inputs(nodes, hidden, rng)
    operations = nodes[:, :, 0]
    operations += (operations == TANH) * rng.integers(ACTIVATIONS, size=operations.shape)
    genes = join(operations.astype(np.int16), inputs, states)
    return genes, accepted(genes)


def _nodes(at: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Returns fields of nodes, ``(n, 24, 4)``, and ``(n, 24)`` whether they are new states.

    Args:
        at: ``(n,)`` numbers of what comes first.
        rng: generator for all draws.
    """
    choices, rows = _choices(), np.arange(len(at))
    nodes = np.zeros((len(at), NODES, len(Node._fields)), dtype=np.int64)
    is_state = np.zeros((len(at), NODES), dtype=bool)
    made = np.zeros(len(at), dtype=np.int64)
    while len(rows):
        before = choices.below[at] <= rng.random(len(rows))[:, None]
        option = choices.first[at] + np.add.reduce(before, axis=1)
        for k in range(2):
            there = choices.nodes[option, k, 0].nonzero()[0]
            one, node = rows[there], option[there]
            nodes[one, made[one]] = choices.nodes[node, k]
            is_state[one, made[one]] = choices.states[node, k]
            made[one] += 1
        at = choices.after[option]
        left = at < len(choices.first)
        rows, at = rows[left], at[left]
    return nodes, is_state


def _states(is_state: Bools, hidden: Ints, rng: np.random.Generator) -> Genes:
    """Returns ``(n, 3)`` genes of the new states, in random order."""
    row, place = is_state.nonzero()
    order = np.lexsort((rng.random(len(row)), row))
    states = np.zeros((len(hidden), STATES), dtype=np.int16)
    states[np.arange(STATES) < hidden[:, None]] = 1 + place[order]
    return states


def _inputs(nodes: Ints, hidden: Ints, rng: np.random.Generator) -> Genes:
    """Returns ``(n, 24, 3)`` random input genes of nodes."""
    row, place = nodes[:, :, 0].nonzero()
    operation, inputs, first, among = nodes[row, place].T
    picked = first[:, None] + _distinct(among, rng)
    plain, linear = np.asarray(PLAIN)[hidden], _linear(nodes[:, :, 0], hidden)
    # In one array: what linear reads stands behind what others do.
    readable = np.concatenate([plain, linear], axis=1)
    start = np.where(operation == LINEAR, plain.shape[1], 0)[:, None]
    picked[np.arange(INPUTS) >= inputs[:, None]] = 0
    found = readable[row[:, None], start + picked]
    found[np.arange(INPUTS) >= inputs[:, None]] = 0
    genes = np.zeros((*nodes.shape[:2], INPUTS), dtype=np.int16)
    genes[row, place] = found
    return genes


def _linear(operations: Ints, hidden: Ints) -> Ints:
    """Returns ``(n, 16)``: what linear can read, as input genes: states, x and activations."""
    active = operations == TANH
    found = np.zeros((len(hidden), 1 + STATES + NODES // 2), dtype=np.int64)
    found[:, :STATES] = np.arange(2, 2 + STATES)
    found[np.arange(len(hidden)), hidden] = 1
    row, place = active.nonzero()
    found[row, hidden[row] + active.cumsum(1)[row, place]] = FIRST_NODE + place
    return found


def _distinct(count: Ints, rng: np.random.Generator) -> Ints:
    """Returns ``(n, 3)``: different numbers below each count, in random order.

    Where the count is less than 3, those that there are come first.
    """
    left = np.maximum(count[:, None] - np.arange(INPUTS), 1)
    first, second, third = (rng.random(left.shape) * left).astype(np.int64).T
    # Each is a place among those that are left, which moves up behind those that are taken.
    second += second >= first
    third += third >= np.minimum(first, second)
    third += third >= np.maximum(first, second)
    return np.stack([first, second, third], axis=1)
