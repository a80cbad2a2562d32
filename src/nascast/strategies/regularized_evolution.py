"""Regularized evolution (Real et al. 2019, https://arxiv.org/abs/1802.01548)."""

from collections.abc import Collection, Sequence

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.met import Met
from nascast.core.space import SearchSpace
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Genes, Objective, Trial

__all__ = ["RegularizedEvolution"]


class RegularizedEvolution(Strategy):
    """Algorithm 1: the best of a few drawn members is mutated, and the oldest member dies.

    The population is the last successful trials; so a failed candidate never has children.

    Deviations:
        - The paper has 100 members and tournaments of 25 for 20,000 evaluations; the defaults are
          for some hundred, chosen on the benchmark nb201-mini.
        - A child that was evaluated before, or is equivalent to one that was, is drawn again, with
          another tournament; the paper trains it once more.
    """

    def __init__(
        self,
        space: SearchSpace,
        objectives: Sequence[Objective] = (Objective("val_accuracy"),),
        *,
        seed: int = 0,
        population: int = 30,
        tournament: int = 10,
    ) -> None:
        """Begins with an empty population.

        Args:
            space: whose rows are proposed.
            objectives: the first one counts.
            seed: not used; all randomness comes with `ask`.
            population: members; as many random architectures come first.
            tournament: members drawn, with replacement, of which the best is the parent.

        Raises:
            InvalidSettingError: a population or tournament below 1.
        """
        super().__init__(space, objectives, seed=seed)
        if min(population, tournament) < 1:
            raise InvalidSettingError(
                "population and tournament are at least 1; "
                f"got a population of {population} and tournaments of {tournament}"
            )
        self.population = population
        self.tournament = tournament
        self._met = Met(space)

    def tell(self, trials: Sequence[Trial]) -> None:
        super().tell(trials)
        self._met.add(trials)

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        scores = self.history.scores[:, 0]
        alive = np.flatnonzero(~np.isnan(scores))[-self.population :]

        def draw(size: int) -> Genes:
            if len(alive) + len(pending) < self.population or not len(alive):
                return self.space.sample(size, rng)
            drawn = alive[rng.integers(len(alive), size=(size, self.tournament))]
            parents = drawn[np.arange(size), scores[drawn].argmax(axis=1)]
            return self.space.mutate(self.history.genes[parents], rng)

        return self._met.propose(n, rng, draw, pending=pending)
