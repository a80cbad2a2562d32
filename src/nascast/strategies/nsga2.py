"""NSGA-II (Deb et al. 2002, https://doi.org/10.1109/4235.996017)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nascast.core.dominance import crowding, ranks
from nascast.core.errors import InvalidSettingError
from nascast.core.strategy import Strategy
from nascast.core.types import Genes

__all__ = ["Nsga2"]

_CROSSOVER = 0.9  # share of children with two parents; section V of the paper
_TRIES = 5  # masks drawn before a child without a valid one is the first parent's copy; chosen


@dataclass(eq=False, kw_only=True)
class Nsga2(Strategy):
    """Evolution by non-dominated sorting and crowding distance, for two or more objectives.

    Name them, such as ``(Objective("val_accuracy"), Objective("parameters", minimize=True))``; with
    one it is an elitist genetic algorithm. A generation is `population` successful trials; these
    and their parents compete for as many places. Children are those of the last parents, also while
    others are pending; so no worker waits. A failed candidate is in no generation.

    Deviations:
        - Genes are unordered, so crossover is uniform and takes each gene of one parent or the
          other; masks are drawn until a child is valid. Mutation is the space's: one decision of
          every child, which is the mean number of the paper's rate 1 / length.
        - Children that were met are drawn again.

    Attributes:
        population: number N of members; the paper has 100 for 25,000 evaluations, the default is
            chosen for some hundred.

    Raises:
        InvalidSettingError: the population is below 2.
    """

    multi_objective: ClassVar[bool] = True

    population: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.population < 2:
            raise InvalidSettingError(f"the population is at least 2; got {self.population}")
        self._children: list[int] = []  # indices in the history
        self._parents = np.zeros(0, dtype=np.intp)  # likewise; the best first, by rank and crowding

    def learn(self, index: int) -> None:
        if not np.isnan(self.history.scores[index]).any():
            self._children.append(index)
            if len(self._children) == self.population:
                self._select()

    def _select(self) -> None:
        """Makes the best of parents and children the new parents, in order."""
        both = np.concatenate([self._parents, np.asarray(self._children, dtype=np.intp)])
        scores = self.history.scores[both]
        rank = ranks(scores)
        self._parents = both[np.lexsort((-crowding(scores, rank), rank))[: self.population]]
        self._children = []

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        return self._breed(n, rng) if len(self._parents) else self.space.sample(n, rng)

    def _breed(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)`` children of parents that won tournaments of two."""
        winners = rng.integers(len(self._parents), size=(n, 2, 2)).min(axis=2)  # in order
        first, second = self.history.genes[self._parents[winners]].transpose(1, 0, 2)
        children = first.copy()
        todo = np.flatnonzero(rng.random(n) < _CROSSOVER)
        for _ in range(_TRIES):
            mixed = np.where(
                rng.random((len(todo), first.shape[1])) < 0.5, first[todo], second[todo]
            )
            fine = self.space.is_valid(mixed)
            children[todo[fine]] = mixed[fine]
            todo = todo[~fine]
            if not len(todo):
                break
        return self.space.mutate(children, rng)
