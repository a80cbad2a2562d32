"""The store: an append-only log of the trials of runs, each begun once with its settings."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nascast.core.spec import Spec
from nascast.core.types import Trial

__all__ = ["Store", "changed_settings", "flat_settings", "way_out"]

_UNSET = "not set"


def changed_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Returns the differences in words, such as ``seed was 0, is 1``; empty if there are none.

    Settings inside settings have dotted names. What stands under ``versions`` is for people to read
    and makes no difference.
    """
    before, after = (
        dict(_flat({key: value for key, value in settings.items() if key != "versions"}))
        for settings in (old, new)
    )
    missing = object()
    return "; ".join(
        f"{key} was {_words(before, key)}, is {_words(after, key)}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key, missing) != after.get(key, missing)
    )


def way_out(changed: str) -> str:
    """Returns what to do about differences that `changed_settings` told of a folder."""
    advice = "choose another --out, or the same settings"
    if f"was {_UNSET}" not in changed:
        return advice
    return (
        f"{advice}; a setting that was {_UNSET} may be newer than what the folder holds: then only "
        "the nascast that began it can go on"
    )


def flat_settings(settings: Mapping[str, Any]) -> dict[str, str]:
    """Returns settings in words by name; those inside settings have dotted names."""
    flat = dict(_flat(settings))
    return {key: _words(flat, key) for key in flat}


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yields names and values that are no mapping, or an empty one, or the JSON of a `Spec`."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value and not _is_spec(value):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _is_spec(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"name", "settings"}


def _words(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key, _UNSET)
    return str(Spec.from_json(value)) if _is_spec(value) else str(value)


class Store(ABC):
    """A keeper of the trials of runs. Trials that `append` has returned from are never lost.

    Attributes:
        path: file or folder that other processes may open too; None if there is none, and the
            trials end with the process.
    """

    path: Path | None = None

    @abstractmethod
    def begin(self, run: str, info: Mapping[str, Any]) -> None:
        """Begins a run, or resumes the one begun with the same settings.

        Args:
            run: name of the run.
            info: settings of the run, as plain JSON values; see `changed_settings`.

        Raises:
            StoreError: the run exists with other settings; the message shows the difference.
        """

    @abstractmethod
    def info(self, run: str) -> dict[str, Any]:
        """Returns the settings that a run was begun with.

        Raises:
            StoreError: there is no such run.
        """

    @abstractmethod
    def append(self, run: str, trials: Sequence[Trial]) -> None:
        """Appends trials to a run, all or none.

        Raises:
            StoreError: there is no such run, or it has a trial with such an id already.
        """

    @abstractmethod
    def read(self, run: str, start: int = 0) -> list[Trial]:
        """Returns the trials of a run from position `start` on, in the order of appending."""

    @abstractmethod
    def runs(self) -> list[str]:
        """Returns the names of the runs, sorted."""

    def reach(self, run: str, clock: float) -> None:  # noqa: B027  a store may keep none
        """Keeps the clock at which a run ended, after thinking that no trial was charged for.

        A store that keeps none, as this default, lets a run that thought until its limit go on
        when it is called again.

        Args:
            run: name of the run.
            clock: seconds since the run began.
        """

    def reached(self, run: str) -> float:
        """Returns the clock that `reach` kept, in seconds; 0 if there is none."""
        return 0.0
