"""The exact Gaussian process (Rasmussen & Williams 2006)."""

from dataclasses import dataclass
from typing import Any

import gpytorch
import numpy as np
import torch

from nascast.predictors.model_based._gaussian_processes.process import (
    Process,
    likelihood_of,
    maximize,
    scaled_rbf,
)

__all__ = ["ExactProcess", "Start"]


@dataclass(frozen=True, slots=True)
class Start:
    """The kernel's parameters to start with.

    Attributes:
        variance: variance of the function.
        length_scale: length-scale of the function; None is half of √d.
        noise: variance of the noise.
    """

    variance: float = 1.0
    length_scale: float | None = None
    noise: float = 0.1


class ExactModel(gpytorch.models.ExactGP):  # type: ignore[misc]
    """A zero mean and a kernel, conditioned on all training rows."""

    def __init__(self, x: torch.Tensor, y: torch.Tensor, likelihood: Any, kernel: Any) -> None:
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = kernel

    def forward(self, x: torch.Tensor) -> Any:
        """Returns the prior at ``(n, d)`` rows."""
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    def maximize(self, steps: int) -> None:
        """Moves the parameters to the largest marginal likelihood, times the priors."""
        self.train()
        likelihood = gpytorch.mlls.ExactMarginalLogLikelihood(self.likelihood, self)
        x, y = self.train_inputs[0], self.train_targets
        maximize(self, lambda: likelihood(self(x), y), steps)

    def moments(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns ``(n,)`` means and ``(n,)`` variances of labels, noise included."""
        self.eval()
        found = self.likelihood(self(x))
        return found.mean, found.variance


class ExactProcess(Process):
    """Parameters that are most probable on some training rows, conditioned on all of them."""

    def __init__(self, start: Start, steps: int, most: int, rng: np.random.Generator) -> None:
        """Chooses how parameters are found.

        Args:
            start: parameters to start with.
            steps: most steps of L-BFGS; 0 leaves the parameters.
            most: number of training rows that parameters are learned on.
            rng: generator that draws these rows.
        """
        self._start, self._steps, self._most = start, steps, most
        self._order = rng

    def learn(self, x: torch.Tensor, y: torch.Tensor) -> None:
        kernel = scaled_rbf(x.shape[1], self._start.variance, self._start.length_scale)
        likelihood = likelihood_of(self._start.noise)
        some = torch.from_numpy(np.sort(self._order.permutation(len(x))[: self._most]))
        ExactModel(x[some], y[some], likelihood, kernel).maximize(self._steps)
        self._model = ExactModel(x, y, likelihood, kernel)

    def moments(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._model.moments(x)
