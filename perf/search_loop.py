"""What the loop and the strategies cost, on the real NAS-Bench-201 table or the embedded one.

Prints how many trials per second `nascast.run` makes of random search with the simulated executor
and the memory store, beside the obvious loop without executor, store and history; then, for every
strategy, the milliseconds of ask and tell for each of 10,000 trials; or, with ``--resume``, what it
takes every controller to be told 400 stored trials, as when a run is resumed, or to recall what was
learned of them, and to ask for 1 and for 8. All times are processor time.

Run: python perf/search_loop.py [TABLE.nascast]   (made by `nascast benchmark import`)
     python perf/search_loop.py --resume nasbench201,darts,layerwise,nasbench_nlp
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import nascast
from nascast.core import plugins
from nascast.core.errors import MissingExtraError
from nascast.core.evaluator import Benchmark
from nascast.core.setup import Setup
from nascast.core.space import SearchSpace
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.studies.records import open_benchmark, recorded_space
from nascast.studies.searches.learned import Learned

_WINDOW = 1000  # trials at the end whose cost is shown too, since some strategies slow down


def rate(call: Callable[[], object], count: int, repeats: int = 3) -> float:
    """Returns the best number of trials per processor second."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return count / min(times)


def naive(space: SearchSpace, benchmark: Benchmark, count: int) -> float:
    """Draws and looks up the one metric that counts; returns the best."""
    rng, best = np.random.default_rng(0), -np.inf
    for _ in range(count):
        best = max(best, benchmark.query(space.sample(1, rng), "val_accuracy")[0])
    return float(best)


def loop(
    space: SearchSpace, benchmark: Benchmark, count: int, workers: int, store: Store | None = None
) -> list[Trial]:
    """Runs random search."""
    return nascast.run(
        plugins.load("strategy", "random", space),
        benchmark,
        executor=plugins.load("executor", "simulated", workers),
        store=store or plugins.load("store", "memory"),
        name="run",
        budget=nascast.Budget(count),
    )


def in_file(space: SearchSpace, benchmark: Benchmark, count: int) -> None:
    """Runs random search with every trial in an SQLite file."""
    with TemporaryDirectory() as folder:
        store = plugins.load("store", "sqlite", Path(folder) / "runs.sqlite")
        loop(space, benchmark, count, 1, store)


def overhead(strategy: Strategy, count: int) -> tuple[float, float, float]:
    """Returns milliseconds a trial: of ask, of tell, and of both over the last trials."""
    ask = tell = late = 0.0
    for k in range(count):
        rng = np.random.default_rng([0, k])
        began = time.process_time()
        candidates = strategy.ask(1, rng)
        asked = time.process_time()
        if not candidates:
            raise RuntimeError(f"it had nothing to ask for after {k} trials")
        trial = Trial(k, candidates[0], _made_up(candidates[0]), float(k))
        start = time.process_time()
        strategy.tell([trial])
        end = time.process_time()
        ask, tell = ask + asked - began, tell + end - start
        if k >= count - _WINDOW:
            late += (asked - began) + (end - start)
    return 1000 * ask / count, 1000 * tell / count, 1000 * late / min(count, _WINDOW)


def _made_up(candidate: Candidate) -> Evaluation:
    """Accuracies that depend on the genes smoothly, so that strategies have something to climb."""
    genes = np.asarray(candidate.arch.genes)
    value = 50.0 + 10 * float(np.sin(np.arange(1, len(genes) + 1) * (1 + genes)).mean())
    value += 0.1 * (candidate.epochs or 0)
    return Evaluation({"val_accuracy": value, "parameters": float(genes.sum())}, 1.0)


def resume(name: str, space: SearchSpace, preset: str, count: int) -> tuple[float, ...]:
    """Returns seconds to tell so many trials, and to recall them; ms to ask for 1 and for 8."""
    kind = plugins.resolve("strategy", name)
    settings = kind.presets.get(preset, {})
    rows = space.sample(count, np.random.default_rng(0))
    candidates = [Candidate(space.architecture(row)) for row in rows]
    trials = [Trial(k, c, _made_up(c), float(k)) for k, c in enumerate(candidates)]
    kind(space, **settings).tell(trials[:20])  # imports, and what torch prepares once
    strategy = kind(space, **settings)
    told = 1 / rate(partial(strategy.tell, trials), 1, repeats=1)
    setup = Setup.of(strategy, open_benchmark("nb201-mini"), 0)
    with TemporaryDirectory() as folder:
        Learned(Path(folder), name, strategy, setup).keep(last=True)
        kept = Learned(Path(folder), name, kind(space, **settings), setup)
        recalled = 1 / rate(partial(kept.recall, trials), 1, repeats=1)
    asked = []
    for n in (1, 8):
        calls = [partial(strategy.ask, n, np.random.default_rng(k)) for k in range(10)]
        asked.append(1000 / rate(lambda calls=calls: [call() for call in calls], len(calls)))  # type: ignore[misc]
    return told, recalled, asked[0], asked[1]


def print_resumed(spaces: str, count: int = 400) -> None:
    """Prints what resuming takes."""
    print(f"seconds to tell {count} trials, and to recall them; ms to ask for 1 and for 8")
    for space in spaces.split(","):
        for name in ("ppo", "reinforce"):
            for preset in ("paper", "small"):
                found = resume(name, plugins.load("space", space), preset, count)
                line = "{:8.2f} {:8.3f} {:8.2f} {:8.2f}".format(*found)
                print(f"{space:14} {name:10} {preset:6}{line}", flush=True)


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", default="nb201-mini")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--space", default="nasnet", help="of the strategies' overhead")
    parser.add_argument("--resume", metavar="SPACES", help="spaces of told controllers, instead")
    options = parser.parse_args()
    if options.resume:
        print_resumed(options.resume)
        return
    benchmark = open_benchmark(options.table)
    space, count = recorded_space(benchmark), options.trials
    obvious = rate(partial(naive, space, benchmark, count), count)
    print(f"{benchmark.name}: the obvious loop, {obvious:,.0f} trials/s")
    for workers in (1, 8):
        found = rate(partial(loop, space, benchmark, count, workers), count)
        print(f"nascast.run, {workers} simulated workers: {found:,.0f} trials/s", end="")
        print(f", {obvious / found:.2f} × the time of the obvious loop")
    found = rate(partial(in_file, space, benchmark, count // 10), count // 10)
    began = time.perf_counter()
    in_file(space, benchmark, count // 10)
    wall = (time.perf_counter() - began) / (count // 10)
    print(f"nascast.run with SQLite: {found:,.0f} trials/s, {1000 * wall:.2f} ms wall a trial")
    print(f"\n{options.space}, {count:,} trials: ms of ask, tell, and both in the last {_WINDOW:,}")
    for name in plugins.names("strategy"):
        try:
            strategy = plugins.load("strategy", name, plugins.load("space", options.space))
        except MissingExtraError as error:
            print(f"{name:22} not measured: {error}")
            continue
        ask, tell, late = overhead(strategy, count)
        print(f"{name:22} {ask:8.3f} {tell:8.3f} {late:8.3f}", flush=True)


if __name__ == "__main__":
    main()
