"""The checks of strategies refuse what breaks a promise."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nascast import testing
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Genes
from nascast.strategies.random import RandomSearch
from nascast.testing import strategies
from nascast.testing.doubles import TinySpace


class Timid(Strategy):
    """Draws architectures with few and small convolutions only."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        rows = self.space.sample(50 * n, rng)
        rows = rows[np.argsort(rows.sum(1))][:n]
        return [Candidate(self.space.architecture(row)) for row in rows]


class Boundless(RandomSearch):
    """Draws from the whole space, whatever it was given."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        return [Candidate(self.space.architecture(row)) for row in TinySpace().sample(n, rng)]


class Lazy(RandomSearch):
    """Begins with nothing."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        return super().ask(n, rng, pending) if len(self.history) else []


@dataclass(eq=False, kw_only=True)
class Climber(Strategy):
    """What a stranger may write: mutates one of the best."""

    among: int = 3

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        best = self.history.best(self.among)
        if len(best) < self.among:
            return self.space.sample(n, rng)
        return self.space.mutate(self.history.genes[rng.choice(best, n)], rng)


class Forgetful(RandomSearch):
    """Resolves a setting in place."""

    def __init__(self, space: Any, *, share: float | None = None) -> None:
        super().__init__(space)
        self.share = 0.5 if share is None else share


class Closed(RandomSearch):
    """Loses what it was told when pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Closed, (self.space,)


@pytest.mark.parametrize("check", testing.checks("strategy"), ids=lambda check: check.__name__)
def test_a_strategy_that_writes_only_propose_keeps_every_promise(
    check: Callable[..., None],
) -> None:
    check(Climber)


def test_a_setting_that_is_not_kept_as_given_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"the argument share was None and became 0\.5"):
        strategies.check_settings_are_attributes(Forgetful)


def test_a_strategy_that_is_pickled_without_its_history_is_refused() -> None:
    with pytest.raises(AssertionError, match="pickling changed the strategy"):
        strategies.check_pickles(Closed)


def test_a_strategy_that_is_worse_than_random_search_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"-\d.* percent better than random search"):
        strategies.check_beats_random_search(Timid)


def test_candidates_outside_the_space_given_are_refused() -> None:
    with pytest.raises(AssertionError, match="the lesser width and a skip"):
        strategies.check_keeps_to_a_restricted_space(Boundless)


def test_asking_for_nothing_while_nothing_is_pending_is_refused() -> None:
    with pytest.raises(AssertionError, match="nothing is pending"):
        strategies.check_random_completion_order(Lazy)
