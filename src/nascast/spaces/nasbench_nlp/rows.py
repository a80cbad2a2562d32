"""Rows of NAS-Bench-NLP: the order of the genes, and the rules that make them a recipe."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Genes

__all__ = [
    "BLEND",
    "FIRST_NODE",
    "INPUTS",
    "LEAST",
    "LINEAR",
    "MOST",
    "NODES",
    "OPERATIONS",
    "PRODUCT",
    "STATES",
    "SUM",
    "TANH",
    "accepted",
    "join",
    "live",
    "names_of",
    "open_genes",
    "parts",
    "problem",
    "reached",
    "valid",
    "valid_row",
]

NODES, INPUTS, STATES = 24, 3, 3
OPERATIONS = (  # the gene is the index plus 1; 0 is no node
    "linear",
    "blend",
    "elementwise_prod",
    "elementwise_sum",
    "activation_tanh",
    "activation_sigm",
    "activation_leaky_relu",
)
LINEAR, BLEND, PRODUCT, SUM, TANH = range(1, 6)  # all from TANH on are activations
_X, FIRST_NODE = 1, 2 + STATES  # values of an input gene: none, x, previous states, nodes
LEAST = np.asarray([0, 1, 3, 2, 2, 1, 1, 1], dtype=np.int8)  # inputs by operation gene
MOST = np.asarray([0, INPUTS, 3, INPUTS, INPUTS, 1, 1, 1], dtype=np.int8)
_LEAST, _MOST = LEAST.tolist(), MOST.tolist()
_WIDTH = 1 + INPUTS  # genes of a node
# Genes of each node that can change, by how many inputs it has: these, and one more.
_OPEN = [
    [range(i, i + min(2 + given, _WIDTH)) for given in range(_WIDTH)]
    for i in range(0, NODES * _WIDTH, _WIDTH)
]
_BITS = np.append(np.int32(0), 1 << np.arange(1, FIRST_NODE + NODES, dtype=np.int32))
_BASES = ("x", *(f"h_prev_{k}" for k in range(STATES)))


def parts(genes: Genes) -> tuple[Genes, Genes, Genes]:
    """Returns views of operations ``(n, 24)``, inputs ``(n, 24, 3)`` and states ``(n, 3)``."""
    nodes = genes[:, : NODES * (1 + INPUTS)].reshape(len(genes), NODES, 1 + INPUTS)
    return nodes[:, :, 0], nodes[:, :, 1:], genes[:, NODES * (1 + INPUTS) :]


def join(operations: Genes | Bools, inputs: Genes | Bools, states: Genes | Bools) -> Genes:
    """Returns the ``(n, 99)`` rows of which these are the `parts`."""
    nodes = np.concatenate([operations[:, :, None], inputs], axis=2)
    flat = nodes.reshape(len(nodes), NODES * (1 + INPUTS))
    return np.concatenate([flat, states], axis=1).astype(np.int16)


def valid(genes: Genes) -> Bools:
    """Returns ``(n,)``: whether rows, of genes in their ranges, keep the rules of `problem`."""
    ops, inputs, states = parts(genes)
    a, b, c = np.ascontiguousarray(np.moveaxis(inputs, 2, 0))  # (n, 24) each
    first, second, third = a > 0, b > 0, c > 0
    size, hidden = (ops > 0).sum(1), (states > 0).sum(1)
    good = _leading(ops > 0) & _leading(states > 0) & (hidden > 0)
    count = first.astype(np.int8) + second + third
    node = (count >= LEAST[ops]) & (count <= MOST[ops]) & (third <= second) & (second <= first)
    node &= ~_repeats(a, b, c) & (((a != _X) & (b != _X) & (c != _X)) | (ops == LINEAR))
    last = (_X + hidden)[:, None].astype(np.int16)  # of the previous states there are
    for read in (a, b, c):
        node &= (read >= FIRST_NODE) | (read <= last)
    good &= node.all(1)
    return np.asarray(good & ~_repeats(*states.T) & (states.max(1, initial=0) <= size))


def valid_row(row: list[int]) -> bool:
    """Returns what `valid` does of one row, of genes in their ranges."""
    states = row[NODES * _WIDTH :]
    hidden, size = STATES - states.count(0), 0
    last = _X + hidden
    for op, a, b, c in _nodes(row):
        if not op:  # the nodes end here
            break
        if not _valid_node(op, a, b, c, last):
            return False
        size += 1
    chosen = states[:hidden]
    return (
        0 < hidden == len(set(chosen))
        and all(chosen)
        and max(chosen) <= size
        and not any(row[size * _WIDTH : NODES * _WIDTH])
    )


def _nodes(row: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Returns the operation and the inputs of each node; without slices, in half the time."""
    genes = iter(row[: NODES * _WIDTH])
    return zip(genes, genes, genes, genes, strict=True)


@lru_cache(maxsize=2**15)
def _valid_node(op: int, a: int, b: int, c: int, last: int) -> bool:
    read = [value for value in (a, b, c) if value]
    return (
        _LEAST[op] <= len(read) <= _MOST[op]
        and 0 not in (a, b, c)[: len(read)]
        and len(set(read)) == len(read)
        and (op == LINEAR or _X not in read)
        and not any(last < value < FIRST_NODE for value in read)
    )


def open_genes(row: list[int]) -> list[int]:
    """Returns the genes of a row of nodes and new states that can change one by one."""
    found: list[int] = []
    for can_change, (op, a, b, c) in zip(_OPEN, _nodes(row), strict=True):
        if not op:
            break
        found += can_change[(a > 0) + (b > 0) + (c > 0)]
    first = NODES * _WIDTH
    hidden = STATES - row[first:].count(0)
    return [*found, *range(first, first + min(1 + hidden, STATES))]


def _leading(given: Bools) -> Bools:
    """Returns whether, along the last axis, nothing is given after a gap."""
    return np.asarray((given[..., 1:] <= given[..., :-1]).all(-1))


def _repeats(a: Genes, b: Genes, c: Genes) -> Bools:
    """Returns whether a value other than 0 occurs twice among the three."""
    return np.asarray(((a == b) & (a > 0)) | ((c > 0) & ((a == c) | (b == c))))


def live(genes: Genes) -> Bools:
    """Returns ``(n, 24)``: the nodes that some new state depends on."""
    return np.asarray(reached(genes)[:, None] & _BITS[FIRST_NODE:] != 0)


def accepted(genes: Genes) -> Bools:
    """Returns ``(n,)``: whether the benchmark's generator would keep the row.

    The live nodes read x and every previous state, and no new state reads a previous one.
    """
    _, inputs, states = parts(genes)
    wanted = np.where(states > 0, _BITS[_X + 1 : FIRST_NODE], 0).sum(1) + _BITS[_X]
    row, k = np.nonzero(states)
    direct = np.zeros(states.shape, dtype=bool)
    read = inputs[row, states[row, k] - 1]
    direct[row, k] = ((read > _X) & (read < FIRST_NODE)).any(1)
    return np.asarray((reached(genes) & wanted == wanted) & ~direct.any(1))


def reached(genes: Genes) -> npt.NDArray[np.int32]:
    """Returns ``(n,)`` sets, as bits, of the input genes of all that new states depend on."""
    _, inputs, states = parts(genes)
    reads = np.bitwise_or.reduce(_BITS[inputs], axis=2)  # (n, 24)
    found = np.bitwise_or.reduce(_BITS[np.where(states > 0, states + FIRST_NODE - 1, 0)], axis=1)
    for node in reversed(range(NODES)):
        found |= np.where(found & _BITS[FIRST_NODE + node], reads[:, node], 0)
    return np.asarray(found)


def names_of(row: Genes) -> list[str]:
    """Returns the names of the nodes of a row, shape ``(99,)``, as they are written."""
    _, _, states = parts(row[None])
    names = [f"node_{i}" for i in range(NODES)]
    for k, state in enumerate(states[0].tolist()):
        if 0 < state <= NODES:
            names[state - 1] = f"h_new_{k}"
    return names


def problem(row: Genes, names: list[str]) -> str | None:
    """Returns the rule that a row, shape ``(99,)``, breaks, in words with the nodes' names."""
    ops, inputs, states = (part[0].tolist() for part in parts(row[None]))
    size = sum(op > 0 for op in ops)
    hidden = sum(state > 0 for state in states)
    if not all(ops[:size]):
        return f"the {size} nodes are not the first {size}"
    if not hidden or not all(states[:hidden]):
        return f"new states are h_new_0, or h_new_0 up to h_new_{STATES - 1}, without a gap"
    if max(states) > size or len(set(states[:hidden])) < hidden:
        return f"new states are different ones of the {size} nodes; got {states}"
    readable = ["", *_BASES, *names]
    for name, op, read in zip(names, ops, inputs, strict=True):
        wrong = _problem_of_node(op, read, readable, hidden)
        if wrong:
            return f"node {name!r} {wrong}"
    return None


def _problem_of_node(op: int, read: list[int], readable: list[str], hidden: int) -> str | None:
    given = [value for value in read if value]
    least, most = int(LEAST[op]), int(MOST[op])
    if not op:
        return "has inputs, but no operation" if given else None
    if not least <= len(given) <= most:
        allowed = str(least) if least == most else f"{least} to {most}"
        return f"has {len(given)} inputs; {OPERATIONS[op - 1]} takes {allowed}"
    if not all(read[: len(given)]):
        return "has a gap in its inputs"
    if len(set(given)) < len(given):
        return f"reads {readable[max(given, key=given.count)]!r} twice; inputs are different ones"
    if _X in given and op != LINEAR:
        return f"reads 'x', which has another size; only linear may; it is {OPERATIONS[op - 1]}"
    if late := [value for value in given if _X + hidden < value < FIRST_NODE]:
        return f"reads {readable[late[0]]!r}, but there are only {hidden} new states"
    return None
