"""The training logs of NAS-Bench-NLP: one JSON file for each training, in archives or unpacked."""

import json
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.core.bounds import reading
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.leftovers import is_leftover

__all__ = ["CURVES", "EPOCHS", "Log", "find_logs", "read_logs"]

EPOCHS = 50  # epochs of every training
CURVES = ("train_losses", "val_losses", "test_losses", "wall_times")
_NAME = "log_stats_model_"  # how the name of a log begins
_LARGEST = 2**20  # bytes of a log; chosen, they have 5,000
_TEXTS = ("recepie", "data", "status", "init_time")
_NUMBERS = ("recepie_id", "experiment_id", "num_params")


@dataclass(frozen=True, slots=True)
class Log:
    """The log of one training.

    Attributes:
        place: name of the file, for messages.
        recipe: recipe of the cell, as the space reads it.
        data: name of the data set, as in ``data/ptb``.
        status: status of the training: OK, or why it ended early.
        identity: time when it began, number of the experiment, number of the recipe.
        parameters: number of parameters of the language model.
        curves: `CURVES` by epoch: losses in nats, seconds of each epoch.
    """

    place: str
    recipe: str
    data: str
    status: str
    identity: tuple[str, int, int]
    parameters: int
    curves: tuple[tuple[float, ...], ...]

    def failure(self) -> str | None:
        """Returns the reason why the training is not complete, or None if it is."""
        if self.status != "OK":
            return self.status.split("\n")[0][:80]
        short = min(len(curve) for curve in self.curves)
        if short < EPOCHS:
            return f"ended after {short} epochs"
        if not all(math.isfinite(value) for curve in self.curves for value in curve):
            return "a loss that is not finite"
        return None


def find_logs(source: Path) -> list[Path]:
    """Returns the paths of archives and logs: the one named, or all below a folder.

    Raises:
        MissingDataError: there are none.
    """
    if source.is_file():
        return [source]
    every = [*source.rglob("*.zip"), *source.rglob(f"{_NAME}*.json")]
    found = [path for path in every if not is_leftover(path.relative_to(source))]
    if not found:
        raise MissingDataError(
            f"expected logs.zip of NAS-Bench-NLP, or a folder with such archives or with files "
            f"{_NAME}….json; got {source}"
        )
    return sorted(found)


def read_logs(path: Path) -> Iterator[tuple[Log, int]]:
    """Yields the logs in an archive or file, and the number of bytes that each takes in it.

    Raises:
        CorruptDataError: it is damaged, or no log of the benchmark.
    """
    size = path.stat().st_size
    if path.suffix != ".zip":
        _check_size(str(path), size)
        yield _log(str(path), path.read_bytes()), size
        return
    with reading(path, size, what="an archive of logs"):
        archive = zipfile.ZipFile(path)
    with archive:
        for member in archive.infolist():
            log = _of_member(path, archive, member)
            if log is not None:
                yield log, member.compress_size


def _of_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Log | None:
    """Returns the log in a member, or None where it is something else, such as a folder."""
    place, name = f"{path}, {member.filename}", member.filename.split("/")[-1]
    if member.is_dir() or is_leftover(member.filename):
        return None
    named = name.startswith(_NAME) and name.endswith(".json")
    if named:
        _check_size(place, member.file_size)
    elif member.file_size > _LARGEST:
        return None
    with reading(place, member.compress_size, what="a log"):
        text = archive.read(member)
    if named:
        return _log(place, text)
    if b'"recepie"' in text:
        raise CorruptDataError(
            f"{place}: it holds a log, and is not called {_NAME}….json; the archive is damaged, "
            "get it again"
        )
    return None


def _check_size(place: str, size: int) -> None:
    if size > _LARGEST:
        raise CorruptDataError(f"{place}: {size} bytes are too many for a log")


def _log(place: str, text: bytes) -> Log:
    with reading(place, len(text), what="JSON"):
        fields = json.loads(text)
    if not isinstance(fields, dict):
        raise CorruptDataError(f"{place}: expected the fields of a log; got {text[:40]!r} …")
    for name in _TEXTS:
        _expect(place, fields, name, "text", isinstance(fields.get(name), str))
    for name in _NUMBERS:
        _expect(place, fields, name, "a whole number of 64 bits", _is_whole(fields.get(name)))
    for name in CURVES:
        values = fields.get(name)
        good = isinstance(values, list) and len(values) <= EPOCHS
        good = good and all(type(v) is float or _is_whole(v) for v in values or ())
        _expect(place, fields, name, f"at most {EPOCHS} numbers", good)
    if not all(second > 0 for second in fields["wall_times"]):
        raise CorruptDataError(f"{place}: the seconds of an epoch should be positive")
    return Log(
        place,
        fields["recepie"],
        fields["data"],
        fields["status"],
        (fields["init_time"], fields["experiment_id"], fields["recepie_id"]),
        fields["num_params"],
        tuple(tuple(map(float, fields[name])) for name in CURVES),
    )


def _is_whole(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _expect(place: str, fields: dict[str, Any], name: str, what: str, good: bool) -> None:
    if not good:
        value = repr(fields[name])[:40] if name in fields else "nothing"
        raise CorruptDataError(f"{place}: expected {what} as {name!r}; got {value}")
