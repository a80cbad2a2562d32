"""Stores keep runs: an append-only log of trials, begun once with one setting."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from nascast.core.spec import Spec
from nascast.core.types import Trial

__all__ = ["Store", "changed_settings"]


def changed_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Returns the differences in words, such as ``seed was 0, is 1``; empty if there are none.

    What stands under ``versions`` is for people to read and makes no difference.
    """

    def words(settings: Mapping[str, Any], key: str) -> str:
        value = settings.get(key, "not set")
        if isinstance(value, Mapping) and value.keys() == {"name", "settings"}:
            return str(Spec.from_json(value))
        return str(value)

    names = sorted((old.keys() | new.keys()) - {"versions"})
    return "; ".join(
        f"{key} was {words(old, key)}, is {words(new, key)}"
        for key in names
        if (key in old) != (key in new) or old.get(key) != new.get(key)
    )


class Store(ABC):
    """Where trials outlive the process. What `append` has returned from is never lost."""

    @abstractmethod
    def begin(self, run: str, info: Mapping[str, Any]) -> None:
        """Begins a run, or resumes the one begun with the same settings.

        Args:
            run: its name.
            info: settings, as plain JSON values; see `changed_settings`.

        Raises:
            StoreError: the run exists with other settings; the message shows the difference.
        """

    @abstractmethod
    def info(self, run: str) -> dict[str, Any]:
        """Returns the settings the run was begun with.

        Raises:
            StoreError: there is no such run.
        """

    @abstractmethod
    def append(self, run: str, trials: Sequence[Trial]) -> None:
        """Adds trials, all or none.

        Raises:
            StoreError: there is no such run, or it has a trial with such an id already.
        """

    @abstractmethod
    def read(self, run: str, start: int = 0) -> list[Trial]:
        """Returns the trials from position `start` on, in the order they were appended."""

    @abstractmethod
    def runs(self) -> list[str]:
        """Returns the names of the runs, sorted."""
