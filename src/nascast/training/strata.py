"""Draws that have each class in its proportion."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Places", "stratified"]

Places = npt.NDArray[np.intp]


def stratified(
    labels: npt.NDArray[np.integer], sizes: Sequence[int], rng: np.random.Generator
) -> list[Places]:
    """Returns places in ``(n,)`` labels: disjoint draws of these sizes, each with all classes.

    A draw has one of each class while there are any, and of its further places each class has its
    share, to within one. Which of a class they are, and which classes get the places that are left
    over, is random. Places of a draw are in a random order, but those of all in their own.
    """
    if list(sizes) == [len(labels)]:
        return [np.arange(len(labels))]
    left = np.ones(len(labels), dtype=bool)
    draws = []
    for size in sizes:
        there = np.flatnonzero(left)
        drawn = there[_order(labels[there], rng)[:size]]
        left[drawn] = False
        draws.append(rng.permutation(drawn))
    return draws


def _order(labels: npt.NDArray[np.integer], rng: np.random.Generator) -> Places:
    """Returns an order of all places in which every beginning has the classes in proportion.

    Place j of a class of n has the rank (j + ½) / n, as in the method of Sainte-Laguë, and the
    first of each class stands before all.
    """
    ranks = np.empty(len(labels))
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        ranks[places] = (np.arange(len(places)) + 0.5) / len(places)
        ranks[places[0]] = 0.0
    return np.lexsort((rng.random(len(labels)), ranks))
