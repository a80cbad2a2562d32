"""Random recipes by the rules of NAS-Bench-NLP's generator, a batch at a time."""

from bisect import bisect_right
from itertools import chain

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Genes
from nascast.spaces.nasbench_nlp.rows import (
    BLEND,
    FIRST_NODE,
    INPUTS,
    LINEAR,
    NODES,
    STATES,
    join,
    live,
    parts,
    wires,
)

__all__ = ["accepted", "accepted_row", "draw", "draw_row"]

_WEIGHTS = np.asarray([3, 1, 1, 1]) / 6  # linear, blend, product, sum
_CUMULATED = _WEIGHTS.cumsum() / _WEIGHTS.cumsum()[-1]
_CUMULATED_LIST = _CUMULATED.tolist()
_BASES = FIRST_NODE - 1  # x and the previous states, before the nodes in a set of what can be read
_TWO_INPUTS = 4 / 5  # share of linear nodes with two inputs; the others have three
_ARITIES = (0, 0, 3, 2, 2)  # inputs by operation gene; those of linear are drawn
_FIRST_ACTIVATION, _ACTIVATIONS = 5, 3

Ints = npt.NDArray[np.int64]


def draw(hidden: Ints, sizes: Ints, rng: np.random.Generator) -> tuple[Genes, Bools]:
    """Returns random recipes, dead nodes included.

    Args:
        hidden: ``(n,)`` numbers of states.
        sizes: ``(n,)`` numbers of nodes at which no more are made.
        rng: generator for all draws.

    Returns:
        ``(n, 99)`` rows, and ``(n,)`` whether they are whole: an activation comes with every linear
        node, so that there can be one node too many.
    """
    n = len(hidden)
    ops = np.zeros((n, NODES + 1), dtype=np.int16)
    inputs = np.zeros((n, NODES + 1, INPUTS), dtype=np.int16)
    plain = (1 << (hidden + 1)) - 2  # the set of what other operations may read, as bits
    linear = plain | 1  # what linear may read
    made = np.zeros(n, dtype=np.int64)
    while len(rows := np.flatnonzero(made < sizes)):
        # As rng.choice draws, which checks the weights every time.
        kinds = LINEAR + _CUMULATED.searchsorted(rng.random(len(rows)), side="right")
        readable = np.where(kinds == LINEAR, linear[rows], plain[rows])
        picked, enough = _pick(kinds, readable, rng)
        rows, kinds = rows[enough], kinds[enough]
        place = made[rows]
        ops[rows, place] = kinds
        inputs[rows, place] = picked[enough]
        plain[rows] |= 1 << (_BASES + place)
        made[rows] += 1
        rows, place = rows[kinds == LINEAR], place[kinds == LINEAR] + 1
        ops[rows, place] = _FIRST_ACTIVATION + rng.integers(_ACTIVATIONS, size=len(rows))
        inputs[rows, place, 0] = _BASES + place  # the linear node just made
        plain[rows] |= 1 << (_BASES + place)
        linear[rows] |= 1 << (_BASES + place)
        made[rows] += 1
    states = _ordered_choice(plain >> _BASES, NODES + 1, rng)
    states = np.where(np.arange(STATES) < hidden[:, None], states, 0)
    whole = (made <= NODES) & (states.max(1, initial=0) <= NODES)
    return join(ops[:, :NODES], inputs[:, :NODES], states), np.asarray(whole)


def draw_row(hidden: int, size: int, rng: np.random.Generator) -> list[int] | None:
    """Returns a random recipe as `draw` does for one, with the same numbers; None if not whole."""
    nodes: list[list[int]] = []
    plain = list(range(1, 1 + hidden))  # what other operations may read, ascending
    linear = [0, *plain]  # what linear may read
    while len(nodes) < size:
        kind, two, *keys = rng.random(2 + _BASES + NODES + 1).tolist()
        operation = LINEAR + bisect_right(_CUMULATED_LIST, kind)
        readable = linear if operation == LINEAR else plain
        arity = _ARITIES[operation] or min(2 if two < _TWO_INPUTS else 3, len(readable))
        if arity > len(readable):
            continue
        picked = sorted(readable, key=keys.__getitem__)[:arity]
        plain.append(_BASES + len(nodes))
        nodes.append([operation, *(1 + place for place in picked), *(0,) * (INPUTS - arity)])
        if operation == LINEAR:
            new = _BASES + len(nodes)
            plain.append(new)
            linear.append(new)
            activation = _FIRST_ACTIVATION + int(rng.integers(_ACTIVATIONS))
            nodes.append([activation, new, *(0,) * (INPUTS - 1)])
    keys = [0.0] * _BASES + rng.random(NODES + 1).tolist()
    states = sorted(plain[hidden:], key=keys.__getitem__)[:hidden]
    if len(nodes) > NODES or max(states) >= _BASES + NODES:
        return None
    nodes += [[0] * (1 + INPUTS)] * (NODES - len(nodes))
    new_states = [1 + state - _BASES for state in states]
    return [*chain.from_iterable(nodes), *new_states, *(0,) * (STATES - hidden)]


def _pick(kinds: Ints, readable: Ints, rng: np.random.Generator) -> tuple[Genes, Bools]:
    """Returns ``(n, 3)`` input genes, and ``(n,)`` whether there were enough to choose from."""
    count = np.bitwise_count(readable)
    arity = np.where(rng.random(len(kinds)) < _TWO_INPUTS, 2, 3)
    arity = np.where(kinds == LINEAR, np.minimum(arity, count), np.where(kinds == BLEND, 3, 2))
    picked = _ordered_choice(readable, _BASES + NODES + 1, rng)
    picked[np.arange(INPUTS) >= arity[:, None]] = 0
    return picked, arity <= count


def _ordered_choice(allowed: Ints, places: int, rng: np.random.Generator) -> Genes:
    """Returns ``(n, 3)``: 1 + different places of sets, uniformly; allowed ones first."""
    octets = allowed.astype("<u4").view(np.uint8).reshape(-1, 4)
    outside = np.unpackbits(octets, axis=1, count=places, bitorder="little") == 0
    keys = rng.random((len(allowed), places))
    keys[outside] = 2.0
    every = np.arange(len(allowed))
    picked = np.empty((len(allowed), INPUTS), dtype=np.int16)
    for k in range(INPUTS):  # the smallest ones, which takes less than to sort all
        place = keys.argmin(axis=1)
        picked[:, k] = 1 + place
        keys[every, place] = 3.0
    return picked


def accepted(genes: Genes) -> Bools:
    """Returns ``(n,)``: whether the generator would keep the row.

    The live nodes read x and every previous state, and no new state reads a previous one.
    """
    _, inputs, states = parts(genes)
    feeds = wires(inputs)
    read = (feeds[:, : FIRST_NODE - 1] & live(genes)[:, None, :]).any(2)
    needed = np.ones_like(read)
    needed[:, 1:] = states > 0
    is_state = (states[:, :, None] == np.arange(1, NODES + 1)).any(1)
    direct = (feeds[:, 1 : FIRST_NODE - 1] & is_state[:, None, :]).any((1, 2))
    return np.asarray((read | ~needed).all(1) & ~direct)


def accepted_row(row: list[int]) -> bool:
    """Returns what `accepted` does of one row."""
    width = 1 + INPUTS
    states = [state - 1 for state in row[NODES * width :] if state]
    wanted, read = set(states), set[int]()
    for node in reversed(range(NODES)):
        if node in wanted:
            read.update(inputs := row[node * width + 1 : (node + 1) * width])
            wanted.update([value - FIRST_NODE for value in inputs if value >= FIRST_NODE])
    direct = [1 < v < FIRST_NODE for s in states for v in row[s * width + 1 : (s + 1) * width]]
    return read.issuperset(range(1, 2 + len(states))) and not any(direct)
