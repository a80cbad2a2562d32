"""Tables of zero-cost scores: measured once, with their seconds, so that all see the same numbers.

A file ``<stem>.scores`` beside a table ``<stem>.nascast`` is that table's. It is written as a table
is, see `nascast.benchmarks.table`, and holds for each architecture and proxy the score, the seconds
that computing it took, and which passes through the network it rests on; and for each architecture
the seconds of every pass, which several proxies share. Proxies are kept by their whole key, which
names the settings, the task and the batch: a score with other ones is never mistaken for it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.table.files import SCORES, array_of, head_of, map_columns, write_columns
from nascast.core import plugins
from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError, InvalidArchitectureError
from nascast.core.ledger import Memo, Score
from nascast.core.types import Floats, Genes

__all__ = ["Contents", "ScoreTable", "contents_of", "read_scores", "table_of", "write_scores"]

_ADVICE = "make or fetch it again"
_MOST_PASSES = 63  # bits of the whole numbers that say which passes a score rests on


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table of scores has, as its head says.

    Attributes:
        space: registered name of the search space.
        rows: number of architectures.
        proxies: names of the proxies.
        batch: origin of the inputs, as `core.types.Batch.source`.
    """

    space: str
    rows: int
    proxies: list[str]
    batch: str


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """Zero-cost scores of architectures.

    Attributes:
        space: registered name of the search space.
        genes: ``(n, length)`` distinct canonical rows.
        keys: keys of k scores, as `core.predictor.Proxy.key` returns them.
        values: ``(n, k)`` scores, NaN where one is not defined.
        seconds: ``(n, k)`` seconds that each took beyond its passes, NaN where it was not measured.
        passes: names of p passes.
        pass_seconds: ``(n, p)`` seconds of each pass, NaN where none was needed.
        used: ``(n, k)`` whole numbers: bit i is set where a score rests on pass i.
        batch: origin of the inputs, as `core.types.Batch.source`.
        batch_size: number of inputs.
        provenance: origin of the scores, as plain JSON values.
    """

    space: str
    genes: Genes
    keys: tuple[str, ...]
    values: Floats
    seconds: npt.NDArray[Any]
    passes: tuple[str, ...]
    pass_seconds: npt.NDArray[Any]
    used: npt.NDArray[np.int64]
    batch: str
    batch_size: int
    provenance: Mapping[str, Any]

    def names(self) -> list[str]:
        """Returns the names of the proxies, with which their keys begin."""
        return _proxies(self.keys)

    def rows(self, keys: Collection[str]) -> Genes:
        """Returns ``(m, length)``: the rows that have all these scores."""
        if not set(keys) <= set(self.keys):
            return self.genes[:0]
        columns = [self.keys.index(key) for key in keys]
        return np.asarray(self.genes[~np.isnan(self.seconds[:, columns]).any(1)])

    def memo(self, keys: Collection[str]) -> Memo:
        """Returns the scores of these keys, as a ledger takes them."""
        rows = [row.tobytes() for row in self.genes]
        took = [dict(zip(self.passes, row, strict=True)) for row in self.pass_seconds.tolist()]
        found: Memo = {}
        for k, key in enumerate(self.keys):
            if key not in keys:
                continue
            columns = (self.values[:, k], self.seconds[:, k], self.used[:, k])
            for i, (value, own, used) in enumerate(zip(*map(_list, columns), strict=True)):
                if own == own:
                    names = self._names(used)
                    found[key, rows[i]] = Score(value, own, {name: took[i][name] for name in names})
        return found

    def _names(self, used: int) -> list[str]:
        return [name for i, name in enumerate(self.passes) if used >> i & 1]


def _proxies(keys: Sequence[str]) -> list[str]:
    """Returns the names of proxies of which these are the keys, each once."""
    return list(dict.fromkeys(key.partition("|")[0] for key in keys))


def _list(values: npt.NDArray[Any]) -> list[Any]:
    found: list[Any] = values.tolist()
    return found


def table_of(
    memo: Memo, space: str, batch: tuple[str, int], provenance: Mapping[str, Any]
) -> ScoreTable:
    """Returns the table of a memo.

    Args:
        memo: scores by key and canonical row.
        space: registered name of the search space.
        batch: source and size of the batch that all were measured with.
        provenance: origin of the scores, as plain JSON values.
    """
    keys = tuple(sorted({key for key, _ in memo}))
    rows = list(dict.fromkeys(row for _, row in memo))
    passes = tuple(sorted({name for score in memo.values() for name in score.passes}))
    shape = (len(rows), len(keys))
    values, seconds = np.full(shape, np.nan), np.full(shape, np.nan, dtype=np.float32)
    used = np.zeros(shape, dtype=np.int64)
    pass_seconds = np.full((len(rows), len(passes)), np.nan, dtype=np.float32)
    row_at, key_at = ({item: i for i, item in enumerate(items)} for items in (rows, keys))
    bit = {name: i for i, name in enumerate(passes)}
    for (key, row), score in memo.items():
        at = row_at[row], key_at[key]
        values[at], seconds[at] = score.value, score.seconds
        used[at] = sum(1 << bit[name] for name in score.passes)
        for name, took in score.passes.items():
            pass_seconds[at[0], bit[name]] = took
    genes = np.frombuffer(b"".join(rows), dtype=np.int16).reshape(len(rows), -1)
    return ScoreTable(
        space, genes, keys, values, seconds, passes, pass_seconds, used, *batch, provenance
    )


def write_scores(table: ScoreTable, path: Path) -> None:
    """Writes scores; the file appears whole or not at all.

    Raises:
        CorruptDataError: they are no scores, or of no architectures of the space.
    """
    _check(table)
    columns = {name: getattr(table, name) for name in _COLUMNS}
    head = {
        "space": table.space,
        "keys": table.keys,
        "passes": table.passes,
        "batch": table.batch,
        "batch_size": table.batch_size,
        "provenance": dict(table.provenance),
    }
    write_columns(columns, head, path, SCORES, compressed=True)


def contents_of(path: Path) -> Contents:
    """Returns what a file of scores has; its checksum is checked, but not that its rows are valid.

    Whether rows are canonical takes longer to tell than all else that describes a benchmark.

    Raises:
        MissingDataError: there is no such file.
        CorruptDataError: the file is truncated, altered, or no table of scores.
    """
    with reading(path, size_of(path), what="a table of proxy scores", advice=_ADVICE):
        mapped = map_columns(path, SCORES)
        head = head_of(mapped)
        keys = tuple(map(str, head["keys"]))
        return Contents(str(head["space"]), mapped.num_rows, _proxies(keys), str(head["batch"]))


def read_scores(path: Path) -> ScoreTable:
    """Returns the scores in a file.

    Raises:
        MissingDataError: there is no such file.
        CorruptDataError: the file is truncated, altered, or has no scores.
    """
    with reading(path, size_of(path), what="a table of proxy scores", advice=_ADVICE):
        mapped = map_columns(path, SCORES)
        head = head_of(mapped)
        found = ScoreTable(
            str(head["space"]),
            keys=tuple(map(str, head["keys"])),
            passes=tuple(map(str, head["passes"])),
            batch=str(head["batch"]),
            batch_size=int(head["batch_size"]),
            provenance=dict(head["provenance"]),
            **{name: array_of(mapped, name) for name in _COLUMNS},
        )
        _check(found)
    return found


_COLUMNS = ("genes", "values", "seconds", "pass_seconds", "used")


def _check(table: ScoreTable) -> None:
    n, k, p = len(table.genes), len(table.keys), len(table.passes)
    shapes = {"values": (n, k), "seconds": (n, k), "used": (n, k), "pass_seconds": (n, p)}
    wrong = [name for name, shape in shapes.items() if getattr(table, name).shape != shape]
    if wrong or not (n and k and p) or p > _MOST_PASSES:
        raise CorruptDataError(
            f"{n} architectures, {k} proxies and {p} passes do not fit "
            f"{', '.join(wrong) or 'a file'}"
        )
    if not _distinct(table.keys) or not _distinct(table.passes):
        raise CorruptDataError("two proxies, or two passes, of one name")
    space = plugins.load("space", table.space)
    try:
        space.check(table.genes)
    except InvalidArchitectureError as error:
        raise CorruptDataError(str(error)) from error
    if (space.canonical(table.genes) != table.genes).any() or len(space.distinct(table.genes)) != n:
        raise CorruptDataError("expected scores of canonical rows, of each once")
    if table.used.dtype != np.int64 or (table.used >> p).any():
        raise CorruptDataError(f"a score rests on a pass that is none of the {p}")


def _distinct(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)
