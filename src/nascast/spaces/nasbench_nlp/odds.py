"""Odds with which NAS-Bench-NLP's generator makes nodes and takes some of them as new states.

It throws a recipe away if a new state reads a previous one, as up to nine of ten do. Whether that
happens depends on operations and new states alone, not on what else is read. So here are the odds
of both, node by node, given that it does not happen: by Bayes' rule, from the last node back.
"""

from functools import cache
from itertools import product
from math import comb
from typing import NamedTuple

from nascast.spaces.nasbench_nlp.rows import BLEND, LINEAR, NODES, PRODUCT, SUM, TANH

__all__ = ["Choice", "Node", "Option", "choice"]

# Operation, inputs, weight: linear has half of it, and two inputs in four of five cases.
_KINDS = ((LINEAR, 2, 12), (LINEAR, 3, 3), (BLEND, 3, 5), (PRODUCT, 2, 5), (SUM, 2, 5))


class Node(NamedTuple):
    """A node whose inputs are yet to be drawn.

    What linear can read is the previous states, x and the activations, in this order; what others
    can read is the previous states and all nodes.

    Attributes:
        operation: operation gene; `TANH` stands for any activation.
        inputs: number of inputs.
        first: number of the first ones that it must not read.
        among: number of those after them that it may read.
    """

    operation: int
    inputs: int
    first: int
    among: int


class Option(NamedTuple):
    """What can come next.

    Attributes:
        nodes: a node, and the activation behind a linear one.
        states: whether each of them is a new state.
        after: what can come then.
    """

    nodes: tuple[Node, ...]
    states: tuple[bool, ...]
    after: "Choice"


class Choice(NamedTuple):
    """What can come next in a recipe.

    Attributes:
        weight: probability that the generator goes on so that no new state reads a previous one.
        below: share of `weight` of all options before each but the first; ascending.
        options: options, none if the recipe is finished.
    """

    weight: float
    below: tuple[float, ...]
    options: tuple[Option, ...]


_Addition = tuple[float, tuple[Node, ...], tuple[bool, ...], int]  # odds, and as in `Option`


@cache
def choice(hidden: int, size: int, made: int = 0, active: int = 0, chosen: int = 0) -> Choice:
    """Returns what can come next.

    Args:
        hidden: number of states.
        size: number of nodes at which no more are made.
        made: number of nodes so far.
        active: number of activations among them.
        chosen: number of new states among them.
    """
    if made >= size:
        whole = chosen == hidden and made <= NODES  # an activation can be one too many
        return Choice(1 / comb(made, hidden) if whole else 0.0, (), ())
    found: list[Option] = []
    below = [0.0]
    for odds, nodes, states, new in _additions(hidden, made, active):
        if chosen + new <= hidden:
            many = len(nodes)  # an activation comes with every linear node
            after = choice(hidden, size, made + many, active + many - 1, chosen + new)
            if after.weight:
                found.append(Option(nodes, states, after))
                below.append(below[-1] + odds * after.weight)
    total = below[-1]
    return Choice(total, tuple([b / total for b in below[1:-1]]), tuple(found))


@cache
def _additions(hidden: int, made: int, active: int) -> list[_Addition]:
    """Returns the odds of nodes, of which new states read no previous one."""
    kinds = [
        (operation, min(inputs, 1 + hidden + active) if operation == LINEAR else inputs, weight)
        for operation, inputs, weight in _KINDS
        if operation == LINEAR or inputs <= hidden + made  # otherwise it is drawn again
    ]
    every = sum(weight for *_, weight in kinds)
    found: list[_Addition] = []
    for operation, inputs, weight in kinds:
        linear = operation == LINEAR
        count = hidden + (1 + active if linear else made)
        for states in product((False, True), repeat=1 + linear):
            first = hidden if states[0] else 0
            odds = weight / every * comb(count - first, inputs) / comb(count, inputs)
            nodes = (Node(operation, inputs, first, count - first),)
            more = (Node(TANH, 1, hidden + made, 1),) * linear
            if odds:
                found.append((odds, nodes + more, states, sum(states)))
    return found
