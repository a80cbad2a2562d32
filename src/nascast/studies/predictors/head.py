"""The content of ``study.json``: settings of a study, and facts that all its results share."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError, UnsupportedError
from nascast.studies.noise import NoiseLimits
from nascast.training.files import read_record, write_record

__all__ = ["FORMAT", "HEAD", "Head", "read_head", "write_head"]

HEAD = "study.json"  # in the folder of a study
FORMAT = 4  # of the folder; 3 had fewer metrics, 2 one number for noise, 1 two fixed axes

_BEFORE = (  # keys of a head without a checksum
    *("format", "settings", "benchmark", "unit", "batch", "noise", "versions", "aim"),
    *("noise_ceiling", "noise_cells"),
)
_EXPECTED: dict[str, Callable[[Any], bool]] = {
    "settings.trials": lambda value: isinstance(value, int),
    "settings.test_size": lambda value: isinstance(value, int),
    "settings.metric": lambda value: isinstance(value, str),
    "settings.axes": lambda value: isinstance(value, dict),
    "benchmark": lambda value: isinstance(value, str),
    "space": lambda value: isinstance(value, str),
    "unit": lambda value: isinstance(value, str),
    "batch": lambda value: isinstance(value, str),
    "noise": lambda value: value is None or isinstance(value, dict),
    "versions": lambda value: isinstance(value, dict),
    "drawn": lambda value: value is ... or (isinstance(value, int) and value >= 0),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The settings of a study, and facts that all its results share.

    Attributes:
        settings: settings as `design.Study.described` returns them.
        benchmark: name of the benchmark.
        unit: unit of the metric to predict.
        batch: origin of the inputs of zero-cost proxies, in words.
        noise: limits that noise sets to τ; None where fewer than two architectures were trained
            twice.
        versions: versions of the packages that could matter, when the study was begun.
        aim: direction of the metric, ``minimize`` or ``maximize``; empty where the folder is of
            before it was kept.
        space: name of the search space of the records.
        drawn: number of architectures among which test sets are drawn; 0 where the benchmark has
            no list of them, or the folder is of before it was kept.
    """

    settings: Mapping[str, Any]
    benchmark: str
    unit: str
    batch: str
    noise: NoiseLimits | None
    versions: Mapping[str, str]
    aim: str = ""
    space: str = ""
    drawn: int = 0

    @property
    def share(self) -> float:
        """The share of a test set in the architectures among which it is drawn; 0 if unknown."""
        return self.settings["test_size"] / self.drawn if self.drawn else 0.0

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the study, in its order."""
        return tuple(self.settings["axes"])


def write_head(head: Head, folder: Path) -> None:
    """Writes ``study.json``; it appears whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    write_record(folder / HEAD, {"format": FORMAT, **asdict(head)})


def read_head(folder: Path) -> Head:
    """Returns the content of ``study.json``.

    Raises:
        MissingDataError: it is not there, or cannot be read.
        CorruptDataError: it is not what `write_head` writes.
        UnsupportedError: another version of nascast wrote it.
    """
    file = folder / HEAD
    again = "expected what `nascast compare` writes; run it again with another --out"
    if not file.is_file():
        raise MissingDataError(
            f"{folder} has no {HEAD}; expected a folder written by `nascast compare --out`"
        )
    found = read_record(file, _BEFORE, again)
    if found.get("format", 1) != FORMAT:
        _refuse(folder, found)
    wrong = [name for name, fits in _EXPECTED.items() if not fits(_at(found, name))]
    if wrong:
        raise CorruptDataError(f"{file} lacks or garbles {', '.join(wrong)}; {again}")
    noise = found["noise"]
    shared = {name: found[name] for name in ("settings", "benchmark", "unit", "batch", "versions")}
    try:
        noise = None if noise is None else NoiseLimits.of_json(noise)
    except CorruptDataError as error:
        raise CorruptDataError(f"{file}: {error}; {again}") from error
    aim, drawn = str(found.get("aim", "")), int(found.get("drawn", 0))
    return Head(**shared, noise=noise, space=found["space"], aim=aim, drawn=drawn)


def _refuse(folder: Path, found: Mapping[str, Any]) -> None:
    """Raises an UnsupportedError if the folder is of another format, not merely damaged."""
    number = found.get("format", 1)
    if "format" in found or {"settings", "benchmark"} <= found.keys():
        raise UnsupportedError(
            f"{folder} was written by {'an older' if number == 1 else 'another'} version of "
            f"nascast, in format {number} where this one reads {FORMAT}; give another --out and "
            "run the comparison again, or read the folder with the version that wrote it"
        )


def _at(head: Any, path: str) -> Any:
    """Returns the value at a dotted path; Ellipsis where there is none."""
    for key in path.split("."):
        head = head.get(key, ...) if isinstance(head, dict) else ...
    return head
