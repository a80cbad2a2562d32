"""Proximal policy optimisation of an LSTM controller, as NASNet was found.

Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012, appendix A; Schulman et al., 2017,
https://arxiv.org/abs/1707.06347.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nascast.core.errors import InvalidSettingError
from nascast.core.space import SearchSpace
from nascast.core.types import Genes, Objective
from nascast.strategies.controller.policy_gradient import (
    PolicyGradient,
    PolicySettings,
    with_settings,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PPO"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings(PolicySettings):
    """Settings with those of PPO.

    Attributes:
        clip: ratios of probabilities beyond 1 ± clip earn nothing more.
        epochs: steps of Adam on each minibatch.
    """

    clip: float
    epochs: int

    def __post_init__(self) -> None:
        super(_Settings, self).__post_init__()
        if not 0 < self.clip < 1 or type(self.epochs) is not int or self.epochs < 1:
            raise InvalidSettingError(
                "ppo: clip is between 0 and 1 and epochs a whole number from 1; "
                f"got {self.clip!r} and {self.epochs!r}"
            )


_DEFAULTS = _Settings(
    learning_rate=3.5e-4,
    minibatch=20,
    units=100,
    layers=1,
    spread=0.1,
    entropy=1e-5,
    clip=0.2,
    epochs=4,
)


class PPO(PolicyGradient):
    """Maximises min(r A, clip(r, 1 ± clip) A), equation 7 of Schulman et al., on 20 children.

    r is the probability of a decision over the one before the update, A the reward less the
    baseline. From appendix A of Zoph et al. are one layer of 100 units, first weights uniform in
    ±0.1, the rate 0.00035, the entropy's weight 0.00001 and the baseline's 0.95; the reward is the
    validation accuracy. The paper does not give the clip, 0.2 as in Schulman et al., the optimiser,
    Adam, nor the steps on a minibatch: 4, chosen.

    Deviation: the controller that drew a row is not stored. The one before the update takes its
    place, so that with asynchronous workers some ratios start from slightly other probabilities.

    The rate is for the paper's 20,000 children: in 300 evaluations on NAS-Bench-201 the controller
    hardly leaves random search (mean test regret .55 against .58, 30 seeds). `small_budget` are
    settings for a few hundred, chosen on nb201-mini: of 7 tried the fastest that reached its best
    row in all of 20 runs. On NAS-Bench-201 their regret is .39 (p < .001).
    """

    small_budget: Mapping[str, Any] = MappingProxyType(
        {"learning_rate": 0.003, "minibatch": 5, "entropy": 0.0, "repeats": False}
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
            settings: those of `PolicySettings`, and ``clip`` and ``epochs``, that are not the
                paper's.

        Raises:
            InvalidSettingError: a setting that is unknown or out of range.
        """
        chosen = with_settings(_DEFAULTS, settings)
        self._clip, self._epochs = chosen.clip, chosen.epochs
        super().__init__(space, objectives, seed=seed, settings=chosen)

    def _learn(self, genes: Genes, advantages: "Tensor") -> float:
        logs, entropies = self._decisions(genes)
        old, before = logs.detach(), float(entropies.detach().sum(1).mean())
        for epoch in range(self._epochs):
            if epoch:
                logs, entropies = self._decisions(genes)
            self._step(_loss((logs - old).exp(), advantages[:, None], self._clip), entropies)
        return before


def _loss(ratios: "Tensor", advantages: "Tensor", clip: float) -> "Tensor":
    """Returns the negative clipped objective: decisions of a row are summed, rows averaged.

    Args:
        ratios: ``(n, length)``.
        advantages: ``(n, 1)``, or one for each decision.
        clip: as in `_Settings`.
    """
    gains = (ratios * advantages).minimum(ratios.clamp(1 - clip, 1 + clip) * advantages)
    return -gains.sum(1).mean()
