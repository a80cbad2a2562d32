"""A kernel density over unordered genes."""

from collections.abc import Sequence

import numpy as np

from nascast.core.types import Floats, Genes

__all__ = ["CategoricalDensity"]

_LEAST = 1e-3  # least width, as in the authors' code


class CategoricalDensity:
    """The mean of product kernels, one at each row that it is fitted to.

    The kernel of a gene with c values is that of Aitchison & Aitken (1976), which the authors of
    BOHB use through statsmodels: 1 − λ at the row's own value, λ / (c − 1) at each other one.

    Deviation: their λ is the normal reference rule, 1.06 σ n^(−1 / (4 + d)) for n rows of d genes,
    with σ the deviation of the genes as numbers. But the numbers of unordered values mean nothing,
    and λ may come out above 1. Here σ² is half the chance that two rows differ in the gene, which
    is that variance where there are two values, and λ is at most (c − 1) / c, where the kernel is
    uniform.

    Attributes:
        widths: ``(length,)`` widths λ of the kernels.
    """

    def __init__(self, rows: Genes, cardinalities: Sequence[int]) -> None:
        """Fits the density to rows.

        Args:
            rows: ``(n, length)`` rows, at least one.
            cardinalities: ``(length,)`` numbers of values of the genes.
        """
        n, d = rows.shape
        self._rows = rows
        self._cards = np.asarray(cardinalities)
        shares = np.stack([np.bincount(g, minlength=self._cards.max()) for g in rows.T]) / n
        spread = np.sqrt((1 - (shares**2).sum(1)) / 2)
        rule = 1.06 * spread * n ** (-1 / (4 + d))
        self.widths = np.clip(rule, _LEAST, np.maximum(1 - 1 / self._cards, _LEAST))

    def log(self, genes: Genes) -> Floats:
        """Returns ``(m,)`` logarithms of the density at ``(m, length)`` genes."""
        same = np.log1p(-self.widths)
        other = np.log(self.widths / np.maximum(self._cards - 1, 1))
        # ln of a kernel is a sum over genes: what it is where all differ, more where they do not.
        logs = np.full((len(genes), len(self._rows)), other.sum())
        for mine, theirs, gain in zip(genes.T, self._rows.T, same - other, strict=True):
            logs += gain * (mine[:, None] == theirs)
        top = logs.max(1)
        return np.asarray(top + np.log(np.exp(logs - top[:, None]).mean(1)))

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)`` drawn rows; they need not be valid in any space."""
        rows = self._rows[rng.integers(len(self._rows), size=n)]
        moved = rng.random(rows.shape) < self.widths
        moved &= self._cards > 1
        shift = rng.integers(1, np.maximum(self._cards, 2), size=rows.shape)
        return np.where(moved, (rows + shift) % self._cards, rows).astype(np.int16)
