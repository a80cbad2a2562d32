"""The candidates that a folder gave out, and the lock under which it does."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from nascast.core.errors import CorruptDataError, StoreError
from nascast.core.types import Architecture, Candidate
from nascast.studies.journal import Journal

__all__ = ["Given", "Pending"]

_WAIT = 600.0  # seconds for other processes that ask; chosen: an ask may import PyTorch
_ASKED, _LOCK = "asked.jsonl", "asked.lock"


@dataclass(frozen=True, slots=True)
class Given:
    """A candidate that was given out to be evaluated.

    Attributes:
        id: number of its trial.
        candidate: architecture and epochs.
        at: seconds since the search was begun.
        thinking: seconds that the strategy took to propose it; 0 for a proposal from outside.
        outside: whether somebody else proposed it.
    """

    id: int
    candidate: Candidate
    at: float
    thinking: float = 0.0
    outside: bool = False


class Pending:
    """A journal of the candidates given out; those without a trial are pending."""

    def __init__(self, folder: Path, space: str) -> None:
        self._folder, self._space = folder, space
        self._journal = Journal(folder / _ASKED)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes and threads out until the end, or until this process dies.

        Raises:
            StoreError: another process does not end within ten minutes, or the folder cannot be
                written.
        """
        file = self._folder / _LOCK
        try:
            connection = sqlite3.connect(file, timeout=_WAIT, isolation_level=None)
            with closing(connection):
                connection.execute("BEGIN IMMEDIATE")  # an empty database, of which it is the lock
                yield
        except sqlite3.Error as error:
            raise StoreError(
                f"{file} cannot be locked: {error}; is another process stuck in this folder?"
            ) from error

    def add(self, given: Sequence[Given]) -> None:
        """Keeps candidates, all on disk before it returns."""
        self._journal.append_all(
            {
                "id": one.id,
                "genes": list(one.candidate.arch.genes),
                "epochs": one.candidate.epochs,
                "at": one.at,
                "thinking": one.thinking,
                "outside": one.outside,
            }
            for one in given
        )

    def read(self) -> list[Given]:
        """Returns all candidates given out, in that order.

        Raises:
            CorruptDataError: a record is of another form.
        """
        try:
            return [
                Given(
                    id=int(record["id"]),
                    candidate=Candidate(
                        Architecture(self._space, tuple(map(int, record["genes"]))),
                        record["epochs"],
                    ),
                    at=float(record["at"]),
                    thinking=float(record["thinking"]),
                    outside=bool(record["outside"]),
                )
                for record in self._journal.read()
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptDataError(
                f"{self._folder / _ASKED} has a record of another form ({error!r}); restore it "
                "from a copy"
            ) from error
