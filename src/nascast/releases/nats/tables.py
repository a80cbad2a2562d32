"""The official records of NATS-Bench and NAS-Bench-201 as one table for each data set.

Rows stand in the order of the official index. Metrics of the full training have plain names,
those of the shorter ones end in their number of epochs: ``val_accuracy_12``. A metric has the
epochs after which it was recorded for every architecture. Seed k of the table is the k-th recorded
training in the order of the official seed numbers, which stand in the provenance.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.converted import file_of
from nascast.benchmarks.table import SECONDS, TableSource, write_table
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
    StoreError,
)
from nascast.core.space import SearchSpace
from nascast.core.types import Metric
from nascast.releases.catalogue import Progress
from nascast.releases.nats.files import md5, walk
from nascast.releases.nats.records import DATASETS, SEEDS, Dataset, Group, read_group
from nascast.releases.staging import staged

__all__ = ["Series", "convert"]

_SPLITS = {"train": "train", "val": "validation", "test": "test", "valtest": "test"}
_SHOWN = 5  # chosen: examples in the provenance
_RECIPE = (
    "SGD with Nesterov momentum 0.9, weight decay 5e-4, batch 256, learning rate 0.1 with a cosine "
    "to 0 over these epochs; random flips and crops with 4 pixels of padding (2 for 16×16 images)"
)


@dataclass(frozen=True, slots=True)
class Series:
    """The properties of one of the two benchmarks.

    Attributes:
        title: title of the benchmark, for people.
        space: registered name of the search space.
        files: names of the tables, which end in their data sets.
        epochs: epochs of the full training, then of the shorter ones; each has its own learning
            rates.
    """

    title: str
    space: str
    files: tuple[str, ...]
    epochs: tuple[int, ...]


def convert(series: Series, source: Path, folder: Path, progress: Progress) -> list[Path]:
    """Converts a release into one table for each data set; nothing is written if it is damaged.

    Values wait in temporary files in `folder` until all are read, so that memory is bounded by
    one table.

    Raises:
        MissingDataError: no file of the release is there.
        CorruptDataError: a file is damaged or of another release, or an architecture lacks
            trainings.
    """
    with (
        staged(folder) as stage,
        tempfile.TemporaryDirectory(dir=stage) as scratch,
        closing(_Rows(series, Path(scratch))) as rows,
    ):
        walk(source, rows.take, progress)
        index = rows.finished(str(source))
        origin = {"source": series.title, "licence": "MIT", "release": source.name}
        if source.is_file():
            origin["md5"] = md5(source)
        for name in DATASETS:
            write_table(rows.table(name, index, origin), stage / file_of(name, series.files))
    return [folder / file_of(name, series.files) for name in DATASETS]


class _Column:
    """Values of one metric in a file, one row for each official index, and NaN in new rows.

    Rows are written and not mapped: on a full disk a write fails, where a mapping would end the
    process.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self._shape, self._row = shape, np.full(shape[1:], np.nan, dtype=np.float32)
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115, see close
        self._file.truncate(math.prod(shape) * 4)  # rows that are never written take no space

    def put(self, index: int, values: npt.NDArray[np.float32]) -> None:
        """Writes the ``(seeds, epochs)`` values of a row."""
        self._row[: len(values)], self._row[len(values) :] = values, np.nan
        try:
            self._file.seek(index * self._row.nbytes)
            self._file.write(self._row.tobytes())
        except OSError as error:
            raise StoreError(
                f"cannot write {self._file.name}: {error.strerror}; make room, or set "
                "NASCAST_DATA to a folder on another disk"
            ) from error

    def values(self) -> npt.NDArray[np.float32]:
        """Returns all rows; those that were not written are zeros."""
        self.close()
        return np.memmap(self._file.name, np.float32, "r", shape=self._shape)

    def close(self) -> None:
        """Closes the file, in which all rows are then."""
        self._file.close()


class _Rows:
    """Collects values as they come, in files of one row for each official index."""

    def __init__(self, series: Series, scratch: Path) -> None:
        self.series = series
        self.scratch = scratch
        self.space: SearchSpace = plugins.load("space", series.space)
        self.size = self.space.size()
        self.genes = np.zeros((self.size, self.space.length), dtype=np.int16)
        self.seen = np.zeros((self.size, len(series.epochs)), dtype=bool)
        self.columns: dict[tuple[str, str], _Column] = {}
        sizes = (len(DATASETS), self.size, len(series.epochs), SEEDS, 2)
        self.sizes = np.zeros(sizes, dtype=np.int64)
        self.seeds: dict[tuple[str, int], Counter[tuple[int, ...]]] = {}

    def take(self, record: Any, where: str) -> None:
        """Adds a group."""
        group = read_group(record, where)
        where = f"{where}, architecture {group.index}"
        if group.epochs not in self.series.epochs:
            raise CorruptDataError(
                f"{where}: trainings of {group.epochs} epochs; {self.series.title} has "
                f"{', '.join(map(str, self.series.epochs))}. Is this another release?"
            )
        budget = self.series.epochs.index(group.epochs)
        if not 0 <= group.index < self.size or self.seen[group.index, budget]:
            raise CorruptDataError(
                f"{where}: expected every index below {self.size} once for {group.epochs} epochs"
            )
        self._check_text(group, where)
        self.seen[group.index, budget] = True
        suffix = f"_{group.epochs}" if budget else ""
        for at, (name, trainings) in enumerate(group.trainings.items()):
            count = len(trainings.seeds)
            for metric, curve in trainings.curves.items():
                self._column(name, metric + suffix, group.epochs).put(group.index, curve)
            self.sizes[at, group.index, budget, :count] = trainings.sizes
            self.seeds.setdefault((name, group.epochs), Counter())[trainings.seeds] += 1

    def _check_text(self, group: Group, where: str) -> None:
        try:
            row = self.space.from_text([group.text])[0]
        except InvalidArchitectureError as error:
            raise CorruptDataError(
                f"{where}: {error}. Is this another release than {self.series.title}?"
            ) from error
        if self.seen[group.index].any() and (self.genes[group.index] != row).any():
            raise CorruptDataError(f"{where}: its trainings are of two architectures")
        self.genes[group.index] = row

    def _column(self, dataset: str, metric: str, epochs: int) -> _Column:
        if (dataset, metric) not in self.columns:
            path = self.scratch / f"{dataset}.{metric}"
            self.columns[dataset, metric] = _Column(path, (self.size, SEEDS, epochs))
        return self.columns[dataset, metric]

    def close(self) -> None:
        """Closes the files."""
        for column in self.columns.values():
            column.close()

    def finished(self, where: str) -> npt.NDArray[np.intp]:
        """Returns ``(n,)`` official indices that were there, ascending.

        Raises:
            CorruptDataError: an architecture lacks some of the trainings.
        """
        some, every = self.seen.any(1), self.seen.all(1)
        if (some & ~every).any():
            at = int(np.flatnonzero(some & ~every)[0])
            missing = [e for e, s in zip(self.series.epochs, self.seen[at], strict=True) if not s]
            raise CorruptDataError(
                f"{where}: architecture {at} has no trainings of {missing} epochs; expected those "
                f"of {', '.join(map(str, self.series.epochs))}"
            )
        return np.flatnonzero(every)

    def table(
        self, name: str, index: npt.NDArray[np.intp], origin: Mapping[str, Any]
    ) -> TableSource:
        """Returns the table of one data set."""
        metrics: list[Metric] = []
        columns: dict[str, npt.NDArray[Any]] = {}
        suffixes = tuple(f"_{epochs}" for epochs in self.series.epochs[1:])
        of_name = [metric for dataset, metric in self.columns if dataset == name]
        for metric in sorted(
            of_name, key=lambda m: m.endswith(suffixes)
        ):  # the full training first
            meta, columns[metric] = _column(metric, self.columns[name, metric].values(), index)
            metrics.append(meta)
        sizes = self.sizes[list(DATASETS).index(name)][index]
        found = _most_frequent(sizes)
        for at, size in enumerate(("parameters", "flops")):
            metrics.append(Metric(size, "count", "none", minimize=True))
            columns[size] = found[:, at].astype(np.float64)[:, None, None]
        provenance = {
            **origin,
            **self._facts(name, DATASETS[name]),
            **_odd_sizes(sizes, found, index),
            "architectures": f"{len(index)} of {self.size}, in the order of the official index",
        }
        return TableSource(
            Path(file_of(name, self.series.files)).stem,
            self.series.space,
            self.genes[index],
            tuple(metrics),
            columns,
            task=DATASETS[name].task,
            provenance=provenance,
        )

    def _facts(self, name: str, dataset: Dataset) -> dict[str, Any]:
        full, *shorter = self.series.epochs
        kinds = {f"{full} epochs": "metrics without a number"}
        kinds |= {
            f"{e} epochs": f"metrics that end in _{e}; trainings of their own" for e in shorter
        }
        return {
            "dataset": dataset.official,
            "splits": dataset.splits,
            "trainings": kinds,
            "recipe": _RECIPE,
            "official seeds": {
                f"{epochs} epochs": {
                    ", ".join(map(str, seeds)): count
                    for seeds, count in sorted(self.seeds[name, epochs].items())
                }
                for epochs in self.series.epochs
            },
            "seconds": "as published: training"
            + (" and validation" if "val" in dataset.sets else "")
            + " time of every epoch so far, measured once for each architecture",
        }


def _column(
    name: str, values: npt.NDArray[np.float32], index: npt.NDArray[np.intp]
) -> tuple[Metric, npt.NDArray[np.float32]]:
    """Returns a metric with its seeds and the epochs that every architecture has."""
    rows = values if len(index) == len(values) else values[index]
    missing = np.isnan(rows)
    seeds = int((~missing[:, :, -1]).any(0).sum())
    epochs = ~missing[:, 0].any(0)
    if seeds < rows.shape[1] or not epochs.all():
        rows = rows[:, :seeds, epochs]
    kind, _, side = name.partition("_")
    seconds = kind == SECONDS
    meta = Metric(
        name,
        "seconds" if seconds else "percent" if side.startswith("accuracy") else "nats",
        "train" if seconds else _SPLITS[kind],
        not side.startswith("accuracy"),
        tuple((np.flatnonzero(epochs) + 1).tolist()),
        seeds,
    )
    return meta, rows


def _most_frequent(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns ``(n, 2)`` sizes that most records of an architecture's shortest trainings have.

    Some records of the 200-epoch trainings carry the size of another network
    (https://github.com/D-X-Y/NATS-Bench/issues/36); those of the shorter ones do not.

    Args:
        sizes: ``(n, budgets, seeds, 2)`` parameters and multiply-adds, 0 without a training.
    """
    flat = sizes[:, -1]
    same = (flat[:, :, None] == flat[:, None]).all(3).sum(2) * (flat[:, :, 0] > 0)
    return np.asarray(flat[np.arange(len(flat)), same.argmax(1)])


def _odd_sizes(
    sizes: npt.NDArray[np.int64], found: npt.NDArray[np.int64], index: npt.NDArray[np.intp]
) -> dict[str, str]:
    """Returns a remark on the records that disagree on the size of the network, if any."""
    odd = (sizes != found[:, None, None]).any(3) & (sizes[..., 0] > 0)
    rows = index[odd.any((1, 2))]
    if not len(rows):
        return {}
    shown = ", ".join(map(str, rows[:_SHOWN])) + (", …" if len(rows) > _SHOWN else "")
    return {
        "odd sizes": f"{int(odd.sum())} trainings of {len(rows)} architectures (indices {shown}) "
        "are recorded with the parameters or multiply-adds of another network; parameters and "
        "flops are what the shortest trainings say, the curves are as published "
        "(https://github.com/D-X-Y/NATS-Bench/issues/36)"
    }
