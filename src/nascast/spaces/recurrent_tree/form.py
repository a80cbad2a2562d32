"""A canonical form of binary trees in which the order of two children does not matter."""

from functools import cache

import numpy as np

from nascast.core.types import Bools, Genes

__all__ = ["sorted_children", "sorted_tree"]


def sorted_children(tokens: Genes) -> Genes:
    """Returns the trees with children swapped until no tree is larger than its sibling.

    Nodes are numbered level by level, leaves first, the root last. A tree is compared by its root's
    token, then by its first child, then by its second.

    Args:
        tokens: ``(n, 2 · base − 1)`` tokens of the nodes.
    """
    base = (tokens.shape[1] + 1) // 2
    trees = tokens[:, :base, None]  # (n, trees of this level, nodes of each in preorder)
    start = base
    while trees.shape[1] > 1:
        left, right = trees[:, 0::2], trees[:, 1::2]
        swap = _larger(left, right)[:, :, None]
        stop = start + left.shape[1]
        parts = (tokens[:, start:stop, None], np.where(swap, right, left))
        trees = np.concatenate([*parts, np.where(swap, left, right)], axis=2)
        start = stop
    out = np.empty_like(tokens)
    out[:, _preorder(base)] = trees[:, 0]
    return out


def sorted_tree(tokens: list[int]) -> list[int]:
    """Returns one tree, ``(2 · base − 1,)`` tokens, as `sorted_children` does with many."""
    base = (len(tokens) + 1) // 2
    trees = [[token] for token in tokens[:base]]  # of this level, nodes of each in preorder
    start = base
    while len(trees) > 1:
        pairs = zip(tokens[start:], trees[0::2], trees[1::2], strict=False)
        trees = [[token, *min(a, b), *max(a, b)] for token, a, b in pairs]
        start += len(trees)
    out = [0] * len(tokens)
    for place, token in zip(_preorder(base), trees[0], strict=True):
        out[place] = token
    return out


def _larger(left: Genes, right: Genes) -> Bools:
    """Returns, over the last axis, whether `left` is later in lexicographic order."""
    first = (left != right).argmax(-1)[..., None]
    later = np.take_along_axis(left, first, -1) > np.take_along_axis(right, first, -1)
    return np.asarray(later[..., 0])


@cache
def _preorder(base: int) -> list[int]:
    """Returns the nodes in the order root, first child's tree, second child's tree."""
    order: list[int] = []
    ahead = [2 * base - 2]
    while ahead:
        node = ahead.pop()
        order.append(node)
        if node >= base:
            first = 2 * (node - base)
            ahead += [first + 1, first]
    return order
