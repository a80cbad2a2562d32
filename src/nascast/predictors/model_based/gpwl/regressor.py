"""A Gaussian process whose kernel compares counts of subtrees, in dense linear algebra."""

from typing import Self

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack

from nascast.core.types import Floats
from nascast.predictors.model_based.gpwl.subtrees import Histograms, Words

__all__ = ["WeisfeilerLehmanProcess"]

_NOISE = np.log([1e-4, 1e2])  # least and most variance of the noise over that of the function
_ROUNDING = 1e-12  # eigenvalues below this share of the largest are rounding errors; chosen


class WeisfeilerLehmanProcess:
    """A process with a normalised Weisfeiler–Lehman kernel.

    The depth of subtrees and the noise have the largest marginal likelihood, and so has the
    variance, which is known in closed form: with the eigenvectors of the kernel matrix each noise
    costs as much as reading its eigenvalues.
    """

    def __init__(self, depth: int, kernel: str) -> None:
        self._depths, self._kernel = depth + 1, kernel

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, (depth + 1) · v)`` hashes of subtrees and ``(n,)`` targets."""
        words = self._words(X)
        self._histograms = [Histograms.of(found) for found in words]
        self.likelihoods, best = [], -np.inf
        gram, square = np.zeros((len(y), len(y))), np.zeros(len(y))
        for depth, (found, histograms) in enumerate(zip(words, self._histograms, strict=True)):
            matrix = histograms.matrix(found)
            gram += (matrix @ matrix.T).toarray()
            square += (found.weights**2).sum(1)
            values, vectors = np.linalg.eigh(gram / _outer(square, square))
            values, along = np.maximum(values, 0), vectors.T @ y
            noise, likelihood = _likeliest(values, along)
            self.likelihoods.append(likelihood)
            if likelihood > best:
                best, self.depth, self.noise = likelihood, depth, noise
                inverse, kept = 1 / (values + noise), values > values.max() * _ROUNDING
                self.variance = float((along**2 * inverse).mean())
                weights = vectors @ (along * inverse)
                roots = vectors[:, kept] * np.sqrt(inverse[kept])
        self._train, self._norms = self._matrix(words)
        # Predictions are linear in the words of a graph, of which it has few: so a query need not
        # compare it with every training graph.
        normal = self._train.T.multiply(1 / _root(self._norms)).tocsr()
        self._mean, self._known = normal @ weights, normal @ roots
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` means."""
        matrix, norms = self._read(X)
        return np.asarray(matrix @ self._mean / _root(norms))

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations of a label, noise included."""
        matrix, norms = self._read(X)
        known = ((matrix @ self._known) ** 2).sum(1) / _root(norms) ** 2
        variance = self.variance * (np.maximum(1 - known, 0) + self.noise)
        return np.asarray(matrix @ self._mean / _root(norms)), np.sqrt(variance)

    def kernel(self, X: Floats) -> Floats:
        """Returns ``(n, n_train)``: the kernel of n graphs with those of training."""
        matrix, norms = self._read(X)
        return np.asarray((matrix @ self._train.T).toarray() / _outer(norms, self._norms))

    def _read(self, X: Floats) -> tuple[csr_matrix, Floats]:
        return self._matrix(self._words(X)[: self.depth + 1])

    def _words(self, X: Floats) -> list[Words]:
        return [Words(part, self._kernel) for part in np.split(X, self._depths, axis=1)]

    def _matrix(self, words: list[Words]) -> tuple[csr_matrix, Floats]:
        """Returns the histograms up to the depth chosen, side by side, and their squared norms."""
        chosen = list(zip(self._histograms, words, strict=False))[: self.depth + 1]
        parts = [histograms.matrix(found) for histograms, found in chosen]
        square = sum(
            ((found.weights**2).sum(1) for _, found in chosen), np.zeros(len(words[0].words))
        )
        return hstack(parts, format="csr"), square


def _outer(a: Floats, b: Floats) -> Floats:
    """Returns the products of norms, given their squares."""
    return np.outer(_root(a), _root(b))


def _root(square: Floats) -> Floats:
    """Returns norms, given their squares; 1 for graphs without vertices."""
    return np.sqrt(np.where(square > 0, square, 1))


def _likeliest(values: Floats, along: Floats) -> tuple[float, float]:
    """Returns the noise of the largest marginal likelihood, and its logarithm up to a constant.

    Args:
        values: ``(n,)`` eigenvalues of the kernel matrix.
        along: ``(n,)`` targets along its eigenvectors.
    """

    def negative(log_noise: float) -> float:
        total = values + np.exp(log_noise)
        return float(len(values) * np.log((along**2 / total).mean()) + np.log(total).sum()) / 2

    found = minimize_scalar(negative, bounds=tuple(_NOISE), method="bounded")
    return float(np.exp(found.x)), -float(found.fun)
