"""The search strategy: what to evaluate next."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

import numpy as np

from nascast.core.history import History
from nascast.core.space import SearchSpace
from nascast.core.types import Candidate, Objective, Trial

__all__ = ["Strategy"]


class Strategy(ABC):
    """Proposes candidates and learns from trials.

    `ask` changes nothing and depends on its arguments and on what was told; `tell` is the only
    thing that changes a strategy. So telling a fresh strategy the stored trials resumes a run. A
    setting is kept as an attribute of the parameter's name, where the runner finds it.
    """

    def __init__(
        self,
        space: SearchSpace,
        objectives: Sequence[Objective] = (Objective("val_accuracy"),),
        *,
        seed: int = 0,
    ) -> None:
        """Begins with an empty history.

        Args:
            space: whose rows are proposed; only those it holds valid.
            objectives: what counts; most strategies look at the first alone.
            seed: of what is drawn once, such as the first weights of a controller.
        """
        self.space = space
        self.objectives = tuple(objectives)
        self.seed = seed
        self.history = History(space.length, self.objectives)

    @abstractmethod
    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        """Returns 1 to n valid candidates, given those that are still being evaluated.

        A strategy that cannot go on before pending candidates are finished returns none.
        """

    def tell(self, trials: Sequence[Trial]) -> None:
        """Takes finished trials, failed ones included."""
        self.history.extend(trials)
