"""Trials as columns, for strategies."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats, Genes, Objective, Trial

__all__ = ["History"]


class History:
    """All trials a strategy was told, in that order, as arrays that grow by doubling.

    Attributes:
        trials: trials in the order in which they were told.
        objectives: objectives that give the columns of `scores`.
    """

    def __init__(self, length: int, objectives: Sequence[Objective]) -> None:
        self.trials: list[Trial] = []
        self.objectives = tuple(objectives)
        self._genes = np.empty((16, length), dtype=np.int16)
        self._scores = np.empty((16, len(self.objectives)))
        self._epochs = np.empty(16, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def genes(self) -> Genes:
        """The rows of the trials' architectures, ``(n, length)``."""
        return self._genes[: len(self)]

    @property
    def scores(self) -> Floats:
        """The scores of the trials, ``(n, objectives)``; larger is better, NaN for a failure."""
        return self._scores[: len(self)]

    @property
    def epochs(self) -> npt.NDArray[np.int64]:
        """The epochs that were asked for, ``(n,)``; −1 for full training."""
        return self._epochs[: len(self)]

    def extend(self, trials: Iterable[Trial]) -> None:
        """Appends trials in the given order."""
        for trial in trials:
            n = len(self)
            if n == len(self._epochs):
                self._genes = np.concatenate([self._genes, np.empty_like(self._genes)])
                self._scores = np.concatenate([self._scores, np.empty_like(self._scores)])
                self._epochs = np.concatenate([self._epochs, np.empty_like(self._epochs)])
            candidate = trial.candidate
            self._genes[n] = candidate.arch.genes
            self._scores[n] = [o.score(trial.evaluation) for o in self.objectives]
            self._epochs[n] = -1 if candidate.epochs is None else candidate.epochs
            self.trials.append(trial)

    def best(self, k: int = 1) -> npt.NDArray[np.intp]:
        """Returns the indices of the k best trials by the first objective, best first."""
        scores = self.scores[:, 0]
        order = np.argsort(-scores, kind="stable")  # NaN sorts last
        return order[~np.isnan(scores[order])][:k]
