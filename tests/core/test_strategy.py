from collections.abc import Collection

import numpy as np
import pytest

from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Objective, Trial
from nascast.testing.doubles import TinySpace


class First(Strategy):
    """Always wants the first row of the space."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        space = TinySpace()
        return [Candidate(space.architecture(space.all()[0]))]


def test_a_strategy_needs_only_ask() -> None:
    strategy = First(TinySpace())
    assert strategy.objectives == (Objective("val_accuracy"),)
    (candidate,) = strategy.ask(1, np.random.default_rng(0))
    trial = Trial(0, candidate, Evaluation({"val_accuracy": 61.0}, 1.0), 1.0)
    strategy.tell([trial])
    assert strategy.history.trials == [trial]
    assert strategy.history.scores.tolist() == [[61.0]]
    assert strategy.history.genes.shape == (1, 5)


def test_the_history_follows_the_objectives() -> None:
    strategy = First(TinySpace(), [Objective("val_loss", minimize=True), Objective("a")])
    (candidate,) = strategy.ask(1, np.random.default_rng(0))
    strategy.tell([Trial(0, candidate, Evaluation({"val_loss": 0.5, "a": 2.0}, 1.0), 1.0)])
    assert strategy.history.scores.tolist() == [[-0.5, 2.0]]


def test_without_ask_there_is_no_strategy() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Strategy(TinySpace())  # type: ignore[abstract]
