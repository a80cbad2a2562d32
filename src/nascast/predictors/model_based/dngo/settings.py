"""The settings of DNGO."""

from dataclasses import dataclass

from nascast.core.extras import check_extra

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the networks and of the chains.

    Attributes:
        members: number of networks.
        steps: number of steps of Adam, each on all rows.
        learning_rate: rate of Adam at first; it falls to 0 along a cosine.
        weight_decay: factor of the squared weights in the sum of squared errors.
        burn_in: moves of each walker that are not looked at.
        chain: further moves of each walker, the last of which is a sample.
        layers: number of hidden layers.
        width: width of each.
    """

    members: int
    steps: int
    learning_rate: float
    weight_decay: float
    burn_in: int
    chain: int
    layers: int = 3
    width: int = 50

    def __post_init__(self) -> None:
        check_extra("torch", "torch", "DNGO")
        check_extra("emcee", "bayes", "DNGO")
