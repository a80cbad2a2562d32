"""A tanh network, and Bayesian linear regression on its last hidden layer."""

from typing import Self

import emcee
import numpy as np
import torch

from nascast.core.types import Floats
from nascast.predictors.model_based._evidence import Evidence
from nascast.predictors.model_based._tanh_networks import hidden, outputs, weights
from nascast.predictors.model_based.dngo.settings import Settings

__all__ = ["AdaptiveBasis", "precisions"]

_WALKERS = 20  # as in the 2021 study; the last place of each is a sample
# Means and deviations of the normal priors of log α and log β, those of the study's regression.
_PRIOR = np.array([[0.0, 3.0], [1.0, 1.0]])


class AdaptiveBasis:
    """Networks whose last hidden layers are the features of Bayesian linear regressions.

    Predictions are the mixture over networks and over samples of the precisions (α, β).
    """

    def __init__(self, settings: Settings, seed: int) -> None:
        self._settings, self._seed = settings, seed

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets of mean 0 and deviation 1."""
        generator = torch.Generator().manual_seed(self._seed)
        widths = [self._settings.width] * self._settings.layers
        self._networks = weights([X.shape[1], *widths, 1], self._settings.members, generator)
        self._train(torch.from_numpy(X), torch.from_numpy(np.ascontiguousarray(y)))
        self._parts = []
        for k, basis in enumerate(self._bases(X)):
            evidence = Evidence.of(basis, y)
            steps = self._settings.burn_in, self._settings.chain
            self._parts.append((evidence, precisions(evidence, *steps, self._seed + k)))
        return self

    def _train(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Minimises the squared error of every network, all rows at once."""
        for weight in self._networks:
            weight.requires_grad_(True)
        optimizer = torch.optim.Adam(self._networks, lr=self._settings.learning_rate)
        decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(self._settings.steps, 1))
        decay_rate = self._settings.weight_decay / len(y)
        for _ in range(self._settings.steps):
            optimizer.zero_grad()
            squares = sum((weight**2).sum() for weight in self._networks[::2])
            error = ((outputs(x, self._networks) - y) ** 2).mean(1).sum()
            loss = error + decay_rate * squares
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            decay.step()
        self._networks = [weight.detach() for weight in self._networks]

    def _bases(self, X: Floats) -> Floats:
        """Returns ``(members, n, width + 1)``: the last hidden layers, and ones."""
        with torch.no_grad():
            last = hidden(torch.from_numpy(X), self._networks).numpy()
        return np.concatenate([last, np.ones((*last.shape[:2], 1))], axis=2)

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` means."""
        return self.predict_normal(X)[0]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations of a label, noise included."""
        found = [
            evidence.predict(basis, *samples)
            for basis, (evidence, samples) in zip(self._bases(X), self._parts, strict=True)
        ]
        mean = np.concatenate([mean for mean, _ in found])
        variance = np.concatenate([variance for _, variance in found])
        return mean.mean(0), np.sqrt(variance.mean(0) + mean.var(0))


def precisions(evidence: Evidence, burn_in: int, chain: int, seed: int) -> tuple[Floats, Floats]:
    """Returns ``(20,)`` samples of α and of β: where emcee's walkers are in the end.

    Args:
        evidence: evidence about the weights.
        burn_in: number of moves of each walker before it is where it should be.
        chain: number of further moves.
        seed: seed of the walkers.
    """

    def log_density(logs: Floats) -> Floats:
        with np.errstate(over="ignore"):
            found = evidence.log(*np.exp(np.clip(logs.T, -30, 30)))
        return np.asarray(found - 0.5 * (((logs - _PRIOR[0]) / _PRIOR[1]) ** 2).sum(1))

    rng = np.random.default_rng(seed)
    start = rng.normal(_PRIOR[0], _PRIOR[1], (_WALKERS, 2))
    sampler = emcee.EnsembleSampler(_WALKERS, 2, log_density, vectorize=True)
    state = np.random.MT19937(seed).state["state"]  # its generator is of NumPy's older kind
    sampler.random_state = ("MT19937", state["key"], state["pos"])
    last = sampler.run_mcmc(start, burn_in + chain, store=False).coords
    alpha, beta = np.exp(last.T)
    return alpha, beta
