"""Local search (White et al. 2021, https://arxiv.org/abs/2005.02960)."""

from bisect import insort
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Genes

__all__ = ["LocalSearch"]


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    """An evaluated architecture with its neighbours not told so far; better ones sort first."""

    loss: float  # minus score
    index: int  # in the history
    open: dict[bytes, Genes] = field(compare=False)  # row by network


@dataclass(eq=False, kw_only=True)
class LocalSearch(Strategy):
    """Proposes neighbours of the best architecture that has new ones; restarts when stuck.

    A climb begins with some random architectures. It ends when the `patience` best of it have no
    new neighbours; with a patience of 1 that is a local optimum. Equivalent neighbours count once.
    A failed candidate is never a centre. When all new neighbours of the best ones are pending,
    random architectures are proposed meanwhile.

    Deviations:
        - Algorithm 1 evaluates a whole neighbourhood and moves to its best; here a better neighbour
          is the next centre at once, and the others stay open.
        - Algorithm 1 ends at the first local optimum.

    The defaults were chosen on the benchmark nb201-mini.

    Attributes:
        initial: number of random architectures at the beginning of a climb.
        patience: number of the best architectures that must be out of new neighbours before a climb
            ends.

    Raises:
        InvalidSettingError: a setting is below 1.
    """

    initial: int = 5
    patience: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.initial, self.patience) < 1:
            raise InvalidSettingError(
                "initial and patience are at least 1; "
                f"got initial {self.initial} and patience {self.patience}"
            )
        self._count = 0  # trials told in this climb
        self._best: list[_Node] = []  # of this climb, at most `patience`

    def learn(self, index: int) -> None:
        row, score = self.history.genes[index], float(self.history.scores[index, 0])
        (network,) = self.met.networks(row[None])
        for node in self._best:
            node.open.pop(network, None)
        self._count += 1
        full = len(self._best) == self.patience
        if not np.isnan(score) and not (full and -score >= self._best[-1].loss):
            insort(self._best, _Node(-score, index, self._open(row)))
            del self._best[self.patience :]
        if self._best and self._count >= self.initial and not any(n.open for n in self._best):
            self._count, self._best = 0, []

    def _open(self, row: Genes) -> dict[bytes, Genes]:
        rows = self.space.neighbors(row)
        pairs = zip(self.met.networks(rows), rows, strict=True)
        return {network: near for network, near in pairs if not self.met.holds(network)}

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        found: list[Candidate] = []
        if self._count >= self.initial:
            rows = self._neighbors(n, rng, pending)
            found = [Candidate(self.space.architecture(row)) for row in rows]
        if len(found) == n:
            return found
        return found + self.met.others(n - len(found), rng, pending=[*pending, *found])

    def _neighbors(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate]
    ) -> list[Genes]:
        """Returns at most n open rows of the best nodes that are not pending, best nodes first."""
        busy = np.asarray([candidate.arch.genes for candidate in pending], dtype=np.int16)
        taken = set(self.met.networks(busy))
        found: list[Genes] = []
        for node in self._best:
            near = list(node.open.items())
            for i in rng.permutation(len(near)):
                if len(found) == n:
                    return found
                network, row = near[i]
                if network not in taken:
                    taken.add(network)
                    found.append(row)
        return found
