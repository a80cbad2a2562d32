"""Rooted subtrees of graphs as a feature, and their counts as sparse matrices."""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from nascast.core.graph import mix
from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Genes
from nascast.encodings.wl import WeisfeilerLehman

__all__ = ["Histograms", "Subtrees", "Words"]

_DROPPED = np.uint64(12)  # bits of a hash: a float64 holds the others exactly


class Subtrees:
    """The hashes of the subtrees of every vertex, depth by depth; 0 where there is no vertex."""

    def __init__(self, depth: int) -> None:
        self._encoding = WeisfeilerLehman(depth)

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, (depth + 1) · v)`` whole numbers below 2⁵²."""
        found = self._encoding.subtrees(ledger.space, ledger.space.canonical(genes))
        return (found >> _DROPPED).astype(np.float64)


class Words:
    """What stands in graphs, with weights whose products sum to a kernel.

    With ``dot`` a word is a subtree, and its weight how often it stands there. With ``minimum`` a
    word is a subtree and a number: its k-th appearance is a word of weight 1, so that the product
    of two graphs is the sum over subtrees of the smaller count.

    Attributes:
        words: ``(n, v)`` words of one depth; 0 where there is none.
        weights: ``(n, v)`` weights.
    """

    def __init__(self, subtrees: Floats, kernel: str) -> None:
        """Reads ``(n, v)`` hashes of subtrees of one depth."""
        ordered = np.sort(subtrees.astype(np.uint64), axis=1)
        new = np.ones(ordered.shape, dtype=bool)
        new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        places = np.broadcast_to(np.arange(ordered.shape[1]), ordered.shape)
        start = np.maximum.accumulate(np.where(new, places, 0), axis=1)
        alive = ordered > 0
        if kernel == "minimum":
            self.words = np.where(alive, mix(ordered + mix((places - start).astype(np.uint64))), 0)
            self.weights = alive.astype(np.float64)
            return
        last = np.ones(new.shape, dtype=bool)
        last[:, :-1] = new[:, 1:]
        self.words = np.where(alive & last, ordered, np.uint64(0))
        self.weights = np.where(alive & last, places - start + 1, 0).astype(np.float64)


class Histograms:
    """Words of one depth over the vocabulary of the training graphs."""

    def __init__(self, vocabulary: npt.NDArray[np.uint64]) -> None:
        self.vocabulary = vocabulary  # ascending

    @classmethod
    def of(cls, found: Words) -> Self:
        """Returns the histograms whose vocabulary is what stands in some graphs."""
        return cls(np.unique(found.words[found.weights > 0]))

    def matrix(self, found: Words) -> csr_matrix:
        """Returns ``(n, words)``: the weights of the words that are known."""
        shape = (len(found.words), len(self.vocabulary))
        if not len(self.vocabulary):
            return csr_matrix(shape)
        at = np.minimum(np.searchsorted(self.vocabulary, found.words), shape[1] - 1)
        known = (found.weights > 0) & (self.vocabulary[at] == found.words)
        ends = np.concatenate([[0], np.cumsum(known.sum(1))])
        return csr_matrix((found.weights[known], at[known], ends), shape=shape)
