"""Children that are really trained, as the records of a study.

They are drawn once, trained by the workers of an executor, and kept in a store of their own, from
which a study that was stopped goes on; the study's cells then read what is there.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nascast.core import plugins
from nascast.core.evaluator import checked, settings_of
from nascast.core.evidence import Trained
from nascast.core.executor import Executor
from nascast.core.metric import direction, unit_of
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.types import Candidate, Evaluation, Metric, Trial
from nascast.studies.predictors.design import Study
from nascast.studies.progress import Progress, finished

if TYPE_CHECKING:
    from nascast.core.store import Store
    from nascast.training.evaluator import ChildEvaluator

__all__ = ["Children"]

_RUN = "children"
_CURVES = {"train_loss": "train", "val_loss": "validation", "val_accuracy": "validation"}
_OPENED: dict[Path, tuple[int, Trained]] = {}  # what a process has read, by file


@dataclass(frozen=True, slots=True)
class Children:
    """The children of a study, which opens them as its records; it is small and pickles.

    Attributes:
        evaluator: evaluator that trains them.
        cells: number of distinct children.
        seed: seed by which they are drawn.
        path: path of the file that keeps them.
    """

    evaluator: "ChildEvaluator"
    cells: int
    seed: int
    path: Path

    @property
    def spec(self) -> Spec:
        """The name and settings of the records, in place of those of a benchmark."""
        settings: dict[str, int | str] = {
            "cells": self.cells,
            "seed": self.seed,
            "space": self._space.name,
            "data": self.evaluator.data,
            "epochs": self._epochs,
        }
        return Spec(_RUN, settings)

    @property
    def _space(self) -> SearchSpace:
        assert isinstance(self.evaluator.space, SearchSpace)
        return self.evaluator.space

    @property
    def _epochs(self) -> int:
        return self.evaluator.recipe.epochs

    def __call__(self, study: Study) -> Trained:
        """Returns the records, as they are in the file."""
        trials = self._store().read(_RUN)
        count, found = _OPENED.get(self.path, (-1, None))
        if found is None or count != len(trials):
            found = Trained(self.evaluator, self._space, self._metrics())
            found.name = f"children trained on {self.evaluator.data}"
            found.remember(trials)
            _OPENED[self.path] = len(trials), found
        return found

    def train(self, executor: Executor, progress: Progress) -> None:
        """Trains the children that are not in the file yet; a failed one is not repeated.

        Raises:
            StoreError: the file has children of other settings, or cannot be written.
            InvalidSettingError: the space has not as many.
        """
        from nascast.studies.build import draw

        store = self._store()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        store.begin(_RUN, settings_of(self.evaluator))
        rows = draw(self._space, self.cells, self.seed)
        known = {trial.candidate.arch for trial in store.read(_RUN)}
        todo = {
            number: Candidate(arch, None)
            for number, arch in enumerate(map(self._space.architecture, rows))
            if arch not in known
        }
        progress.start("children", len(rows))
        progress.advance(len(rows) - len(todo))
        for number, candidate in todo.items():
            executor.submit(number, partial(_trained, self.evaluator, candidate))
        for done in finished(executor, len(todo)):
            assert isinstance(done.task, int)
            failed = Evaluation({}, done.seconds, done.error)
            trial = Trial(done.task, todo[done.task], done.value or failed, done.finished)
            store.append(_RUN, [trial])
            progress.advance(1)

    def _store(self) -> "Store":
        found: Store = plugins.load("store", "sqlite", self.path)
        return found

    def _metrics(self) -> list[Metric]:
        marks = tuple(range(1, self._epochs + 1))
        return [
            Metric(
                name,
                unit_of(name, name),
                _CURVES.get(name, "none"),
                direction(name),
                marks if name in _CURVES else (),
            )
            for name in dict.fromkeys([*self.evaluator.metrics, *_CURVES])
        ]


def _trained(evaluator: "ChildEvaluator", candidate: Candidate) -> Evaluation:
    """Returns the first training of a candidate; runs in a worker."""
    return checked(evaluator.evaluate(candidate, 0))
