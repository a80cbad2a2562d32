"""What the base class does for a strategy that writes `propose` alone, or less."""

from collections.abc import Collection

import numpy as np
import pytest

from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Genes, Objective, Trial
from nascast.testing.doubles import TinySpace

SPACE = TinySpace()


class First(Strategy):
    """Always wants the first row of the space."""

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        return np.repeat(SPACE.all()[:1], n, axis=0)


class Learner(First):
    """Keeps the places of the trials it learned from, and how many it had been told by then."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.steps: list[tuple[int, int]] = []

    def learn(self, index: int) -> None:
        self.steps.append((index, len(self.history)))


class Handwritten(First):
    """Has a constructor of its own."""

    def __init__(self, space: TinySpace, *, seed: int = 0, share: float = 0.5) -> None:
        super().__init__(space, seed=seed)
        self.share = share


class Waiting(Strategy):
    """Goes on only when nothing is pending."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        return [] if pending else self.met.others(n, rng, epochs=3)


def trial(k: int, candidate: Candidate, **metrics: float) -> Trial:
    return Trial(k, candidate, Evaluation(metrics, 1.0), float(k))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_strategy_needs_only_propose() -> None:
    strategy = First(SPACE)
    assert strategy.objectives == (Objective("val_accuracy"),)
    (candidate,) = strategy.ask(1, rng())
    assert candidate == Candidate(SPACE.architecture(SPACE.all()[0]))
    told = trial(0, candidate, val_accuracy=61.0)
    strategy.tell([told])
    assert strategy.history.trials == [told]
    assert strategy.history.scores.tolist() == [[61.0]]
    assert strategy.history.genes.shape == (1, 5)


def test_what_was_told_or_is_pending_is_replaced_by_other_networks_of_the_space() -> None:
    strategy = First(SPACE)
    (first,) = strategy.ask(1, rng())
    assert strategy.ask(1, rng(), [first]) != [first]
    strategy.tell([trial(0, first)])
    others = strategy.ask(20, rng())
    networks = SPACE.canonical(np.concatenate([c.arch.row() for c in (first, *others)]))
    assert len(np.unique(networks, axis=0)) == 21


def test_it_learns_from_every_trial_in_order_however_many_are_told() -> None:
    strategy = Learner(SPACE)
    candidates = strategy.ask(5, rng())
    trials = [trial(k, candidate) for k, candidate in enumerate(candidates)]
    strategy.tell(trials[:2])
    strategy.tell(trials[2:])
    assert strategy.steps == [(k, k + 1) for k in range(5)]


def test_the_history_follows_the_objectives() -> None:
    strategy = First(SPACE, [Objective("val_loss", minimize=True), Objective("accuracy")])
    (candidate,) = strategy.ask(1, rng())
    strategy.tell([trial(0, candidate, val_loss=0.5, accuracy=2.0)])
    assert strategy.history.scores.tolist() == [[-0.5, 2.0]]


def test_a_constructor_may_be_written_by_hand() -> None:
    strategy = Handwritten(SPACE, seed=3, share=0.1)
    assert (strategy.seed, strategy.share) == (3, 0.1)
    assert len(strategy.ask(2, rng())) == 2


def test_a_strategy_that_waits_writes_ask() -> None:
    strategy = Waiting(SPACE)
    (candidate,) = strategy.ask(1, rng())
    assert candidate.epochs == 3
    assert strategy.ask(1, rng(), [candidate]) == []


def test_without_declaring_any_there_are_no_presets_and_no_diagnostics() -> None:
    assert First.presets == {}
    assert First(SPACE).diagnostics() == {}


def test_a_strategy_that_writes_neither_propose_nor_ask_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Strategy writes neither propose nor ask"):
        Strategy(SPACE).ask(1, rng())
