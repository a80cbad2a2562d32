"""Adaptive stochastic gradient Hamiltonian Monte Carlo (Springenberg et al., 2016, section 3)."""

from collections.abc import Callable

import torch

__all__ = ["AdaptiveSampler"]

_FRICTION = 0.05  # ε V^{-½} C, as in the paper
_LEAST = 1e-16  # of a gradient's mean square, so that nothing is divided by 0; chosen


class AdaptiveSampler:
    """Chains that move together.

    Scales of the gradients are learned for each parameter in the burn-in, and kept from then on.

    Attributes:
        place: ``(chains, parameters)``: where the chains are.
    """

    def __init__(
        self,
        place: torch.Tensor,
        energy: Callable[[torch.Tensor], torch.Tensor],
        step_size: float,
        generator: torch.Generator,
    ) -> None:
        """Takes what moves.

        Args:
            place: ``(chains, parameters)``: where the chains begin.
            energy: function of a place that returns an estimate of the negative log density, summed
                over chains.
            step_size: ε of the paper.
            generator: generator of the noise.
        """
        self.place, self._energy = place.clone().requires_grad_(True), energy
        self._step_size, self._generator = step_size, generator
        self._momentum = torch.zeros_like(place)
        self._window = torch.ones_like(place)  # τ of the paper
        self._mean = torch.ones_like(place)  # g
        self._square = torch.ones_like(place)  # V

    def step(self, adapt: bool) -> None:
        """Moves all chains once; with `adapt` it learns the scales."""
        (gradient,) = torch.autograd.grad(self._energy(self.place), self.place)
        with torch.no_grad():
            if adapt:
                self._adapt(gradient)
            scale = self._square**-0.5
            square = self._step_size**2
            variance = (2 * square * _FRICTION * scale - square**2).clamp_min(0)
            noise = torch.randn(gradient.shape, generator=self._generator, dtype=gradient.dtype)
            self._momentum *= 1 - _FRICTION
            self._momentum += variance.sqrt() * noise - square * scale * gradient
            self.place += self._momentum

    def _adapt(self, gradient: torch.Tensor) -> None:
        rate = 1 / (1 + self._window)  # 1 / τ would stay at 1, and V be the last square alone
        self._window += 1 - self._window * self._mean**2 / self._square
        self._mean += rate * (gradient - self._mean)
        self._square += rate * (gradient**2 - self._square)
        self._square.clamp_(min=_LEAST)
