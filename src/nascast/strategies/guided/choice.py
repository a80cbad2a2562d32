"""The choice of the most promising rows, one after the other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Floats, Genes
from nascast.strategies.guided.prior import trust
from nascast.strategies.guided.process import Process

__all__ = ["Choice", "valid"]


@dataclass(slots=True, eq=False)
class Choice:
    """Rows to choose from, and a Gaussian process at them; both change with each choice.

    Attributes:
        space: search space, whose limits the rows may not keep to.
        rows: ``(n, length)`` rows.
        process: process at the rows and perhaps, behind them, at places of shorter trainings, given
            what was told and what is pending.
        taken: ``(n,)``: which rows are not to be chosen.
        prior: means before the first trial at each place of the process; None is 0.
    """

    space: SearchSpace
    rows: Genes
    process: Process
    taken: Bools
    prior: Floats | None = None

    def take(self, n: int, targets: Floats, weight: float) -> list[Genes]:
        """Returns at most n valid rows, each of the largest upper confidence bound.

        What was chosen counts as told with its mean, and so narrows the deviations for the next.

        Args:
            n: number of rows; fewer where no more are valid.
            targets: targets of the first places that the process was told.
            weight: weight of the deviation.
        """
        found: list[Genes] = []
        before = np.zeros(1)
        if self.prior is not None:
            targets, before = trust(self.process, targets, self.prior)
        while len(found) < n:
            mean, deviation = self.process.moments(targets)
            worth = (mean + before + weight * deviation)[: len(self.rows)]
            worth = np.where(self.taken, -np.inf, worth)
            order = np.argsort(-worth, kind="stable")[: np.count_nonzero(~self.taken)]
            best = valid(self.space, self.rows, order, 1)
            if not len(best):
                break
            place = int(best[0])
            self.taken[place] = True
            self.process.add(place)
            found.append(self.rows[place])
        return found


def valid(
    space: SearchSpace, rows: Genes, order: npt.NDArray[np.intp], n: int
) -> npt.NDArray[np.intp]:
    """Returns the first n of some places whose rows are valid; fewer where fewer are.

    A space may ask a limit about each row, which takes building its network; so no more rows are
    looked at than needed.
    """
    found, at, size = order[:0], 0, n
    while len(found) < n and at < len(order):
        block = order[at : at + size]
        found = np.concatenate([found, block[space.is_valid(rows[block])]])
        at, size = at + size, 2 * size
    return found[:n]
