"""Regularized evolution (Real et al. 2019, https://arxiv.org/abs/1802.01548)."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Genes

__all__ = ["RegularizedEvolution"]


@dataclass(eq=False, kw_only=True)
class RegularizedEvolution(Strategy):
    """Algorithm 1: the best of a few drawn members is mutated, and the oldest member dies.

    The population is the last successful trials; so a failed candidate never has children.

    Deviations:
        - The paper has 100 members and tournaments of 25 for 20,000 evaluations; the defaults are
          for some hundred, chosen on the benchmark nb201-mini.
        - A child that was evaluated before, or is equivalent to one that was, is drawn again, with
          another tournament; the paper trains it once more.

    Attributes:
        population: number of members; as many random architectures come first.
        tournament: number of members drawn, with replacement, of which the best is the parent.

    Raises:
        InvalidSettingError: the population or the tournament is below 1.
    """

    population: int = 30
    tournament: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.population, self.tournament) < 1:
            raise InvalidSettingError(
                "population and tournament are at least 1; "
                f"got a population of {self.population} and tournaments of {self.tournament}"
            )

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        alive = len(self._alive())
        full = alive and alive + len(pending) >= self.population
        return self.met.others(n, rng, self.propose if full else None, pending=pending)

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        alive, scores = self._alive(), self.history.scores[:, 0]
        drawn = alive[rng.integers(len(alive), size=(n, self.tournament))]
        parents = drawn[np.arange(n), scores[drawn].argmax(axis=1)]
        return self.space.mutate(self.history.genes[parents], rng)

    def _alive(self) -> npt.NDArray[np.intp]:
        """Returns the indices of the members in the history, the oldest first."""
        return np.flatnonzero(~np.isnan(self.history.scores[:, 0]))[-self.population :]
