"""A Gaussian process whose kernel compares counts of subtrees, in dense linear algebra."""

from typing import Self

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack

from nascast.core.types import Floats
from nascast.predictors.model_based.gpwl.subtrees import Histograms, Words

__all__ = ["WeisfeilerLehmanProcess"]

_NOISE = np.log([1e-4, 1e2])  # least and most variance of the noise over that of the function


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
                self._vectors, self._inverse = vectors, 1 / (values + noise)
                self.variance = float((along**2 * self._inverse).mean())
                self._weights = vectors @ (along * self._inverse)
        self._train, self._norms = self._matrix(words)
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` means."""
        return np.asarray(self.kernel(X) @ self._weights)

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations of a label, noise included."""
        cross = self.kernel(X)
        known = ((cross @ self._vectors) ** 2) @ self._inverse
        variance = self.variance * (np.maximum(1 - known, 0) + self.noise)
        return cross @ self._weights, np.sqrt(variance)

    def kernel(self, X: Floats) -> Floats:
        """Returns ``(n, n_train)``: the kernel of n graphs with those of training."""
        matrix, norms = self._matrix(self._words(X)[: self.depth + 1])
        return np.asarray((matrix @ self._train.T).toarray() / _outer(norms, self._norms))

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
    """Returns the products of norms, given their squares; 1 for graphs without vertices."""
    return np.asarray(np.sqrt(np.outer(np.where(a > 0, a, 1), np.where(b > 0, b, 1))))


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
