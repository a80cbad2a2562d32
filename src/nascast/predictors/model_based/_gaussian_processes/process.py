"""What exact and sparse Gaussian processes share: inputs, kernel, fitting and prediction."""

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

import gpytorch
import numpy as np
import torch
from linear_operator.utils.warnings import NumericalWarning
from scipy.optimize import minimize
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from nascast.core.types import Floats

__all__ = ["Process", "likelihood_of", "log_prior", "maximize", "scaled_rbf"]

_BLOCK = 500  # rows predicted at once, so that memory does not grow with the query; chosen
_LEAST_NOISE = 1e-4  # variance, of labels whose variance is 1; keeps the Cholesky factor; chosen
_RAW = 12.0  # bound of parameters before the softplus, so that no line search runs off; chosen


class Process(ABC):
    """A Gaussian process with a zero mean, for targets of mean 0 and deviation 1.

    The columns of the features are scaled to [0, 1] on the training rows, which leaves one-hot
    encodings as they are. All is in double precision.
    """

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        self._low = X.min(axis=0)
        spread = X.max(axis=0) - self._low
        self._spread = np.where(spread > 0, spread, 1.0)
        with _settings():
            self.learn(self._scaled(X), torch.from_numpy(np.ascontiguousarray(y)))
        return self

    @abstractmethod
    def learn(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Learns from ``(n, d)`` scaled features and ``(n,)`` targets."""

    @abstractmethod
    def moments(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns ``(n,)`` means and ``(n,)`` variances of labels, noise included."""

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` means."""
        return self.predict_normal(X)[0]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations of a label, noise included."""
        means, variances = [], []
        with torch.no_grad(), _settings():
            for part in torch.split(self._scaled(X), _BLOCK):
                mean, variance = self.moments(part)
                means.append(mean.numpy())
                variances.append(variance.numpy())
        return np.concatenate(means), np.sqrt(np.concatenate(variances))

    def _scaled(self, X: Floats) -> torch.Tensor:
        return torch.from_numpy((X - self._low) / self._spread)


def scaled_rbf(d: int, variance: float, length_scale: float | None) -> Any:
    """Returns ``variance · exp(−|x − x'|² / (2 length_scale²))`` with priors.

    The prior of the length-scale grows with the number of columns (Hvarfner et al., ICML 2024,
    https://arxiv.org/abs/2402.02229): LogNormal(√2 + ½ log d, √3). That of the variance is
    LogNormal(0, 1), as in the 2021 study.

    Args:
        d: number of columns.
        variance: variance to start with.
        length_scale: length-scale to start with; None is half of √d.
    """
    prior = gpytorch.priors.LogNormalPrior
    rbf = gpytorch.kernels.RBFKernel(
        lengthscale_prior=prior(math.sqrt(2) + math.log(d) / 2, math.sqrt(3))
    )
    kernel = gpytorch.kernels.ScaleKernel(rbf, outputscale_prior=prior(0.0, 1.0)).double()
    kernel.outputscale = variance
    rbf.lengthscale = math.sqrt(d) / 2 if length_scale is None else length_scale
    return kernel


def likelihood_of(noise: float) -> Any:
    """Returns a Gaussian likelihood whose noise has this variance to start with."""
    bound = gpytorch.constraints.GreaterThan(_LEAST_NOISE)
    likelihood = gpytorch.likelihoods.GaussianLikelihood(noise_constraint=bound).double()
    likelihood.noise = max(noise, 2 * _LEAST_NOISE)
    return likelihood


def log_prior(kernel: Any) -> torch.Tensor:
    """Returns the log density of the priors of a kernel's parameters."""
    total = torch.zeros((), dtype=torch.float64)
    for _, module, prior, closure, _ in kernel.named_priors():
        total = total + prior.log_prob(closure(module)).sum()
    return total


def maximize(model: Any, bound: Callable[[], torch.Tensor], steps: int) -> None:
    """Moves the parameters that need gradients to where a bound is largest, by L-BFGS.

    Args:
        model: module whose parameters move.
        bound: function that computes the bound with the parameters as they are.
        steps: most steps; 0 leaves the parameters.
    """
    if not steps:
        return
    free = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def negative(values: Floats) -> tuple[float, Floats]:
        with torch.no_grad():
            vector_to_parameters(torch.from_numpy(values.copy()), free)
        loss = -bound()
        slopes = torch.autograd.grad(loss, free)
        return loss.item(), parameters_to_vector(slopes).numpy()

    with torch.no_grad():
        start = parameters_to_vector(free).numpy().clip(-_RAW, _RAW)
    limits = [(-_RAW, _RAW)] * len(start)
    options = {"maxiter": steps}
    found = minimize(negative, start, jac=True, method="L-BFGS-B", bounds=limits, options=options)
    with torch.no_grad():
        vector_to_parameters(torch.from_numpy(found.x), free)


class _settings:  # noqa: N801 — reads like GPyTorch's own settings
    """Exact linear algebra instead of conjugate gradients, and no warnings of added jitter."""

    def __enter__(self) -> None:
        self._held = [
            gpytorch.settings.fast_computations(False, False, False),
            gpytorch.settings.max_cholesky_size(10**9),
            gpytorch.settings.fast_pred_var(),  # of a Cholesky factor's inverse, so also exact
            gpytorch.settings.debug(False),  # a query may repeat the training rows
            gpytorch.settings.sgpr_diagonal_correction(False),  # that would be FITC
            warnings.catch_warnings(),
        ]
        for held in self._held:
            held.__enter__()
        warnings.simplefilter("ignore", NumericalWarning)

    def __exit__(self, *error: object) -> None:
        for held in reversed(self._held):
            held.__exit__(*error)
