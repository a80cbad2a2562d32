"""Times calls for one row, texts, and large batches, of this version and of another one by turns.

µs of processor time a row, and the ratio old / new. Both versions run in processes of their own,
which are asked in turn, and the least of many short timings counts, so that a busy machine slows
both alike.

Run: OMP_NUM_THREADS=1 python perf/rows.py --old ../base/src [--only WORD] [SPACE …]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 7
SECONDS = 0.02  # of a round of timings
FEW, MANY, TEXTS = 20, 1_000, 10_000

Case = tuple[str, Callable[[], Any], int]  # name, call, rows


def cases(names: list[str]) -> Iterator[Case]:
    """Yields what is timed, the same calls on the same rows in every version."""
    from nascast.core import plugins

    for name in names or plugins.names("space"):
        space = plugins.load("space", name)
        yield from space_cases(space)
        if name == "nasbench201":
            yield from table_cases(space)
        if name == "nasbench101":
            yield from split_cases(space)


def space_cases(space: Any) -> Iterator[Case]:
    """Yields calls of one space."""
    rng = np.random.default_rng(0)
    rows = space.sample(MANY, rng)
    singles = [rows[i : i + 1] for i in range(MANY)]
    texts = space.to_text(rows) * (TEXTS // MANY)
    # Always the same rows, since the least time of a few others is no measure where times differ.
    yield f"{space.name} sample 1", partial(drawn_alone, space), MANY
    yield f"{space.name} mutate 1", lambda: [space.mutate(row, rng) for row in singles], MANY
    yield f"{space.name} canonical 1", lambda: [space.canonical(row) for row in singles], MANY
    few = rows[:FEW]
    yield f"{space.name} neighbors", lambda: [space.neighbors(row) for row in few], FEW
    yield f"{space.name} sample {MANY}", partial(space.sample, MANY, rng), MANY
    yield f"{space.name} mutate {MANY}", partial(space.mutate, rows, rng), MANY
    yield f"{space.name} canonical {MANY}", partial(space.canonical, rows), MANY
    yield f"{space.name} from_text", partial(space.from_text, texts), TEXTS
    yield f"{space.name} to_text", partial(space.to_text, rows), MANY


def drawn_alone(space: Any) -> None:
    """Draws the same rows each time, one by one."""
    rng = np.random.default_rng(2)
    for _ in range(MANY):
        space.sample(1, rng)


def table_cases(space: Any) -> Iterator[Case]:
    """Yields calls of tables, with and without holes, and of the benchmark that comes along."""
    tables = import_module(
        "nascast.benchmarks.table"
        if find_spec("nascast.benchmarks.table")
        else "nascast.benchmarks._table"
    )
    from nascast.core.types import Candidate, Metric

    found = find_spec("nascast.studies.records")
    recorded = (
        import_module("nascast.studies.records").recorded_space
        if found
        else import_module("nascast.studies.search").recorded
    )

    rng = np.random.default_rng(1)
    rows = np.unique(space.canonical(space.sample(100_000, rng)), axis=0)
    archs = [space.architecture(row) for row in space.sample(MANY, rng)]
    turns = iter(range(10**9))
    with tempfile.TemporaryDirectory() as folder:
        for share in (1.0, 0.1):
            kept = rows[rng.random(len(rows)) < share]
            metrics = [
                Metric(name, "percent", "validation", epochs=tuple(range(1, 13)), seeds=2)
                for name in ("val_accuracy", "val_loss", "train_loss", "test_accuracy", "seconds")
            ]
            values = {m.name: rng.random((len(kept), 2, 12)).cumsum(2) for m in metrics}
            path = Path(folder) / "some.nascast"
            source = tables.TableSource(
                "some", space.name, kept, (*metrics,), values, canonical=True
            )
            tables.write_table(source, path)
            table = tables.read_table(path)
            if share == 1:

                def evaluate(table: Any = table) -> Any:
                    return table.evaluate(Candidate(archs[next(turns) % MANY]))

                yield "table evaluate", evaluate, 1
                yield "table query", partial(table.query, rows, "val_accuracy"), len(rows)
                continue
            holes = recorded(table)
            parents = holes.sample(MANY, rng)

            def mutate(holes: Any = holes, parents: Any = parents) -> Any:
                return holes.mutate(parents[(i := next(turns) % MANY) : i + 1], rng)

            yield "holes mutate", mutate, 1


def split_cases(space: Any) -> Iterator[Case]:
    """Yields the split of a study on all of NAS-Bench-101."""
    new = find_spec("nascast.studies.predictors")
    design = import_module("nascast.studies.predictors.design" if new else "nascast.studies.study")
    split = import_module("nascast.studies.predictors.split" if new else design.__name__).split

    every = space.all()

    class Everything:
        name = "all"

        def __init__(self) -> None:
            self.space = space

        def genes(self) -> Any:
            return every

        def measured(self, metric: str) -> Any:
            return every

    study = design.Study("nasbench101", ("jacov",))
    yield "nasbench101 split", lambda: split(study, Everything(), 0), 1


def serve(names: list[str], only: str) -> None:
    """Answers every line on standard input with the timing of the next case, round after round."""
    found = [case for case in cases(names) if only in case[0]]
    print(json.dumps([name for name, _, _ in found]), flush=True)
    calls: list[int] = []
    for line in sys.stdin:
        _, call, rows = found[int(line)]
        while len(calls) <= int(line):
            began = time.process_time()
            found[len(calls)][1]()  # at first use tables are made
            found[len(calls)][1]()
            began = time.process_time()
            found[len(calls)][1]()
            calls.append(max(1, int(SECONDS / 10 / (time.process_time() - began))))
        best = np.inf
        for _ in range(10 if calls[int(line)] > 1 else 1):
            began = time.process_time()
            for _ in range(calls[int(line)]):
                call()
            best = min(best, (time.process_time() - began) / calls[int(line)])
        print(json.dumps(best / rows * 1e6), flush=True)


def worker(source: str, options: argparse.Namespace) -> subprocess.Popen[str]:
    """Starts a process that has nascast from a folder."""
    command = [sys.executable, __file__, "--serve", "--only", options.only, *options.spaces]
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment, text=True)


def ask(process: subprocess.Popen[str], line: str | None = None) -> Any:
    """Returns the answer to a line, or the first one."""
    assert process.stdin is not None
    assert process.stdout is not None
    if line is not None:
        print(line, file=process.stdin, flush=True)
    return json.loads(process.stdout.readline())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spaces", nargs="*")
    parser.add_argument("--old", help="folder that holds the other version of the package")
    parser.add_argument("--only", default="", help="part of the names of the calls to time")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.spaces, options.only)
        return
    here = str(Path(__file__).resolve().parents[1] / "src")
    processes = [worker(source, options) for source in (options.old or here, here)]
    names, same = (ask(process) for process in processes)
    assert names == same
    for i, name in enumerate(names):
        rounds = [[ask(process, str(i)) for process in processes] for _ in range(ROUNDS)]
        old, new = np.min(rounds, axis=0)
        print(f"{name:28}{old:12.2f} →{new:10.2f} µs a row {old / new:8.1f} ×", flush=True)
    for process in processes:
        process.communicate()


if __name__ == "__main__":
    main()
