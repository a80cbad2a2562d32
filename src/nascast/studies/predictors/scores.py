"""Proxy scores of a study: computed once for all cells, in parallel, and kept on disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core.executor import Executor
from nascast.core.ledger import Memo, Score
from nascast.core.predictor import Proxy
from nascast.core.threads import one_thread
from nascast.core.types import Genes
from nascast.studies.journal import Journal
from nascast.studies.predictors.design import LABELS, Cell, predictor_of, proxies_of
from nascast.studies.predictors.evidence import Evidence
from nascast.studies.predictors.split import proxy_keys, scores_of
from nascast.studies.progress import Progress, finished

__all__ = ["Scores", "memo_of", "records_of"]

_CHUNK = 8  # architectures in one task; chosen, about a second of work
_CLOCK = "processor"  # of the seconds on record; others are of an earlier version, and not read


class Scores:
    """The scores that the cells of a study read, by all that they depend on."""

    def __init__(self, evidence: Evidence, path: Path) -> None:
        self._evidence = evidence
        self._space = evidence.records().space
        self._ledger = evidence.ledger()
        self._journal = Journal(path)
        self._memo: Memo = memo_of(self._journal.read())
        self._recorded: Genes | None = None
        table = scores_of(evidence.study, evidence.records())
        if table is not None:
            wanted = proxy_keys(evidence.study, evidence.records(), evidence.batch)
            wanted &= set(table.keys)
            self._memo |= table.memo(wanted)
            self._recorded = table.rows(wanted) if wanted else None

    def within(self, need: int) -> Genes | None:
        """Returns the canonical rows to which a study is restricted, or None.

        They are those with recorded scores of all its proxies. Where the batch is at hand, and they
        are fewer than the study needs, there is no restriction: the other scores are computed.
        """
        at_hand = len(self._evidence.batch.inputs)
        few = self._recorded is None or len(self._recorded) < need
        return None if at_hand and few else self._recorded

    def of(self, genes: Genes) -> Memo:
        """Returns all scores of some architectures."""
        rows = {row.tobytes() for row in self._space.canonical(genes)}
        return {item: score for item, score in self._memo.items() if item[1] in rows}

    def part(
        self, cell: Cell, sets: Sequence[tuple[Genes, Genes]], within: Genes | None = None
    ) -> Memo:
        """Returns the scores that one cell reads; those of a reference are of rows `within`."""
        proxies = proxies_of(cell)
        items = list(self._items(cell, proxies, sets))
        if within is not None and predictor_of(cell).reference:
            keys = [proxy.key(self._ledger) for proxy in proxies]
            items += [(key, row.tobytes()) for row in within for key in keys]
        return {item: self._memo[item] for item in items if item in self._memo}

    def measure(
        self,
        cells: Sequence[Cell],
        sets: Sequence[tuple[Genes, Genes]],
        executor: Executor,
        progress: Progress,
        *,
        read: Callable[[Cell], Sequence[Proxy]] = proxies_of,
    ) -> None:
        """Computes missing scores; one that fails is left to its cell, which records why.

        Args:
            cells: cells that are to run.
            sets: test and training sets of each trial.
            executor: executor of the tasks.
            progress: functions that are called with every step.
            read: function that returns the proxies whose scores a cell reads.
        """
        proxies = {proxy.key(self._ledger): proxy for cell in cells for proxy in read(cell)}
        groups = self._missing(cells, sets, read)
        if groups:
            self._journal.path.parent.mkdir(parents=True, exist_ok=True)
            total = sum(len(wanted) * len(rows) for wanted, rows in groups.items())
            progress.start("proxies", total)
        tasks = 0
        for wanted, rows in groups.items():
            scorers = [proxies[key] for key in wanted]
            genes = np.frombuffer(b"".join(rows), dtype=np.int16).reshape(len(rows), -1)
            for start in range(0, len(genes), _CHUNK):
                call = partial(_score, self._evidence, scorers, genes[start : start + _CHUNK])
                executor.submit((wanted, start), call)
                tasks += 1
        for done in finished(executor, tasks):
            memo: Memo = done.value or {}
            self._memo.update(memo)
            self._journal.append_all(records_of(memo))
            progress.advance(len(memo))

    def _missing(
        self,
        cells: Sequence[Cell],
        sets: Sequence[tuple[Genes, Genes]],
        read: Callable[[Cell], Sequence[Proxy]],
    ) -> dict[tuple[str, ...], list[bytes]]:
        """Returns canonical rows by the proxies whose scores they lack, in order of the cells."""
        lacking: dict[bytes, dict[str, None]] = {}
        for cell in cells:
            for key, row in self._items(cell, read(cell), sets):
                if (key, row) not in self._memo:
                    lacking.setdefault(row, {})[key] = None
        groups: dict[tuple[str, ...], list[bytes]] = {}
        for row, keys in lacking.items():
            groups.setdefault(tuple(keys), []).append(row)
        return groups

    def _items(
        self, cell: Cell, proxies: Sequence[Proxy], sets: Sequence[tuple[Genes, Genes]]
    ) -> Iterator[tuple[str, bytes]]:
        keys = [proxy.key(self._ledger) for proxy in proxies]
        if not keys:
            return
        test, train = sets[cell.trial]
        genes = np.concatenate([test, train[: cell.budget.get(LABELS, 0)]])
        for row in self._space.canonical(genes):
            for key in keys:
                yield key, row.tobytes()


def memo_of(records: Iterable[Mapping[str, Any]]) -> Memo:
    """Returns the scores in records of `records_of`; those of an earlier version are left out."""
    return {
        (r["key"], np.asarray(r["genes"], dtype=np.int16).tobytes()): Score(
            r["value"], r["seconds"], r["passes"]
        )
        for r in records
        if r.get("clock") == _CLOCK
    }


def records_of(memo: Memo) -> list[dict[str, Any]]:
    """Returns scores as plain JSON values, which a journal keeps."""
    return [
        {
            "key": key,
            "genes": np.frombuffer(row, dtype=np.int16).tolist(),
            "clock": _CLOCK,
            **asdict(score),
        }
        for (key, row), score in memo.items()
    ]


@one_thread("torch")
def _score(evidence: Evidence, proxies: Sequence[Proxy], genes: Genes) -> Memo:
    """Returns scores of architectures by proxies that share passes; runs in a worker."""
    memo: Memo = {}
    ledger = evidence.ledger(memo)
    with ledger.phase("query"):
        ledger.scores(proxies, genes)
    return memo
