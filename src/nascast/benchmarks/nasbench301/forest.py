"""What must hold of regression trees before a library may walk over them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError

__all__ = ["LEAF", "Forest", "check_forest"]

LEAF = -1  # in the place of a child: there is none

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """The nodes of all trees, one tree after the other; node 0 of a tree is its root.

    Attributes:
        sizes: ``(t,)`` nodes of each tree.
        left: ``(n,)`` left child, a node of the same tree, or `LEAF`.
        right: ``(n,)`` right child.
        split: ``(n,)`` column of the input that an inner node looks at.
        value: ``(n,)`` threshold of an inner node, or answer of a leaf.
        parents: ``(n,)`` parent of each node but the roots, or None where the format has none.
        deleted: ``(n,)`` nodes that are there but belong to no tree, or None.
    """

    sizes: Indices
    left: Indices
    right: Indices
    split: Indices
    value: npt.NDArray[np.float64]
    parents: Indices | None = None
    deleted: npt.NDArray[np.bool_] | None = None


def check_forest(forest: Forest, columns: int, where: object) -> None:
    """Raises unless every index is in range and every node is met once from the root of its tree.

    Args:
        forest: the trees.
        columns: of the input.
        where: names the booster in messages.

    Raises:
        CorruptDataError: naming the tree and what is wrong.
    """
    if not len(forest.sizes) or (forest.sizes < 1).any():
        raise CorruptDataError(f"{where}: a booster without trees, or with a tree without nodes")
    tree = np.repeat(np.arange(len(forest.sizes)), forest.sizes)
    start = np.repeat(forest.sizes.cumsum() - forest.sizes, forest.sizes)
    if any(len(a) != len(tree) for a in (forest.left, forest.right, forest.split, forest.value)):
        raise CorruptDataError(f"{where}: a booster whose lists are not as long as its trees")
    leaf, gone = forest.left == LEAF, forest.deleted
    inner = ~leaf
    children = np.stack([forest.left, forest.right])
    inside = (children > 0) & (children < np.repeat(forest.sizes, forest.sizes))
    _expect((leaf == (forest.right == LEAF)), tree, where, "a node with one child")
    _expect(leaf | inside.all(0), tree, where, "a child out of range")
    columns_fit = (forest.split >= 0) & (forest.split < columns)
    _expect(leaf | columns_fit, tree, where, "a column out of range")
    _expect(np.isfinite(forest.value), tree, where, "a number that is not finite")
    places = children[:, inner] + start[inner]
    times = np.bincount(places.ravel(), minlength=len(tree))
    wanted = (np.arange(len(tree)) != start).astype(np.int64)
    if gone is not None:
        _expect(~gone | leaf & (wanted == 1), tree, where, "a deleted node with children")
        wanted[gone] = 0
    _expect(times == wanted, tree, where, "a node that no node, or more than one, leads to")
    if forest.parents is not None:
        above = np.flatnonzero(inner)
        good = np.ones(len(tree), dtype=bool)
        good[places.ravel()] = np.tile(above, 2) == (forest.parents + start)[places.ravel()]
        _expect(good, tree, where, "a node whose parent is another")
    met = _met(forest.left + start, forest.right + start, leaf, np.unique(start))
    _expect(met | (wanted == 0) & (np.arange(len(tree)) != start), tree, where, "a cycle")


def _met(
    left: Indices, right: Indices, leaf: npt.NDArray[np.bool_], roots: Indices
) -> npt.NDArray[np.bool_]:
    """Returns ``(n,)`` whether a walk from a root meets a node.

    It ends, as no node has two parents and no root has one.
    """
    met = np.zeros(len(left), dtype=bool)
    front = roots
    while len(front):
        met[front] = True
        front = front[~leaf[front]]
        front = np.concatenate([left[front], right[front]])
    return met


def _expect(good: npt.NDArray[np.bool_], tree: Indices, where: object, what: str) -> None:
    if not good.all():
        number = int(tree[int(np.argmin(good))])
        raise CorruptDataError(f"{where}: tree {number} of a booster is damaged: {what}")
