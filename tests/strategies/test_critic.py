"""Controllers with a predictor as critic."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, SearchWarning
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Candidate, Evaluation, Genes, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.ppo import PPO
from nascast.strategies.reinforce import Reinforce

SPACE = NasBench201()


class Oracle(PerformancePredictor):
    """Knows that only the number of 3 × 3 convolutions counts."""

    axes = frozenset({"train_size"})

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        self.labels = len(ledger.labels(train))

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return Prediction(10.0 * (genes == 3).sum(1))


class Broken(Oracle):
    """Cannot be fitted."""

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        raise np.linalg.LinAlgError("not positive definite")


def constant(strategy: PPO | Reinforce, n: int) -> None:
    """Tells n trials of different rows, all with one reward, which teaches nothing."""
    rows = SPACE.sample(n, np.random.default_rng(5))
    for k, row in enumerate(rows):
        candidate = Candidate(SPACE.architecture(row))
        strategy.tell([Trial(k, candidate, Evaluation({"val_accuracy": 10.0}, 1.0), float(k))])


def same(one: PPO, other: PPO) -> None:
    rows = [strategy.propose(50, np.random.default_rng(1)) for strategy in (one, other)]
    np.testing.assert_array_equal(rows[0], rows[1])


@pytest.mark.parametrize("kind", [PPO, Reinforce])
def test_what_the_critic_foretells_moves_the_controller(kind: type[PPO | Reinforce]) -> None:
    settings = {
        "learning_rate": 0.01,
        "minibatch": 5,
        "units": 16,
        "critic": Oracle(),
        "critic_after": 10,
    }
    strategy = kind(SPACE, **settings)  # type: ignore[arg-type]
    constant(strategy, 100)
    alone = kind(SPACE, learning_rate=0.01, minibatch=5, units=16)
    constant(alone, 100)
    means = [(s.propose(300, np.random.default_rng(0)) == 3).mean() for s in (strategy, alone)]
    assert means[0] > means[1] + 0.2


def test_the_critic_is_heard_after_enough_trials_alone_and_retelling_is_the_same() -> None:
    silent = PPO(SPACE, minibatch=5, critic=Oracle(), critic_after=31)
    constant(silent, 30)
    plain = PPO(SPACE, minibatch=5)
    constant(plain, 30)
    same(silent, plain)
    one, other = (PPO(SPACE, minibatch=5, critic="bayesian_linear_regression") for _ in range(2))
    constant(one, 40)
    other.tell(one.history.trials)
    same(one, other)


def test_critics_that_fail_are_told_once_and_those_that_only_rank_are_refused() -> None:
    strategy = PPO(SPACE, minibatch=5, critic=Broken(), critic_after=5)
    with pytest.warns(SearchWarning, match="could not be fitted on"):
        constant(strategy, 5)
    more = strategy.ask(5, np.random.default_rng(0))
    fine = Evaluation({"val_accuracy": 9.0}, 1.0)
    strategy.tell([Trial(5 + k, c, fine, 5.0 + k) for k, c in enumerate(more)])  # no warning again
    text = "ppo(critic=gp(encoding=graf))"
    made = Spec.parse("strategy", text).load("strategy", SPACE)
    assert made.critic == Spec.parse("predictor", "gp(encoding=graf)")
    with pytest.raises(InvalidSettingError, match="synflow only ranks"):
        PPO(SPACE, critic="synflow")
