"""The sparse Gaussian process of Titsias, AISTATS 2009: SGPR, also called VFE."""

import math

import numpy as np
import torch

from nascast.predictors.model_based._gaussian_processes.exact import Start
from nascast.predictors.model_based._gaussian_processes.inducing import inducing_points
from nascast.predictors.model_based._gaussian_processes.process import (
    Process,
    likelihood_of,
    log_prior,
    maximize,
    scaled_rbf,
)

__all__ = ["SparseProcess"]

_JITTER = 1e-8  # relative to the variance, on the diagonal at the inducing points; chosen


class SparseProcess(Process):
    """A process that knows the training rows by what it is at inducing points.

    Kernel, priors and likelihood are GPyTorch's. The bound and the prediction are written out:
    GPyTorch 1.15 takes longer for them, and its predictive variance is that of the
    projected process, which is far too small between the points.
    """

    def __init__(self, inducing: int, placement: str, steps: int, rng: np.random.Generator) -> None:
        """Chooses the points, see `inducing_points`, and the most steps of L-BFGS."""
        self._inducing, self._placement, self._steps, self._rng = inducing, placement, steps, rng

    def learn(self, x: torch.Tensor, y: torch.Tensor) -> None:
        start = Start()
        self._points = inducing_points(x, self._inducing, self._placement, self._rng)
        self._kernel = scaled_rbf(x.shape[1], start.variance, start.length_scale)
        self._likelihood = likelihood_of(start.noise)
        model = torch.nn.ModuleList([self._kernel, self._likelihood])
        maximize(model, lambda: self.bound(x, y) + log_prior(self._kernel), self._steps)
        with torch.no_grad():
            self._factor, self._posterior, self._weights = self._solve(x, y)

    def bound(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Returns the lower bound of the log marginal likelihood, equation 9 of the paper."""
        n, noise = len(y), self._likelihood.noise[0]
        factor, posterior, weights = self._solve(x, y)
        projected = torch.linalg.solve_triangular(factor, self._cross(x), upper=False)
        lost = n * self._kernel.outputscale - (projected**2).sum()  # trace of what they leave out
        fit = (y @ y) / noise - weights @ weights + lost / noise
        logs = n * torch.log(2 * math.pi * noise) + 2 * posterior.diagonal().log().sum()
        return torch.as_tensor(-0.5 * (fit + logs))

    def moments(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        projected = torch.linalg.solve_triangular(self._factor, self._cross(x), upper=False)
        known = torch.linalg.solve_triangular(self._posterior, projected, upper=False)
        variance = self._kernel.outputscale - (projected**2).sum(0) + (known**2).sum(0)
        return self._weights @ known, variance.clamp_min(0) + self._likelihood.noise

    def _cross(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self._kernel(self._points, x).to_dense())

    def _solve(
        self, x: torch.Tensor, y: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Returns L of ``K = L Lᵀ`` at the points, that of ``I + B Bᵀ``, and its solution of B y.

        B is ``L⁻¹ K(points, x) / σ``, and y is over σ too.
        """
        deviation = self._likelihood.noise.sqrt()
        jitter = _JITTER * self._kernel.outputscale * torch.eye(len(self._points), dtype=x.dtype)
        factor = torch.linalg.cholesky(self._cross(self._points) + jitter)
        b = torch.linalg.solve_triangular(factor, self._cross(x), upper=False) / deviation
        posterior = torch.linalg.cholesky(torch.eye(len(b), dtype=x.dtype) + b @ b.T)
        right = (b @ y / deviation)[:, None]
        weights = torch.linalg.solve_triangular(posterior, right, upper=False)[:, 0]
        return factor, posterior, weights
