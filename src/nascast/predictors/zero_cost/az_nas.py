"""AZ-NAS (Lee & Ham, CVPR 2024, https://arxiv.org/abs/2403.19232)."""

from nascast.predictors.zero_cost._ranks import RankAggregate

__all__ = ["AzNas"]


class AzNas(RankAggregate):
    """Four sides of an untrained network, joined by the logarithms of their ranks.

    The sides are `expressivity`, `progressivity`, `trainability` and, as complexity, `flops`.

    Deviation: ranks are those among random architectures; see the base class.
    """

    def __init__(self, reference: int = 100, *, seed: int = 0) -> None:
        """Chooses the reference.

        Args:
            reference: number of random architectures to rank among; chosen.
            seed: seed of the initial weights.
        """
        parts = ("expressivity", "progressivity", "trainability", "flops")
        super().__init__(parts, reference=reference, seed=seed)
