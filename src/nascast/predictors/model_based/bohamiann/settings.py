"""The settings of BOHAMIANN."""

from dataclasses import dataclass

from nascast.core.errors import InvalidSettingError
from nascast.core.extras import check_extra

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the network and of the chains.

    Attributes:
        chains: number of chains.
        steps: number of steps of each, burn-in included.
        burn_in: number of steps in which the scales are learned and no sample is kept.
        every: number of steps from one sample to the next.
        noise: centre of the prior of the noise's variance.
        noise_spread: deviation of the prior of the logarithm of the noise's variance.
        step_size: ε of the sampler.
        width: width of the two hidden layers.
        batch: largest number of rows in a step.
    """

    chains: int
    steps: int
    burn_in: int
    every: int
    noise: float
    noise_spread: float
    step_size: float = 0.01
    width: int = 50
    batch: int = 100

    def __post_init__(self) -> None:
        check_extra("torch", "torch", "BOHAMIANN")
        if not (self.chains > 0 and self.every > 0 and 0 <= self.burn_in < self.steps):
            raise InvalidSettingError(
                "expected at least one chain, and fewer steps of burn-in than steps; got "
                f"{self.chains} chains, {self.burn_in} of {self.steps} steps, every {self.every}"
            )
