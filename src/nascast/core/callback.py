"""Callbacks, which are told what happens in a run: for trackers, and for code of your own."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.core.errors import SearchWarning
from nascast.core.store import Store
from nascast.core.types import Objective, Trial

__all__ = ["Begun", "Callback", "Callbacks", "Telling", "telling"]


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that begins, or goes on.

    Attributes:
        run: name of the run.
        setup: all that must be the same when it goes on, as plain JSON values; see
            `core.setup.Setup`. Of the training of one network, its settings.
        folder: folder of the search, or of the model, in which a callback may keep files.
        trials: trials that were stored before, in the order in which they finished; empty in the
            training of one network.
    """

    run: str
    setup: Mapping[str, Any]
    folder: Path
    trials: Sequence[Trial] = ()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives of a search, the most important one first."""
        return tuple(Objective(**one) for one in self.setup.get("objectives", ()))


class Callback(ABC):
    """An observer of runs, of which one goes on at a time; it is told, and gives nothing back.

    A run that was stopped begins again with the trials that are stored: a callback that keeps its
    trials elsewhere takes from them what it does not have yet. It is called between evaluations,
    where it should not stay long, and may raise what it likes, see `Callbacks`.
    """

    def begun(self, begun: Begun) -> None:
        """Hears that a run begins, or goes on."""
        return

    @abstractmethod
    def trial(self, run: str, trial: Trial) -> None:
        """Hears of each trial of a run that has begun, once it is stored."""

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        """Hears of each epoch of the training of one network, the first of which is 1.

        When a training goes on, the epochs before are told again. Children of a search are told as
        trials, with their curves.
        """
        return

    def finished(self, run: str, whole: bool) -> None:
        """Hears that a run has ended; `whole` is whether nothing interrupted it."""
        return


class Callbacks(Callback):
    """Several callbacks as one, of which none can end a run.

    One that raises is reported with a `SearchWarning`, and told nothing more but that its run is
    finished, and not whole, so that it can close what it opened.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = tuple(callbacks)
        self._told = list(callbacks)

    def begun(self, begun: Begun) -> None:
        self._tell(begun.run, lambda callback: callback.begun(begun))

    def trial(self, run: str, trial: Trial) -> None:
        self._tell(run, lambda callback: callback.trial(run, trial))

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        self._tell(run, lambda callback: callback.epoch(run, epoch, values))

    def finished(self, run: str, whole: bool) -> None:
        self._tell(run, lambda callback: callback.finished(run, whole), last=True)

    def _tell(self, run: str, call: Callable[[Callback], None], *, last: bool = False) -> None:
        for callback in tuple(self._told):
            try:
                call(callback)
            except Exception as error:  # foreign code; a tracker that is down must end no search
                self._told.remove(callback)
                if not last:
                    with suppress(Exception):  # foreign code, of which it is known that it fails
                        callback.finished(run, False)
                warnings.warn(
                    f"the callback {type(callback).__name__} raised {type(error).__name__}: "
                    f"{error}; it is told nothing more, and the work goes on",
                    SearchWarning,
                    stacklevel=2,
                )


class Telling:
    """Tells a callback of runs, one after the other."""

    def __init__(self, callback: Callback, store: Store, folder: Path) -> None:
        """Begins with no run; see `telling`."""
        self._callback, self._store, self._folder = callback, store, folder
        self._run: str | None = None

    def __call__(self, run: str, trials: Sequence[Trial]) -> None:
        """Tells what is new in a run; the first call has the trials that were stored before."""
        if run == self._run:
            for trial in trials:
                self._callback.trial(run, trial)
            return
        self.end(True)
        self._run = run
        self._callback.begun(Begun(run, self._store.info(run), self._folder, tuple(trials)))

    def end(self, whole: bool) -> None:
        """Tells that the run is finished; `whole` is whether nothing interrupted it."""
        if self._run is not None:
            run, self._run = self._run, None
            self._callback.finished(run, whole)


@contextmanager
def telling(callback: Callback, store: Store, folder: Path) -> Iterator[Telling]:
    """Yields a function to call with the name of a run and what is new in it.

    The first call about a run has the trials that were stored before, as the first of
    `runner.steps` has. A run has finished when another one begins, or the context ends, or where
    it is said: a search that gives up is not whole.

    Args:
        callback: callback to tell; several are one as `Callbacks`.
        store: store of the runs.
        folder: folder in which callbacks may keep files.
    """
    tell = Telling(callback, store, folder)
    try:
        yield tell
    except BaseException:  # an interrupt, too: what was told must be written
        tell.end(False)
        raise
    tell.end(True)
