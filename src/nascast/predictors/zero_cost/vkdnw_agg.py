"""VKDNW's aggregate (Týbl & Neumann, CVPR 2025, https://arxiv.org/abs/2502.04975)."""

from nascast.predictors.zero_cost._ranks import RankAggregate

__all__ = ["VkdnwAgg"]


class VkdnwAgg(RankAggregate):
    """Fisher information with four other proxies, joined by the logarithms of their ranks.

    The others are `jacov`, `flops`, and of AZ-NAS `expressivity` and `trainability`.

    Deviation: ranks are those among random architectures; see the base class.
    """

    def __init__(self, reference: int = 100, *, seed: int = 0) -> None:
        """Chooses the reference.

        Args:
            reference: number of random architectures to rank among; chosen.
            seed: seed of the initial weights.
        """
        parts = ("vkdnw", "jacov", "expressivity", "trainability", "flops")
        super().__init__(parts, reference=reference, seed=seed)
