"""What the controllers share: asking, rewards, the baseline, and when to learn."""

import math
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.met import Met
from nascast.core.space import SearchSpace
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Genes, Objective, Trial

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["PolicyGradient", "PolicySettings", "with_settings"]

_TRIES = (12, 144)  # more draws for a row that is wanted, in rounds after the first; chosen
_SUPPORTED = -1e8  # log-probability below which a value was not allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """Settings of a controller and its training.

    Attributes:
        learning_rate: of Adam.
        minibatch: trials told between two updates.
        units, layers: of the LSTM.
        spread: the first weights are uniform in ±spread.
        baseline: weight of the old value in the moving average of rewards.
        entropy: weight of the entropy, in nats a row, that is added to the reward.
        power: of the score, see `PolicyGradient`.
        last: epochs at the end of a training of which the best score counts.
        repeats: whether architectures that were told already, or equivalent ones, are asked for
            again.
    """

    learning_rate: float
    minibatch: int
    units: int
    layers: int
    spread: float
    baseline: float = 0.95
    entropy: float = 0.0
    power: float = 1.0
    last: int = 1
    repeats: bool = True

    def __post_init__(self) -> None:
        counts = (self.minibatch, self.units, self.layers, self.last)
        positive = (self.learning_rate, self.spread, self.power)
        if (
            not all(type(count) is int and count >= 1 for count in counts)
            or not all(0 < value < math.inf for value in positive)
            or not 0 <= self.baseline < 1
            or not 0 <= self.entropy < math.inf
        ):
            raise InvalidSettingError(
                "a controller needs whole numbers from 1 for minibatch, units, layers and last, "
                "positive numbers for learning_rate, spread and power, a baseline from 0 to below "
                f"1 and an entropy from 0; got {self}"
            )


AnySettings = TypeVar("AnySettings", bound=PolicySettings)


def with_settings(defaults: AnySettings, changes: Mapping[str, Any] | None) -> AnySettings:
    """Returns the defaults with some settings changed.

    Raises:
        InvalidSettingError: one that is unknown, or out of range.
    """
    known = [field.name for field in fields(defaults)]
    unknown = sorted(set(changes or ()) - set(known))
    if unknown:
        raise InvalidSettingError(
            f"unknown setting {unknown[0]!r} of a controller; known are {', '.join(known)}"
        )
    return replace(defaults, **(changes or {}))


class PolicyGradient(Strategy):
    """Draws rows from a controller and makes those likelier whose reward is above a baseline.

    The reward of a trial is sign(s) · |s / 100|^power, where s is the first objective's score,
    larger being better; where the evaluation has a curve of it, s is the best of its `last` values.
    For an accuracy in percent that is accuracy^power. A failed trial has the lowest reward so far,
    and before any success it teaches nothing. The baseline is a moving average of the rewards
    before a trial; it begins with the first one, so that the first trial has no advantage. Adam
    makes the scale of rewards irrelevant, but for the weight of the entropy beside them.

    Rows that the space refuses are drawn again, and so are known ones where `repeats` is off. The
    update takes the probability p of a row before that: the expected step is then, up to its
    length, the gradient of E_p[R] in which a refused row is worth as much as the baseline. So the
    controller is neither drawn to what is refused nor pushed away. What a few rounds do not find
    comes from the space's own sampler, and teaches as if the controller had drawn it.

    Learning takes place in `tell`, whenever `minibatch` more trials were told, in that order. With
    asynchronous workers some of them were drawn by an older controller; no correction is made.
    Trials that others proposed teach too, except rows that the controller could not have drawn.
    """

    def __init__(
        self,
        space: SearchSpace,
        objectives: Sequence[Objective],
        *,
        seed: int,
        settings: PolicySettings,
    ) -> None:
        from torch.optim import Adam

        from nascast.strategies.controller.network import Controller

        super().__init__(space, objectives, seed=seed)
        self.settings = settings
        self.controller = Controller(
            space,
            units=settings.units,
            layers=settings.layers,
            spread=settings.spread,
            seed=seed,
        )
        self._adam = Adam(self.controller.parameters(), lr=settings.learning_rate)
        self._met = Met(space)
        self._rewards: list[float] = []  # NaN for a failure before any success
        self._advantages: list[float] = []
        self._lowest = math.nan
        self._baseline = math.nan
        self._diagnostics: dict[str, list[float]] = {
            name: [] for name in ("trials", "reward", "baseline", "entropy")
        }

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        def draw(size: int) -> Genes:
            rows = self.controller.draw(size, rng)
            return rows[self.space.is_valid(rows)]

        if not self.settings.repeats:
            return self._met.propose(n, rng, draw, pending=pending)
        rows = draw(n)
        for tries in _TRIES:
            if len(rows) >= n:
                break
            rows = np.concatenate([rows, draw((n - len(rows)) * tries)])
        rows = np.concatenate([rows, self.space.sample(max(n - len(rows), 0), rng)])[:n]
        return [Candidate(self.space.architecture(row)) for row in rows]

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            super().tell([trial])
            if not self.settings.repeats:
                self._met.add([trial])
            self._reward(trial)
            if len(self.history) % self.settings.minibatch == 0:
                self._update()

    def _reward(self, trial: Trial) -> None:
        """Notes the reward of a trial and its advantage over the baseline, which then moves."""
        score = self._score(trial)
        reward = math.copysign(abs(score / 100) ** self.settings.power, score)
        if not math.isfinite(reward):
            reward = self._lowest
        self._rewards.append(reward)
        if math.isnan(reward):
            self._advantages.append(0.0)
            return
        if math.isnan(self._baseline):
            self._lowest = self._baseline = reward
        self._lowest = min(self._lowest, reward)
        self._advantages.append(reward - self._baseline)
        kept = self.settings.baseline
        self._baseline = kept * self._baseline + (1 - kept) * reward

    def _score(self, trial: Trial) -> float:
        objective = self.objectives[0]
        final = objective.score(trial.evaluation)
        curve = trial.evaluation.curves.get(objective.metric, ())[-self.settings.last :]
        scores = [final, *(-value if objective.minimize else value for value in curve)]
        return final if math.isnan(final) else float(np.nanmax(scores))

    def _update(self) -> None:
        import torch

        from nascast.core.threads import one_thread

        last = slice(-self.settings.minibatch, None)
        genes, rewards = self.history.genes[last], np.asarray(self._rewards[last])
        advantages = torch.tensor(self._advantages[last], dtype=torch.float32)
        with one_thread():
            entropy = self._learn(genes, advantages)
        finite = rewards[~np.isnan(rewards)]
        self._diagnostics["trials"].append(len(self.history))
        self._diagnostics["reward"].append(float(finite.mean()) if len(finite) else math.nan)
        self._diagnostics["baseline"].append(self._baseline)
        self._diagnostics["entropy"].append(entropy)

    @abstractmethod
    def _learn(self, genes: Genes, advantages: "Tensor") -> float:
        """Changes the weights; returns the entropy of the controller before, in nats a row.

        Args:
            genes: ``(minibatch, length)``.
            advantages: ``(minibatch,)``.
        """

    def _decisions(self, genes: Genes) -> tuple["Tensor", "Tensor"]:
        """Returns log-probabilities and entropies, ``(n, length)``; 0 in rows never drawn."""
        logs, entropies = self.controller(genes)
        drawn = (logs > _SUPPORTED).all(1, keepdim=True)
        return logs.where(drawn, 0), entropies.where(drawn, 0)

    def _step(self, loss: "Tensor", entropies: "Tensor") -> None:
        """Makes one step of Adam down a loss less the weighted entropy, (n, length)."""
        self._adam.zero_grad()
        (loss - self.settings.entropy * entropies.sum(1).mean()).backward()  # type: ignore[no-untyped-call]
        self._adam.step()

    def diagnostics(self) -> dict[str, list[float]]:
        """Returns a value for each update.

        ``trials`` told by then; mean ``reward`` of the minibatch; the ``baseline`` after it; the
        controller's ``entropy`` in nats a row, estimated on the minibatch before the update.
        """
        return {name: list(values) for name, values in self._diagnostics.items()}
