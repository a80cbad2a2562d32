"""The base class of controllers: proposing, rewards, the baseline, and minibatches."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Genes, Trial
from nascast.strategies.controller.critic import critic_named

if TYPE_CHECKING:
    from torch import Tensor

    from nascast.strategies.controller.network import Rows

__all__ = ["PolicyGradient"]

_TRIES = (12, 144)  # more draws for a row that is wanted, in rounds after the first; chosen


@dataclass(eq=False, kw_only=True)
class PolicyGradient(Strategy, ABC):
    """Draws rows from a controller, and makes those likelier whose reward is above a baseline.

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

    With a `critic`, a predictor, an update also sees children that the controller drew and nobody
    evaluated, with the rewards that the critic, fitted on all trials so far, foretells of them.
    Their advantages are multiplied by `critic_weight`. What was evaluated is not among them. Where
    the critic cannot be fitted the update does without, and a `SearchWarning` says so once. Its
    settings were chosen for PPO's preset ``small`` on nb201-mini and NAS-Bench-101, with the critic
    ``gp(encoding=graf)``; see docs/strategies.md.

    Attributes:
        learning_rate: learning rate of Adam.
        minibatch: number of trials told between two updates.
        units: number of units of each layer of the LSTM.
        layers: number of layers of the LSTM.
        spread: largest absolute value of an initial weight; they are uniform in ±spread.
        baseline: weight of the old value in the moving average of rewards.
        entropy: weight of the entropy, in nats a row, that is added to the reward.
        power: power of the score in the reward, see above.
        last: number of epochs at the end of a training of which the best score counts.
        repeats: whether architectures that were told already, or equivalent ones, are asked for
            again.
        critic: predictor that learns scores from labels, or its spec; None is no critic.
        critic_after: number of trials told before the critic is heard.
        critic_weight: weight of an advantage that is foretold, beside 1 of an evaluated one.
        imagined: number of children that are drawn for the critic in each update.

    Raises:
        InvalidSettingError: a setting is out of range, or the critic only ranks.
    """

    learns_early: ClassVar[bool] = False

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
    critic: str | Spec | PerformancePredictor | None = None
    critic_after: int = 10
    critic_weight: float = 2.0
    imagined: int = 100

    def __post_init__(self) -> None:
        from torch.optim import Adam

        from nascast.strategies.controller.network import Controller

        super().__post_init__()
        self._check()
        self.controller = Controller(
            self.space, units=self.units, layers=self.layers, spread=self.spread, seed=self.seed
        )
        self._adam = Adam(self.controller.parameters(), lr=self.learning_rate, fused=True)
        self._critic = None
        if self.critic is not None:
            self._critic = critic_named(self.critic, self)
        self._rewards: list[float] = []  # NaN for a failure before any success
        self._advantages: list[float] = []
        self._lowest = math.nan
        self._average = math.nan  # of the rewards: the baseline
        self._diagnostics: dict[str, list[float]] = {
            name: [] for name in ("trials", "reward", "baseline", "entropy")
        }

    def _check(self) -> None:
        counts = [self.minibatch, self.units, self.layers, self.last]
        counts += [self.imagined, self.critic_after]
        positive = (self.learning_rate, self.spread, self.power, self.critic_weight)
        if (
            not all(type(count) is int and count >= 1 for count in counts)
            or not all(0 < value < math.inf for value in positive)
            or not 0 <= self.baseline < 1
            or not 0 <= self.entropy < math.inf
        ):
            raise InvalidSettingError(
                "a controller needs whole numbers from 1 for minibatch, units, layers, last, "
                "imagined and critic_after, positive numbers for learning_rate, spread, power and "
                "critic_weight, a baseline from 0 to below 1 and an entropy from 0; got "
                f"{self._settings()}"
            )

    def _settings(self) -> str:
        own = [f.name for f in fields(self) if f.init and f.name not in ("space", "objectives")]
        return ", ".join(f"{name} {getattr(self, name)!r}" for name in own)

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        if not self.repeats:
            return super().ask(n, rng, pending)
        rows = self.propose(n, rng)
        for tries in _TRIES:
            if len(rows) >= n:
                break
            rows = np.concatenate([rows, self.propose((n - len(rows)) * tries, rng)])
        rows = np.concatenate([rows, self.space.sample(max(n - len(rows), 0), rng)])[:n]
        return [Candidate(self.space.architecture(row)) for row in rows]

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns those of n rows drawn at once that are valid."""
        rows = self.controller.draw(n, rng)
        return rows[self.space.is_valid(rows)]

    def learn(self, index: int) -> None:
        self._reward(self.history.trials[index])
        if (index + 1) % self.minibatch == 0:
            self._update()

    def _reward(self, trial: Trial) -> None:
        """Notes the reward of a trial and its advantage over the baseline, which then moves."""
        reward = self._rewarded(self._score(trial))
        if not math.isfinite(reward):
            reward = self._lowest
        self._rewards.append(reward)
        if math.isnan(reward):
            self._advantages.append(0.0)
            return
        if math.isnan(self._average):
            self._lowest = self._average = reward
        self._lowest = min(self._lowest, reward)
        self._advantages.append(reward - self._average)
        kept = self.baseline
        self._average = kept * self._average + (1 - kept) * reward

    def _rewarded(self, score: float) -> float:
        return math.copysign(abs(score / 100) ** self.power, score)

    def _score(self, trial: Trial) -> float:
        objective = self.objectives[0]
        final = objective.score(trial.evaluation)
        curve = trial.evaluation.curves.get(objective.metric, ())[-self.last :]
        scores = [final, *(-value if objective.minimize else value for value in curve)]
        return final if math.isnan(final) else float(np.nanmax(scores))

    def _update(self) -> None:
        import torch

        from nascast.core.threads import one_thread

        last = slice(-self.minibatch, None)
        rewards = np.asarray(self._rewards[last])
        genes, foretold = self._imagine()
        advantages = torch.tensor([*self._advantages[last], *foretold], dtype=torch.float32)
        genes = np.concatenate([self.history.genes[last], genes])
        with one_thread():
            entropy = self._learn_from(genes, advantages)
        finite = rewards[~np.isnan(rewards)]
        self._diagnostics["trials"].append(len(self.history))
        self._diagnostics["reward"].append(float(finite.mean()) if len(finite) else math.nan)
        self._diagnostics["baseline"].append(self._average)
        self._diagnostics["entropy"].append(entropy)

    def _imagine(self) -> tuple[Genes, list[float]]:
        """Returns drawn rows that nobody evaluated, and the advantages that are foretold."""
        none = np.empty((0, self.space.length), dtype=np.int16)
        told = len(self.history)
        if self._critic is None or told < self.critic_after:
            return none, []
        rng = np.random.default_rng([self.seed, told])
        drawn = self.propose(self.imagined, rng)
        new = [not self.met.holds(network) for network in self.met.networks(drawn)]
        if not any(new):
            return none, []
        prediction = self._critic.predict(self.history, drawn[new], rng)
        if prediction is None:
            return none, []
        fine = np.isfinite(prediction.mean)
        rewards = map(self._rewarded, prediction.mean[fine].tolist())
        return drawn[new][fine], [self.critic_weight * (r - self._average) for r in rewards]

    def _learn_from(self, genes: Genes, advantages: "Tensor") -> float:
        """Learns from those rows that the controller could have drawn; returns their entropy."""
        rows = self.controller.rows(genes)
        can = self.controller.can_draw(rows)
        if not can.any():
            return math.nan
        if not can.all():
            rows, advantages = self.controller.rows(genes[can.numpy()]), advantages[can]
        return self._learn(rows, advantages)

    @abstractmethod
    def _learn(self, rows: "Rows", advantages: "Tensor") -> float:
        """Changes the weights; returns the entropy of the controller before, in nats a row.

        Args:
            rows: rows of the minibatch.
            advantages: ``(minibatch,)`` rewards less the baseline.
        """

    def _step(self, rows: "Rows", slopes: Callable[["Tensor"], "Tensor"]) -> tuple["Tensor", float]:
        """Makes one step of Adam.

        The slopes of the softmax are written down here, those of the network are torch's: most of
        the time went into following small sums back one by one.

        Args:
            rows: rows of the minibatch.
            slopes: function from the log-probabilities of the decisions, ``(length, n)``, to the
                derivatives of the loss by each.

        Returns:
            These log-probabilities, and the entropy, in nats a row, before the step.
        """
        import torch

        logits = self.controller(rows)
        with torch.no_grad():
            logs = self.controller.logs(logits, rows)
            shares = logs.exp()
            own = logs.gather(2, rows.chosen)[:, :, 0]
            entropies = -(shares * logs).sum(2, keepdim=True)
            slope = slopes(own)[:, :, None]
            down = (-slope * shares).scatter_add_(2, rows.chosen, slope)
            if self.entropy:
                down += self.entropy / own.shape[1] * shares * (logs + entropies)
        self._adam.zero_grad()
        logits.backward(down)
        self._adam.step()
        return own, float(entropies.sum()) / own.shape[1]

    def learned(self) -> dict[str, npt.NDArray[Any]]:
        """Returns weights, the moments of Adam, rewards, advantages and the baseline."""
        found = {f"weights/{k}": w.detach().numpy() for k, w in self.controller.named_parameters()}
        for place, moments in self._adam.state_dict()["state"].items():
            found |= {f"adam/{place}/{name}": value.numpy() for name, value in moments.items()}
        series = {"rewards": self._rewards, "advantages": self._advantages, **self._diagnostics}
        found |= {f"series/{name}": np.asarray(values) for name, values in series.items()}
        return {**found, "baseline": np.asarray([self._lowest, self._average])}

    def recall(self, trials: Sequence[Trial], learned: Mapping[str, npt.NDArray[Any]]) -> None:
        import torch

        super().recall(trials, learned)
        moments: dict[int, dict[str, Tensor]] = {}
        weights = dict(self.controller.named_parameters())
        with torch.no_grad():
            for name, own in weights.items():
                own.copy_(torch.from_numpy(learned[f"weights/{name}"]))
            for key in (key for key in learned if key.startswith("adam/")):
                _, place, name = key.split("/")
                kept = torch.from_numpy(learned[key])
                like = list(weights.values())[int(place)] if kept.ndim else kept
                # Fused Adam takes moments to lie in memory as the weights do, and does not look.
                moments.setdefault(int(place), {})[name] = torch.empty_like(like).copy_(kept)
        self._adam.load_state_dict({**self._adam.state_dict(), "state": moments})
        self._rewards = learned["series/rewards"].tolist()
        self._advantages = learned["series/advantages"].tolist()
        self._diagnostics = {k: learned[f"series/{k}"].tolist() for k in self._diagnostics}
        self._lowest, self._average = learned["baseline"].tolist()

    def diagnostics(self) -> dict[str, list[float]]:
        """Returns series with a value for each update.

        They are the number of ``trials`` told by then; the mean ``reward`` of the minibatch; the
        ``baseline`` after it; and the controller's ``entropy`` in nats a row, estimated on the
        minibatch before the update.
        """
        return {name: list(values) for name, values in self._diagnostics.items()}
