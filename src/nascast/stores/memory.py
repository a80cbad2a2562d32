"""A store that ends with the process."""

from collections.abc import Mapping, Sequence
from typing import Any

from nascast.core.errors import StoreError
from nascast.core.store import Store, changed_settings
from nascast.core.types import Trial

__all__ = ["Memory"]


class Memory(Store):
    """Keeps runs in dictionaries."""

    def __init__(self) -> None:
        self._info: dict[str, dict[str, Any]] = {}
        self._trials: dict[str, dict[int, Trial]] = {}  # by id, in the order of appending
        self._reached: dict[str, float] = {}

    def begin(self, run: str, info: Mapping[str, Any]) -> None:
        old = self._info.setdefault(run, dict(info))
        self._trials.setdefault(run, {})
        if changed := changed_settings(old, info):
            raise StoreError(f"the run {run!r} was begun with other settings: {changed}")

    def info(self, run: str) -> dict[str, Any]:
        return dict(self._info[self._known(run)])

    def append(self, run: str, trials: Sequence[Trial]) -> None:
        kept, new = self._trials[self._known(run)], dict[int, Trial]()
        for trial in trials:
            if trial.id in kept or trial.id in new:
                raise StoreError(f"the run {run!r} has a trial {trial.id} already")
            new[trial.id] = trial
        kept.update(new)

    def read(self, run: str, start: int = 0) -> list[Trial]:
        return list(self._trials[self._known(run)].values())[start:]

    def reach(self, run: str, clock: float) -> None:
        self._reached[self._known(run)] = clock

    def reached(self, run: str) -> float:
        return self._reached.get(self._known(run), 0.0)

    def runs(self) -> list[str]:
        return sorted(self._info)

    def _known(self, run: str) -> str:
        if run not in self._info:
            raise StoreError(f"no run {run!r}; there are {', '.join(self.runs()) or 'none'}")
        return run
