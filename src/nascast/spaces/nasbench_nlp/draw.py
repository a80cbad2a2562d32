"""A random recipe by the rules of NAS-Bench-NLP's generator.

Operations and new states have the odds of `odds`, under which no new state reads a previous one;
inputs are drawn uniformly, and it remains to throw away what does not read x or a previous state.
"""

from bisect import bisect
from collections.abc import Callable

from nascast.spaces.nasbench_nlp.odds import Choice, Node, choice
from nascast.spaces.nasbench_nlp.rows import (
    FIRST_NODE,
    INPUTS,
    LINEAR,
    NODES,
    STATES,
    TANH,
)

__all__ = ["ACTIVATIONS", "PLAIN", "SIZES", "draw_row"]

SIZES = (7, 14, 21)  # nodes that the generator is asked for, beside the new states
ACTIVATIONS = 3
PLAIN = tuple(  # what all but linear can read by the number of states, as input genes
    (*range(2, 2 + hidden), *range(FIRST_NODE, FIRST_NODE + NODES), *(0,) * (STATES - hidden))
    for hidden in range(STATES + 1)
)
_WIDTH = 1 + INPUTS


def draw_row(hidden: int, size: int, number: Callable[[], float]) -> list[int] | None:
    """Returns a random recipe, dead nodes included; None for one that the generator throws away.

    Args:
        hidden: number of states.
        size: place in `SIZES`.
        number: function that returns random numbers, uniform from 0 to 1.
    """
    nodes, is_state = _nodes(choice(hidden, hidden + SIZES[size]), number)
    states = [place for place, state in enumerate(is_state) if state]
    plain = PLAIN[hidden]
    active = [FIRST_NODE + place for place, node in enumerate(nodes) if node[0] == TANH]
    linear = (*plain[:hidden], 1, *active)
    row = [0] * (NODES * _WIDTH + STATES)
    alive = {FIRST_NODE + state for state in states}
    for place in reversed(range(len(nodes))):
        operation, inputs, first, among = nodes[place]
        if operation == TANH:
            operation += int(number() * ACTIVATIONS)
            read = [plain[first]]
        else:
            values = linear if operation == LINEAR else plain
            read = [values[first + k] for k in _distinct(inputs, among, number)]
        if FIRST_NODE + place in alive:
            alive.update(read)
        row[_WIDTH * place : _WIDTH * place + 1 + inputs] = operation, *read
    if not alive.issuperset(range(1, 2 + hidden)):
        return None
    for k, chosen in enumerate(_distinct(hidden, hidden, number)):
        row[NODES * _WIDTH + k] = 1 + states[chosen]
    return row


def _nodes(after: Choice, number: Callable[[], float]) -> tuple[list[Node], list[bool]]:
    """Returns random nodes, and whether each is a new state."""
    nodes: list[Node] = []
    states: list[bool] = []
    while after[2]:
        _, below, options = after  # by place, and so below: names take a third longer
        more, chosen, after = options[bisect(below, number())]
        nodes += more
        states += chosen
    return nodes, states


def _distinct(k: int, count: int, number: Callable[[], float]) -> list[int]:
    """Returns k different numbers below the count, in random order."""
    found: list[int] = []
    while len(found) < k:
        place = int(number() * count)
        if place not in found:
            found.append(place)
    return found
