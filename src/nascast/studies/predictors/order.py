"""The order in which cells run: what takes longest first, and what shares a fit one after another.

What a predictor learns may depend on its labels alone and not on what it reads at query. So cells
that differ only in that form a group; as long as cells of a group are left, the worker that ran the
last one goes on with it, and finds what it learned, see `core.kept`. Groups are taken longest first
(Graham, SIAM J. Appl. Math. 1969, https://doi.org/10.1137/0117039), by the longest cell that was
measured with as many labels; those of which nothing is known come before, with most labels first.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from nascast.core.executor import Done, Executor
from nascast.core.spec import Spec
from nascast.studies.predictors.design import LABELS, Cell

__all__ = ["Group", "Order", "group_of"]

Group = tuple[Spec, int, int]  # predictor, labels and trial
Submit = Callable[[Cell], None]  # has an executor run a cell
_Kind = tuple[Spec, int]  # predictor and labels


def group_of(cell: Cell) -> Group:
    """Returns the group of a cell."""
    return cell.predictor, cell.budget.get(LABELS, 0), cell.trial


class Order:
    """The cells that are still to run."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        """Takes the cells."""
        self._waiting: dict[_Kind, deque[Group]] = {}  # groups that nobody has begun
        self._cells: dict[Group, deque[Cell]] = {}
        self._seconds: dict[_Kind, float] = {}
        for cell in cells:
            group = group_of(cell)
            if group not in self._cells:
                self._waiting.setdefault(group[:2], deque()).append(group)
            self._cells.setdefault(group, deque()).append(cell)

    def next(self, after: Cell | None = None) -> Cell | None:
        """Returns the cell for a worker that is free, or None where there is none left.

        Args:
            after: cell that the worker ran last; None for a worker that has run none.
        """
        group = None if after is None else group_of(after)
        if group not in self._cells:
            group = self._longest()
        if group is None:
            return None
        cells = self._cells[group]
        cell = cells.popleft()
        if not cells:
            del self._cells[group]
        return cell

    def took(self, cell: Cell, seconds: float) -> None:
        """Takes how long a cell ran."""
        kind = group_of(cell)[:2]
        self._seconds[kind] = max(self._seconds.get(kind, 0.0), seconds)

    def run(self, executor: Executor, submit: Submit) -> Iterator[Done]:
        """Yields the cells as they are done; no more are submitted than run at a time."""
        running = 0
        for _ in range(executor.workers):
            running += self._start(submit)
        while running:
            for done in executor.collect():
                assert isinstance(done.task, Cell)
                self.took(done.task, done.seconds)
                running += self._start(submit, done.task) - 1
                yield done

    def _start(self, submit: Submit, after: Cell | None = None) -> int:
        cell = self.next(after)
        if cell is not None:
            submit(cell)
        return int(cell is not None)

    def _longest(self) -> Group | None:
        """Returns the longest group that nobody has begun, or else the one with most cells."""
        if not self._waiting:
            return max(self._cells, key=lambda group: len(self._cells[group]), default=None)
        kind = max(self._waiting, key=lambda kind: (self._seconds.get(kind, math.inf), kind[1]))
        groups = self._waiting[kind]
        group = groups.popleft()
        if not groups:
            del self._waiting[kind]
        return group
