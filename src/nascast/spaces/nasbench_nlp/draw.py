"""Random recipes by the rules of NAS-Bench-NLP's generator, a batch at a time."""

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

__all__ = ["accepted", "draw"]

_WEIGHTS = np.asarray([3, 1, 1, 1]) / 6  # linear, blend, product, sum
_TWO_INPUTS = 4 / 5  # of linear nodes; the others have three
_FIRST_ACTIVATION, _ACTIVATIONS = 5, 3

Ints = npt.NDArray[np.int64]


def draw(hidden: Ints, sizes: Ints, rng: np.random.Generator) -> tuple[Genes, Bools]:
    """Draws recipes, dead nodes included.

    Args:
        hidden: ``(n,)`` numbers of states.
        sizes: ``(n,)`` numbers of nodes at which no more are made.
        rng: the source of randomness.

    Returns:
        ``(n, 99)`` rows, and ``(n,)`` whether they are whole: an activation comes with every linear
        node, so that there can be one node too many.
    """
    n = len(hidden)
    ops = np.zeros((n, NODES + 1), dtype=np.int16)
    inputs = np.zeros((n, NODES + 1, INPUTS), dtype=np.int16)
    bases = FIRST_NODE - 1
    plain = np.zeros((n, bases + NODES + 1), dtype=bool)  # what other operations may read
    plain[:, 1:bases] = np.arange(STATES) < hidden[:, None]
    linear = plain.copy()  # what linear may read
    linear[:, 0] = True
    made = np.zeros(n, dtype=np.int64)
    while len(rows := np.flatnonzero(made < sizes)):
        kinds = rng.choice(4, size=len(rows), p=_WEIGHTS) + LINEAR
        readable = np.where((kinds == LINEAR)[:, None], linear[rows], plain[rows])
        picked, enough = _pick(kinds, readable, rng)
        rows, kinds = rows[enough], kinds[enough]
        ops[rows, made[rows]] = kinds
        inputs[rows, made[rows]] = picked[enough]
        plain[rows, bases + made[rows]] = True
        made[rows] += 1
        rows = rows[kinds == LINEAR]
        ops[rows, made[rows]] = _FIRST_ACTIVATION + rng.integers(_ACTIVATIONS, size=len(rows))
        inputs[rows, made[rows], 0] = bases + made[rows]  # the linear node just made
        plain[rows, bases + made[rows]] = linear[rows, bases + made[rows]] = True
        made[rows] += 1
    states = _ordered_choice(plain[:, bases:], rng)
    states = np.where(np.arange(STATES) < hidden[:, None], states, 0)
    whole = (made <= NODES) & (states.max(1, initial=0) <= NODES)
    return join(ops[:, :NODES], inputs[:, :NODES], states), np.asarray(whole)


def _pick(kinds: Ints, readable: Bools, rng: np.random.Generator) -> tuple[Genes, Bools]:
    """Returns ``(n, 3)`` input genes, and ``(n,)`` whether there was enough to read."""
    count = readable.sum(1)
    arity = np.where(rng.random(len(kinds)) < _TWO_INPUTS, 2, 3)
    arity = np.where(kinds == LINEAR, np.minimum(arity, count), np.where(kinds == BLEND, 3, 2))
    picked = _ordered_choice(readable, rng)
    return np.where(np.arange(INPUTS) < arity[:, None], picked, 0).astype(np.int16), arity <= count


def _ordered_choice(allowed: Bools, rng: np.random.Generator) -> Genes:
    """Returns ``(n, 3)``: 1 + different allowed places, uniformly, allowed ones first."""
    keys = np.where(allowed, rng.random(allowed.shape), 2.0)
    return (1 + np.argsort(keys, axis=1)[:, :3]).astype(np.int16)


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
