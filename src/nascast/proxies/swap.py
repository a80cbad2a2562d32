"""SWAP (Peng et al., ICLR 2024, https://arxiv.org/abs/2403.04161)."""

import math
from typing import TYPE_CHECKING

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Swap"]


class Swap(Proxy):
    """The number of different patterns in which rectified units divide a batch.

    A unit's pattern says for which images it is active. The regularised score is multiplied by
    ``exp(−(p − mu)² / sigma)``, which prefers networks with p = `mu` million parameters.
    """

    name = "swap"

    def __init__(
        self, seed: int = 0, *, mu: float | None = None, sigma: float | None = None
    ) -> None:
        """Chooses the regularisation.

        Args:
            seed: seed of the initial weights.
            mu: preferred number of parameters, in millions; None for no preference.
            sigma: width of the preference, in millions squared; given with `mu`.
        """
        if (mu is None) != (sigma is None) or (sigma is not None and not sigma > 0):
            raise InvalidSettingError(
                f"mu and a positive sigma are given together or not at all; got {mu} and {sigma}"
            )
        super().__init__(seed)
        self.mu, self.sigma = mu, sigma

    def score(self, passes: "Passes") -> float:
        from nascast.networks.counting import parameters
        from nascast.proxies.passes.codes import patterns

        ordered = np.sort(patterns(passes.rectified()))  # np.unique takes 10 times as long
        different = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
        if self.mu is None or self.sigma is None:
            return float(different)
        size = parameters(passes.network()) / 1e6
        return different * math.exp(-((size - self.mu) ** 2) / self.sigma)
