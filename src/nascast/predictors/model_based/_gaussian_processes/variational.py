"""The variational sparse Gaussian process of Hensman et al., AISTATS 2015: SVGP."""

from typing import Any

import gpytorch
import numpy as np
import torch

from nascast.predictors.model_based._gaussian_processes.exact import Start
from nascast.predictors.model_based._gaussian_processes.inducing import inducing_points
from nascast.predictors.model_based._gaussian_processes.process import (
    Process,
    likelihood_of,
    scaled_rbf,
)

__all__ = ["VariationalProcess"]

_RATE = 0.05  # of Adam, for the parameters of the kernel and the noise; chosen


class VariationalModel(gpytorch.models.ApproximateGP):  # type: ignore[misc]
    """A zero mean, a kernel and a normal distribution of the whitened values at points."""

    def __init__(self, points: torch.Tensor, kernel: Any) -> None:
        values = gpytorch.variational.NaturalVariationalDistribution(len(points)).double()
        strategy = gpytorch.variational.VariationalStrategy(
            self, points, values, learn_inducing_locations=False
        )
        super().__init__(strategy)
        # Otherwise it would add noise of the global generator to the prior that it starts from.
        strategy.variational_params_initialized.fill_(1)
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = kernel

    def forward(self, x: torch.Tensor) -> Any:
        """Returns the prior at ``(n, d)`` rows."""
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


class VariationalProcess(Process):
    """A process that knows the training rows by a normal distribution of its inducing values."""

    def __init__(self, inducing: int, placement: str, steps: int, rng: np.random.Generator) -> None:
        """Chooses the points, see `inducing_points`, and the number of steps."""
        self._inducing, self._placement, self._steps, self._rng = inducing, placement, steps, rng

    def learn(self, x: torch.Tensor, y: torch.Tensor) -> None:
        start = Start()
        points = inducing_points(x, self._inducing, self._placement, self._rng)
        kernel = scaled_rbf(x.shape[1], start.variance, start.length_scale)
        self._model, self._likelihood = VariationalModel(points, kernel), likelihood_of(start.noise)
        self._model.train()
        bound = self.bound(len(y))
        kernel_steps = torch.optim.Adam(
            [*self._model.hyperparameters(), *self._likelihood.parameters()], lr=_RATE
        )
        # With normal noise and all rows, a natural gradient step of rate 1 is the optimum.
        values_step = gpytorch.optim.NGD(
            self._model.variational_parameters(), num_data=len(y), lr=1.0
        )
        # The last step leaves the kernel, so that the distribution is the best one for it.
        for optimizers in [(values_step, kernel_steps)] * self._steps + [(values_step,)]:
            values_step.zero_grad()
            kernel_steps.zero_grad()
            (-bound(self._model(x), y)).backward()
            for optimizer in optimizers:
                optimizer.step()
        self._model.eval()

    def bound(self, n: int) -> Any:
        """Returns the evidence lower bound for n rows, and the priors, over n."""
        return gpytorch.mlls.VariationalELBO(self._likelihood, self._model, num_data=n)

    def moments(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = self._likelihood(self._model(x))
        return found.mean, found.variance
