"""A Gaussian process at places that are known beforehand (Rasmussen & Williams 2006).

http://gaussianprocess.org/gpml/, algorithm 2.1. What the rows told so far say of every place is
kept, so that one more row costs one line of the Cholesky factor instead of all of it.
"""

from copy import copy

import numpy as np
from scipy.linalg import solve_triangular

from nascast.core.types import Floats

__all__ = ["Process"]

_ROOM = 64  # lines that the factor grows by; chosen


class Process:
    """A Gaussian process of mean 0 and variance 1 at n places, with a squared exponential kernel.

    Attributes:
        told: places of the rows that it is conditioned on, in their order.
        places: ``(n, d)`` coordinates of all places.
    """

    def __init__(self, places: Floats, told: list[int], *, length: float, noise: float) -> None:
        """Conditions the process on some rows.

        Args:
            places: ``(n, d)`` coordinates.
            told: places of rows, each of which may come several times.
            length: length-scale of the kernel.
            noise: variance of the noise on what is told.
        """
        self.told = list(told)
        self.places, self._length, self._noise = places, length, noise
        self._squares = (places**2).sum(1)
        k = len(told)
        at_told = self._kernel(told)
        covariance = at_told[:, told] + noise * np.eye(k)
        self._factor = np.zeros((k + _ROOM, k + _ROOM))
        self._factor[:k, :k] = np.linalg.cholesky(covariance)
        self._lines = np.zeros((k + _ROOM, len(places)))
        self._lines[:k] = _solved(self._factor[:k, :k], at_told)
        self._left = 1 - (self._lines[:k] ** 2).sum(0)

    def __len__(self) -> int:
        return len(self.told)

    def fork(self) -> "Process":
        """Returns a process to add rows to, for as long as none is added to this one."""
        twin = copy(self)  # what it writes stands behind what this one has, which writes over it
        twin.told = list(self.told)
        return twin

    def add(self, place: int) -> None:
        """Conditions it on one more row; its target comes with `moments`."""
        k = len(self)
        if k == len(self._lines):
            self._grow()
        n = len(self._squares)
        before = self._lines[:k, place]
        scale = np.sqrt(max(1 - float(before @ before), 0.0) + self._noise)
        self._factor[k, :k], self._factor[k, k] = before, scale
        self._lines[k, :n] = (self._kernel([place])[0] - before @ self._lines[:k, :n]) / scale
        self._left = self._left - self._lines[k, :n] ** 2
        self.told.append(place)

    def extend(self, point: Floats) -> int:
        """Returns a new place, at ``(d,)`` coordinates."""
        k, n = len(self), len(self._squares)
        self.places = np.concatenate([self.places, point[None]])
        self._squares = np.append(self._squares, float(point @ point))
        if n == self._lines.shape[1]:
            self._lines = np.pad(self._lines, ((0, 0), (0, _ROOM)))
        self._lines[:k, n] = _solved(self._factor[:k, :k], self._kernel(self.told, n)[:, 0])
        self._left = np.append(self._left, 1 - float((self._lines[:k, n] ** 2).sum()))
        return n

    def moments(self, targets: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` deviations of the function, without noise.

        Args:
            targets: ``(k,)`` values that were told; those of the last rows may be missing, which
                then stand where the others put them: they narrow the deviations alone.
        """
        k = len(targets)
        along = _solved(self._factor[:k, :k], targets)
        return along @ self._lines[:k, : len(self._squares)], np.sqrt(np.maximum(self._left, 0.0))

    def fit(self, targets: Floats) -> Floats:
        """Returns ``(c,)`` logarithms of the likelihoods of ``(k, c)`` targets, but for a constant.

        The k are the first that were told.
        """
        k = len(targets)
        return np.asarray(-0.5 * (_solved(self._factor[:k, :k], targets) ** 2).sum(0))

    def _kernel(self, told: list[int], first: int = 0) -> Floats:
        """Returns ``(k, n - first)`` covariances between some places and those from a first one."""
        some, places = self.places[told], self.places[first:]
        apart = self._squares[told][:, None] + self._squares[first:] - 2 * some @ places.T
        return np.asarray(np.exp(np.maximum(apart, 0.0) / (-2 * self._length**2)))

    def _grow(self) -> None:
        self._factor = np.pad(self._factor, (0, _ROOM))
        self._lines = np.pad(self._lines, ((0, _ROOM), (0, 0)))


def _solved(factor: Floats, right: Floats) -> Floats:
    """Returns the solution of a lower triangular system."""
    return np.asarray(solve_triangular(factor, right, lower=True, check_finite=False))
