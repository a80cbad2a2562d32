"""The checks of strategies refuse what breaks a promise."""

from collections.abc import Collection

import numpy as np
import pytest

from nascast.core.strategy import Strategy
from nascast.core.types import Candidate
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


def test_a_strategy_that_is_worse_than_random_search_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"-\d.* percent better than random search"):
        strategies.check_beats_random_search(Timid)


def test_candidates_outside_the_space_given_are_refused() -> None:
    with pytest.raises(AssertionError, match="the lesser width and a skip"):
        strategies.check_keeps_to_a_restricted_space(Boundless)


def test_asking_for_nothing_while_nothing_is_pending_is_refused() -> None:
    with pytest.raises(AssertionError, match="nothing is pending"):
        strategies.check_random_completion_order(Lazy)
