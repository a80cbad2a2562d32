"""What a strategy learned, kept beside its run, so that a resumed run need not learn again."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core.errors import CorruptDataError
from nascast.core.setup import Setup
from nascast.core.strategy import Strategy
from nascast.core.types import Trial
from nascast.core.versions import versions
from nascast.studies.artefacts import ArtefactFolder

__all__ = ["LEARNED", "Learned"]

LEARNED = "learned"  # folder in a search's folder; nothing is lost without it
_EVERY = 30.0  # seconds of learning that a killed run has to do again; chosen
_COUNT, _TOLD = " count", " told"  # names of no array of a strategy


class Learned:
    """The file of what the strategy of one run learned.

    It is used for a run of the same setup and versions whose first trials are those that it was
    learned of; the strategy is told the trials after them. What does not fit, or is damaged, is
    learned again.
    """

    def __init__(self, out: Path | None, run: str, strategy: Strategy, setup: Setup) -> None:
        """Finds the file.

        Args:
            out: folder of the search; None keeps and recalls nothing.
            run: name of the run.
            strategy: fresh strategy.
            setup: setup of the run.
        """
        self._folder = None if out is None else ArtefactFolder(out / LEARNED)
        self._key = json.dumps([run, setup.json(), versions()], sort_keys=True)
        self._strategy = strategy
        self._kept = time.monotonic()
        self._count = 0

    def recall(self, trials: Sequence[Trial]) -> None:
        """Gives the strategy what was learned of the first of a run's trials, if it is there."""
        if self._folder is None or not trials or not self._strategy.learned():
            return
        with suppress(CorruptDataError):
            found, _ = self._folder.get(self._key) or ({}, 0.0)
            count = int(found.get(_COUNT, 0))
            if 0 < count <= len(trials) and str(found[_TOLD]) == _digest(trials[:count]):
                self._strategy.recall(trials[:count], found)
                self._count = count

    def keep(self, *, last: bool = False) -> None:
        """Keeps what was learned, if the last time is a while ago, or in any case.

        Raises:
            StoreError: the file cannot be written.
        """
        trials = self._strategy.history.trials
        late = last or time.monotonic() - self._kept > _EVERY
        if self._folder is None or not late or len(trials) == self._count:
            return
        if learned := self._strategy.learned():
            own = {_COUNT: np.asarray(len(trials)), _TOLD: np.asarray(_digest(trials))}
            self._folder[self._key] = {**learned, **own}, 0.0
        self._kept, self._count = time.monotonic(), len(trials)


def _digest(trials: Sequence[Trial]) -> str:
    """Returns a checksum of what a strategy may learn from trials."""
    told: list[Any] = [
        [
            trial.id,
            trial.candidate.arch.space,
            [int(gene) for gene in trial.candidate.arch.genes],
            trial.candidate.epochs,
            {name: float(value) for name, value in trial.evaluation.metrics.items()},
            {name: [float(v) for v in values] for name, values in trial.evaluation.curves.items()},
            trial.evaluation.error,
        ]
        for trial in trials
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
