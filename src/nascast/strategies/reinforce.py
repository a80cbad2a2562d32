"""REINFORCE with an LSTM controller (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from nascast.strategies.controller.policy_gradient import PolicyGradient

if TYPE_CHECKING:
    from torch import Tensor

    from nascast.strategies.controller.network import Rows

__all__ = ["Reinforce"]


@dataclass(eq=False, kw_only=True)
class Reinforce(PolicyGradient):
    """Follows the gradient of section 3.2, the mean of (R − b) ∇ log p over 8 children.

    As in section 4.1 the controller has 2 layers of 35 units, first weights uniform in ±0.08, and
    Adam with a rate of 0.0006; the reward is the cube of the best validation accuracy of the last 5
    epochs. Skip connections are chosen at anchors.

    Deviations: one controller takes the place of 100 replicas that update 20 shards of it
    asynchronously; the number of layers does not grow during the search. The paper does not give
    the weight of the moving average, here 0.95 as in the paper of 2018.

    The rate is for the paper's 12,800 children: in 300 evaluations on NAS-Bench-201 the controller
    hardly leaves random search (mean test regret .58 of both, 30 seeds). The preset
    ``small`` has settings for a few hundred, chosen on nb201-mini: of 14 tried the fastest that
    reached its best row in all of 20 runs. On NAS-Bench-201 their regret is .40 (p < .001).
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {"small": {"learning_rate": 0.015, "minibatch": 5, "entropy": 0.003, "repeats": False}}
    )

    learning_rate: float = 6e-4
    minibatch: int = 8
    units: int = 35
    layers: int = 2
    spread: float = 0.08
    power: float = 3.0
    last: int = 5

    def _learn(self, rows: "Rows", advantages: "Tensor") -> float:
        return self._step(rows, lambda own: -(advantages / len(advantages)).expand_as(own))[1]
