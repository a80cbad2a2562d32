"""REINFORCE with an LSTM controller (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nascast.core.space import SearchSpace
from nascast.core.types import Genes, Objective
from nascast.strategies.controller.policy_gradient import (
    PolicyGradient,
    PolicySettings,
    with_settings,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Reinforce"]

_DEFAULTS = PolicySettings(
    learning_rate=6e-4, minibatch=8, units=35, layers=2, spread=0.08, power=3.0, last=5
)


class Reinforce(PolicyGradient):
    """Follows the gradient of section 3.2, the mean of (R − b) ∇ log p over 8 children.

    As in section 4.1 the controller has 2 layers of 35 units, first weights uniform in ±0.08, and
    Adam with a rate of 0.0006; the reward is the cube of the best validation accuracy of the last 5
    epochs. Skip connections are chosen at anchors.

    Deviations: one controller takes the place of 100 replicas that update 20 shards of it
    asynchronously; the number of layers does not grow during the search. The paper does not give
    the weight of the moving average, here 0.95 as in the paper of 2018.

    The rate is for the paper's 12,800 children: in 300 evaluations on NAS-Bench-201 the controller
    hardly leaves random search (mean test regret .58 of both, 30 seeds). `small_budget` are
    settings for a few hundred, chosen on nb201-mini: of 14 tried the fastest that reached its best
    row in all of 20 runs. On NAS-Bench-201 their regret is .40 (p < .001).
    """

    small_budget: Mapping[str, Any] = MappingProxyType(
        {"learning_rate": 0.015, "minibatch": 5, "entropy": 0.003, "repeats": False}
    )

    def __init__(
        self,
        space: SearchSpace,
        objectives: Sequence[Objective] = (Objective("val_accuracy"),),
        *,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes a fresh controller.

        Args:
            space: whose rows are proposed.
            objectives: the first is the reward.
            seed: of the first weights.
            settings: those of `PolicySettings` that are not the paper's.

        Raises:
            InvalidSettingError: a setting that is unknown or out of range.
        """
        super().__init__(space, objectives, seed=seed, settings=with_settings(_DEFAULTS, settings))

    def _learn(self, genes: Genes, advantages: "Tensor") -> float:
        logs, entropies = self._decisions(genes)
        self._step(-(logs.sum(1) * advantages).mean(), entropies)
        return float(entropies.detach().sum(1).mean())
