"""The records of NAS-Bench-101 as the columns of a table."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.table import SECONDS
from nascast.core.errors import CorruptDataError
from nascast.core.types import Floats, Genes, Metric
from nascast.releases.nasbench101.records import Records
from nascast.spaces.nasbench101.space import NasBench101

__all__ = ["Trainings"]

_EVALUATIONS = {"": 2, "_half": 1}  # places in `Records.values`, by ending of a metric's name
_NUMBERS = {SECONDS: 1, "train_accuracy": 2, "val_accuracy": 3, "test_accuracy": 4}
_SPLITS = {SECONDS: "train", "train_accuracy": "train", "val_accuracy": "validation"}
_HASHED = 200  # cells whose module hash is computed, to compare it; chosen
_SPACE = NasBench101()

Array = npt.NDArray[np.generic]
Ints = npt.NDArray[np.int64]


class _Order(NamedTuple):
    """The order of the records by cell, budget and seed.

    Attributes:
        genes: ``(cells, 26)`` canonical rows, ascending.
        first: ``(cells,)`` first record of each cell.
        budgets: epochs of the budgets, ascending.
        records: ``(cells, budgets, seeds)`` numbers of records, in the order of the file.
    """

    genes: Genes
    first: Ints
    budgets: tuple[int, ...]
    records: Ints


class Trainings:
    """Collects records, and turns them into columns once.

    Attributes:
        path: path of the file that they come from.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._half = True  # whether all records have their second evaluation half-way
        self._count = 0
        self._parts: dict[str, list[Array]] = {}

    def __len__(self) -> int:
        return self._count

    def add(self, records: Records) -> None:
        """Adds the next records of the file."""
        self._count += len(records.codes)
        self._keep("hashes", records.hashes)
        self._keep("codes", records.codes.astype(np.int32))
        self._keep("epochs", records.epochs.astype(np.int16))
        self._keep("parameters", records.parameters.astype(np.int32))
        for name, number in _NUMBERS.items():
            for ending, evaluation in _EVALUATIONS.items():
                self._keep(name + ending, records.values[:, evaluation, number].copy())
        off = np.abs(records.values[:, _EVALUATIONS["_half"], 0] - records.epochs / 2)
        self._half = self._half and not (off > 0.5).any()  # NaN, not recorded, is not a no

    def _keep(self, name: str, array: Array) -> None:
        self._parts.setdefault(name, []).append(array)

    def _take(self, name: str) -> npt.NDArray[np.generic]:
        """Returns a column of all records, and forgets it."""
        return np.concatenate(self._parts.pop(name))

    def budgets(self) -> list[int]:
        """Returns the epochs of all budgets, ascending."""
        return sorted({int(e) for part in self._parts.get("epochs", []) for e in np.unique(part)})

    def columns(self) -> tuple[Genes, tuple[Metric, ...], dict[str, Floats]]:
        """Returns rows, metrics and values for a table; can be called once.

        Evaluations that are not half-way through their training, as some files have them, are left
        out.

        Raises:
            CorruptDataError: there are none, cells and hashes do not fit each other, or some cells
                have fewer trainings than others.
        """
        if not self._count:
            raise CorruptDataError(f"{self.path}: no records; expected a file of NAS-Bench-101")
        order = self._order()
        seeds = order.records.shape[2]
        places = np.ascontiguousarray(order.records.transpose(0, 2, 1))
        metrics: list[Metric] = []
        values: dict[str, Floats] = {}
        for name in _NUMBERS:
            for ending in _EVALUATIONS if self._half else ("",):
                seconds = name == SECONDS
                recorded = np.asarray(self._take(name + ending), dtype=np.float64)[places]
                if not seconds:
                    recorded *= 100
                values[name + ending] = recorded
                unit = "seconds" if seconds else "percent"
                split = _SPLITS.get(name, "test")
                metrics.append(Metric(name + ending, unit, split, seconds, order.budgets, seeds))
        parameters = self._take("parameters")[order.first]
        values["trainable_parameters"] = parameters.astype(np.float64)[:, None, None]
        metrics.append(Metric("trainable_parameters", "count", "none", True))
        return order.genes, tuple(metrics), values

    def _order(self) -> _Order:
        codes, record_row = np.unique(self._take("codes"), return_inverse=True)
        canonical = _SPACE.canonical(_rows(codes))
        _, first_row, cell_of_row = np.unique(
            _SPACE.codes(canonical), return_index=True, return_inverse=True
        )
        cells = cell_of_row[record_row].astype(np.int32)
        genes = canonical[first_row]
        first = np.empty(len(genes), dtype=np.int64)
        first[cells[::-1]] = np.arange(self._count)[::-1]  # the last to write is the first record
        self._check_hashes(self._take("hashes"), cells, first, genes)
        budgets, budget = np.unique(self._take("epochs"), return_inverse=True)
        key = cells * len(budgets) + budget
        counts = np.bincount(key, minlength=len(genes) * len(budgets))
        if counts.min() < counts.max():
            cell, which = divmod(int(counts.argmin()), len(budgets))
            raise CorruptDataError(
                f"{self.path}: the cell {_SPACE.to_text(genes[cell : cell + 1])[0]} has "
                f"{counts.min()} trainings of {budgets[which]} epochs, others have {counts.max()}; "
                "the file was cut off, fetch it again"
            )
        records = np.argsort(key, kind="stable").reshape(len(genes), len(budgets), -1)
        return _Order(genes, first, tuple(map(int, budgets)), records)

    def _check_hashes(self, hashes: Array, cells: Array, first: Ints, genes: Genes) -> None:
        """Raises if a cell has two hashes, or a hash two cells, or a hash is not of its cell."""
        of_cell = hashes[first]
        other = (of_cell[cells] != hashes).any(1)
        if other.any():
            raise CorruptDataError(
                f"{self.path}: {_text(hashes[other.argmax()])} and "
                f"{_text(of_cell[cells[other.argmax()]])} are the hashes of one cell"
            )
        ordered = of_cell[np.lexsort(of_cell.T)]
        twice = (ordered[1:] == ordered[:-1]).all(1)
        if twice.any():
            text = _text(ordered[twice.argmax()])
            raise CorruptDataError(f"{self.path}: two cells have the hash {text}")
        some = np.unique(np.linspace(0, len(genes) - 1, _HASHED).astype(int))
        for row, computed in zip(some, _SPACE.module_hash(genes[some]), strict=True):
            if computed != _text(of_cell[row]):
                raise CorruptDataError(
                    f"{self.path}: the cell of hash {_text(of_cell[row])} has the hash {computed}; "
                    "its matrix or operations are not those of the release"
                )


def _rows(codes: npt.NDArray[np.int32]) -> Genes:
    genes = np.empty((len(codes), _SPACE.length), dtype=np.int16)
    for i in reversed(range(_SPACE.length)):
        codes, genes[:, i] = np.divmod(codes, _SPACE.cardinalities[i])
    return genes


def _text(digest: Array) -> str:
    return "".join(f"{int(part):016x}" for part in digest)
