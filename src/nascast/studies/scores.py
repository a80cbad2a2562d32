"""Proxy scores of a study: measured once for all cells, in parallel, and kept on disk."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from nascast.core.evaluator import Benchmark
from nascast.core.executor import Executor
from nascast.core.ledger import Ledger, Memo
from nascast.core.predictor import Proxy
from nascast.core.threads import one_thread
from nascast.core.types import Batch, Genes
from nascast.studies.journal import Journal
from nascast.studies.study import (
    Cell,
    Progress,
    Study,
    objective_of,
    open_benchmark,
    proxies_of,
    results,
)

__all__ = ["Scores"]

_CHUNK = 8  # architectures in one task; chosen, about a second of work


class Scores:
    """The scores that the cells of a study read, by content."""

    def __init__(self, study: Study, benchmark: Benchmark, batch: Batch, path: Path) -> None:
        self._study = study
        self._space = benchmark.space
        self._ledger = Ledger(benchmark, objective_of(study, benchmark), batch=batch)
        self._batch = batch
        self._journal = Journal(path)
        self._memo: Memo = {
            (r["key"], np.asarray(r["genes"], dtype=np.int16).tobytes()): (r["value"], r["seconds"])
            for r in self._journal.read()
        }

    def part(self, cell: Cell, sets: Sequence[tuple[Genes, Genes]]) -> Memo:
        """Returns the scores that one cell reads."""
        return {item: self._memo[item] for item in self._items(cell, sets) if item in self._memo}

    def measure(
        self,
        cells: Sequence[Cell],
        sets: Sequence[tuple[Genes, Genes]],
        executor: Executor,
        progress: Progress,
    ) -> None:
        """Measures what is missing. A score that fails is left to the cell, which records why."""
        proxies: dict[str, Proxy] = {}
        missing: dict[str, dict[bytes, None]] = {}
        for cell in cells:
            for proxy in proxies_of(cell):
                proxies[proxy.key(self._ledger)] = proxy
            for key, row in self._items(cell, sets):
                if (key, row) not in self._memo:
                    missing.setdefault(key, {})[row] = None
        tasks = 0
        total = sum(map(len, missing.values()))
        if total:
            self._journal.path.parent.mkdir(parents=True, exist_ok=True)
            progress.start("proxies", total)
        for key, rows in missing.items():
            genes = np.frombuffer(b"".join(rows), dtype=np.int16).reshape(len(rows), -1)
            for start in range(0, len(genes), _CHUNK):
                chunk = genes[start : start + _CHUNK]
                call = partial(_score, self._study, proxies[key], chunk, self._batch)
                executor.submit((key, start), call)
                tasks += 1
        for done in results(executor, tasks):
            for (key, row), (value, seconds) in (done.value or {}).items():
                self._memo[key, row] = (value, seconds)
                listed = np.frombuffer(row, dtype=np.int16).tolist()
                record = {"key": key, "genes": listed, "value": value, "seconds": seconds}
                self._journal.append(record)
            progress.advance(len(done.value or ()))

    def _items(
        self, cell: Cell, sets: Sequence[tuple[Genes, Genes]]
    ) -> Iterator[tuple[str, bytes]]:
        proxies = proxies_of(cell)
        if not proxies:
            return
        test, train = sets[cell.trial]
        genes = np.concatenate([test, train[: cell.train_size or 0]])
        for row in self._space.canonical(genes):
            for proxy in proxies:
                yield proxy.key(self._ledger), row.tobytes()


@one_thread()
def _score(study: Study, proxy: Proxy, genes: Genes, batch: Batch) -> Memo:
    """Measures one proxy on some architectures; runs in a worker."""
    memo: Memo = {}
    benchmark = open_benchmark(study.benchmark)
    ledger = Ledger(benchmark, objective_of(study, benchmark), batch=batch, memo=memo)
    with ledger.phase("query"):
        proxy(ledger, genes)
    return memo
