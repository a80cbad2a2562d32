"""A Bayesian tanh network with one noise, sampled by chains."""

import math
from typing import Self

import numpy as np
import torch

from nascast.core.types import Floats
from nascast.predictors.model_based._tanh_networks import outputs, weights
from nascast.predictors.model_based.bohamiann.sampler import AdaptiveSampler
from nascast.predictors.model_based.bohamiann.settings import Settings

__all__ = ["BayesianNetwork"]


class BayesianNetwork:
    """Samples of a network's weights, and of the logarithm of its noise's variance.

    The priors are those of the initial weights, N(0, 1 / in), N(0, 1) for biases, and a normal one
    of the logarithm.
    """

    def __init__(self, settings: Settings, seed: int) -> None:
        self._settings, self._seed = settings, seed

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets of mean 0 and deviation 1.

        A column that does not vary is left out: its weights would stay draws from the prior, and
        add noise where it does vary.
        """
        s = self._settings
        generator = torch.Generator().manual_seed(self._seed)
        self._columns = np.flatnonzero(np.ptp(X, axis=0))
        varied = X[:, self._columns]
        layers = weights([varied.shape[1], s.width, s.width, 1], s.chains, generator)
        log_noise = torch.full((s.chains, 1, 1), math.log(s.noise), dtype=torch.float64)
        parts = [*layers, log_noise]
        self._shapes = [part.shape[1:] for part in parts]
        x, t = torch.from_numpy(varied), torch.from_numpy(np.ascontiguousarray(y))

        def energy(place: torch.Tensor) -> torch.Tensor:
            some = torch.randperm(len(t), generator=generator)[: s.batch]
            *layers, log_noise = self._parts(place)
            return self.energy(layers, log_noise, x[some], t[some], len(t))

        start = torch.cat([part.flatten(1) for part in parts], dim=1)
        sampler = AdaptiveSampler(start, energy, s.step_size, generator)
        kept = []
        for step in range(s.steps):
            sampler.step(adapt=step < s.burn_in)
            if step >= s.burn_in and (step - s.burn_in) % s.every == 0:
                kept.append(sampler.place.detach().clone())
        *self._layers, self._log_noise = self._parts(torch.cat(kept))
        return self

    def _parts(self, place: torch.Tensor) -> list[torch.Tensor]:
        """Returns weights and biases by turns, and the logarithms, of ``(k, parameters)``."""
        sizes = [math.prod(shape) for shape in self._shapes]
        flat = torch.split(place, sizes, dim=1)
        return [p.reshape(len(p), *shape) for p, shape in zip(flat, self._shapes, strict=True)]

    def energy(
        self,
        layers: list[torch.Tensor],
        log_noise: torch.Tensor,
        x: torch.Tensor,
        y: torch.Tensor,
        n: int,
    ) -> torch.Tensor:
        """Returns the negative log density of all chains' weights given n rows.

        Args:
            layers: weights and biases by turns, chains first.
            log_noise: ``(chains, 1, 1)`` logarithms of the noise's variance.
            x: ``(b, d)`` features of some of the rows.
            y: ``(b,)`` targets of these rows.
            n: number of all rows.
        """
        s = self._settings
        squares = (outputs(x, layers) - y) ** 2
        log = log_noise[..., 0]
        misfit = 0.5 * (squares / log.exp() + log).sum() * (n / len(y))
        prior = 0.5 * ((log - math.log(s.noise)) ** 2).sum() / s.noise_spread**2
        for weight, bias in zip(layers[::2], layers[1::2], strict=True):
            prior = prior + 0.5 * ((weight**2).sum() * weight.shape[1] + (bias**2).sum())
        return misfit + prior

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` means."""
        return self.predict_normal(X)[0]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations of a label, noise included."""
        with torch.no_grad():
            blocks = _blocks(X[:, self._columns])
            parts = [outputs(part, self._layers).numpy() for part in blocks]
            noise = self._log_noise.exp().mean().item()
        found = np.concatenate(parts, axis=1)
        return found.mean(0), np.sqrt(found.var(0) + noise)


def _blocks(X: Floats) -> tuple[torch.Tensor, ...]:
    """Returns the rows, some at a time, so that samples of large queries need little memory."""
    return torch.split(torch.from_numpy(X), 1000)
