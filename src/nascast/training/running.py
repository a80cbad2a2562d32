"""How far trainings have come that still run: a small file for each, which whoever looks may read.

Only the folder decides: where it does not exist, as on a machine that does not see it, nothing is
told. A view is worth less than a training, so that no fault of such a file stops one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nascast.core.errors import NascastError, StoreError
from nascast.training.files import read_record, write_record

__all__ = ["Reached", "forget", "reached", "tell"]

_ADVICE = "it is written again after the next epoch"
_MOST = 1_000_000  # epochs of a training, beyond which a record is garbled; chosen


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a training has come.

    Attributes:
        epochs: number of epochs that it is to have.
        curves: values after each epoch that is done, by name; see `nascast.training.loop.Curves`.
    """

    epochs: int
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """The number of epochs that are done."""
        return max(map(len, self.curves.values()), default=0)

    def last(self, name: str) -> float:
        """Returns the value of a curve after the last epoch; NaN where there is none."""
        values = self.curves.get(name, ())
        return values[-1] if values else math.nan


def tell(folder: Path | None, trial: int, reached: Reached) -> None:
    """Writes how far the training of a trial has come, if there is such a folder."""
    with suppress(StoreError, OSError):  # one may not even be allowed to look for the folder
        if folder is not None and folder.is_dir():
            write_record(_file(folder, trial), asdict(reached), lasting=False)


def reached(folder: Path, trials: Iterable[int]) -> dict[int, Reached]:
    """Returns how far the trainings of trials have come, of those that told it."""
    found = {}
    for trial in trials:
        with suppress(NascastError):  # not there, or of another version
            record = read_record(_file(folder, trial), (), _ADVICE)
            if (one := _told(record)) is not None:
                found[trial] = one
    return found


def forget(folder: Path, trial: int) -> None:
    """Removes what a training told, where that is possible."""
    with suppress(OSError):
        _file(folder, trial).unlink()


def _told(record: Mapping[str, Any]) -> Reached | None:
    """Returns what a record tells; None where it is not what `tell` writes."""
    with suppress(TypeError, ValueError, OverflowError, KeyError, AttributeError):
        curves = {name: tuple(map(float, values)) for name, values in record["curves"].items()}
        one = Reached(int(record["epochs"]), curves)
        if one.done <= one.epochs <= _MOST:
            return one
    return None


def _file(folder: Path, trial: int) -> Path:
    return folder / f"{trial}.json"
