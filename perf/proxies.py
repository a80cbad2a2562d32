"""Zero-cost proxies on full-size networks: their cost, ranks, and agreement with published scores.

``cost`` prints, for three cells of NAS-Bench-201 or of another space, the processor seconds of the
13 proxies of NAS-Bench-Suite-Zero and of all others as ratios to one forward and backward pass of
the same network and batch, measured beside them, and the most memory that tensors take.

``score`` computes the scores of a benchmark's architectures, one after the other, and adds them to
a journal; stopped, it goes on where it was. All are of canonical rows, as in a study: a cell is
scored without the operations that are on no path. On a GPU their seconds are none to keep. ``pack``
makes the table of journals that stands beside a benchmark, ``ranks`` prints how its scores rank.
``agree`` reads such a table and prints Spearman's ρ with published scores of the same cells, which
are of whole cells, and Kendall's τ with validation accuracy; aggregates rank within the cells.

Run:
  OMP_NUM_THREADS=1 python perf/proxies.py cost
  OMP_NUM_THREADS=1 python perf/proxies.py score nb201_seeds JOURNAL --images IMAGES.npz --count 300
  python perf/proxies.py pack nb201_seeds OUT.scores [OLD.scores] JOURNAL… --batch "64 images of …"
  python perf/proxies.py ranks nb201_seeds
  python perf/proxies.py agree CELLS.csv TABLE.scores

CELLS.csv has a column ``arch_str``, the accuracy in ``val_accuracy``, and published scores in
columns named as the proxies.
"""

import argparse
import csv
import gzip
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kendalltau, rankdata, spearmanr
from torch.nn import functional

from nascast.benchmarks.table import read_scores, table_of, write_scores
from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger, Memo
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Batch, Floats, Genes, ImageTask, Objective
from nascast.core.versions import versions
from nascast.networks.forward import forward
from nascast.proxies.passes import Passes
from nascast.spaces.nasbench201 import NasBench201
from nascast.studies.claims.intervals import resampled
from nascast.studies.claims.records import foretold, tau
from nascast.studies.journal import Journal
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.scores import memo_of, records_of
from nascast.studies.predictors.split import batch_of
from nascast.studies.records import open_benchmark, recorded_scores

SPACE, TASK = NasBench201(), ImageTask()
SUITE = (
    "epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm", "nwot", "params",
    "plain", "snip", "synflow", "zen",
)  # fmt: skip
CELLS = ((3, 3, 3, 3, 3, 3), (1, 2, 1, 3, 0, 2), (1, 4, 0, 1, 0, 3))
AGGREGATES = {
    "az_nas": ("expressivity", "progressivity", "trainability", "flops"),
    "vkdnw_agg": ("vkdnw", "jacov", "expressivity", "trainability", "flops"),
}


def passes_of(space: SearchSpace, row: tuple[int, ...], batch: Batch, seed: int = 0) -> Passes:
    """Returns the passes of a network of full size."""
    build = partial(space.build, Architecture(space.name, row), TASK)
    return Passes(build, seed, TASK, batch=batch, clock=time.process_time)


def seconds(call: Callable[[], Any]) -> float:
    """Returns the processor seconds of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def one_pass(made: Passes) -> None:
    """Makes a forward and a backward pass by all parameters."""
    passed = forward(made.network(), made.batch())
    loss = functional.cross_entropy(passed.logits, passed.labels)
    torch.autograd.grad(loss, list(made.network().parameters()), allow_unused=True)


def held(call: Callable[[], Any]) -> int:
    """Returns the most bytes that tensors hold at a time in a call."""
    with torch.profiler.profile(profile_memory=True) as profile:
        call()
    now = most = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return most


def cost(of: str, batch_size: int, repeats: int) -> None:
    """Prints ratios to one forward and backward pass, the median of some runs each."""
    space: SearchSpace = plugins.load("space", of)
    batch = Batch.random(TASK, batch_size)
    drawn = space.canonical(space.sample(3, np.random.default_rng(0)))
    cells = CELLS if of == SPACE.name else [tuple(map(int, row)) for row in drawn]
    others = [name for name in plugins.builtin_names("proxy") if name not in SUITE]
    for row in cells:
        runs: dict[str, list[float]] = {}
        for _ in range(repeats):
            made = passes_of(space, row, batch)
            made.network()
            one = seconds(partial(one_pass, made))
            took = [seconds(partial(plugins.load("proxy", n).score, made)) for n in SUITE]
            runs.setdefault("one pass, seconds", []).append(one)
            runs.setdefault("all 13", []).append(sum(took) / one)
            for name, value in made.seconds.items():
                runs.setdefault(f"  of it {name}", []).append(value / one)
            for name in others:
                made = passes_of(space, row, batch)
                took = [seconds(partial(plugins.load("proxy", name).score, made))]
                runs.setdefault(name, []).append(took[0] / one)
        print(f"{space.to_text(np.asarray([row], dtype=np.int16))[0]}, batch of {batch_size}")
        for name, values in runs.items():
            print(f"  {name:24} {np.median(values):6.2f}", flush=True)
        made = passes_of(space, row, batch)
        made.network()
        alone = held(partial(one_pass, made))
        suite = held(lambda made=made: [plugins.load("proxy", n).score(made) for n in SUITE])  # type: ignore[misc]
        print(f"  {'memory of all 13':24} {suite / alone:6.2f}", flush=True)


def read_cells(path: Path) -> list[dict[str, str]]:
    """Reads the table, compressed or not."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.setdefault("val_accuracy", row.get("val_acc_200", "nan"))
    return rows


def rows_of(options: argparse.Namespace, table: Benchmark) -> Genes:
    """Returns the canonical rows to score, those of a file first; each once."""
    space = table.space
    if options.cells:
        rows = space.from_text([row["arch_str"] for row in read_cells(options.cells)])
    else:
        rows = np.random.default_rng(0).permutation(table.genes())
        if options.connected:
            rows = rows[space.is_connected(rows)]  # type: ignore[attr-defined]
    rows = space.canonical(rows)
    rows = rows[np.sort(space.distinct(rows))]
    rows = rows[: options.count] if options.count else rows
    first, step = map(int, options.part.split("/"))
    return rows[first::step]


def score(options: argparse.Namespace) -> None:
    """Adds the scores of one architecture after the other to a journal, until time is up."""
    began = time.monotonic()
    names = tuple((options.proxies or ",".join(plugins.builtin_names("proxy"))).split(","))
    study = Study(options.benchmark, names, images=options.images, batch_size=options.batch_size)
    table = open_benchmark(options.benchmark)
    batch = batch_of(study, table)
    journal = Journal(options.scores)
    known: dict[bytes, Memo] = {}
    for (key, row), found in memo_of(journal.read()).items():
        known.setdefault(row, {})[key, row] = found
    rows = rows_of(options, table)
    names = fitting(table, batch, names, rows[0], options.device)
    for i, row in enumerate(rows):
        before = known.get(row.tobytes(), {})
        after = scored_now(table, batch, names, row, dict(before), options.device)
        journal.append_all(records_of({k: s for k, s in after.items() if k not in before}))
        if i % 25 == 0:
            print(f"{i + 1} of {len(rows)}, {time.monotonic() - began:.0f} s", flush=True)
        if time.monotonic() - began > 60 * options.minutes:
            print(f"time is up after {i + 1} of {len(rows)}", flush=True)
            return
    print(f"all {len(rows)} done", flush=True)


def fitting(
    table: Benchmark, batch: Batch, names: Sequence[str], row: Genes, device: str
) -> tuple[str, ...]:
    """Returns the proxies that have scores of such networks.

    It also loads all that is loaded at first use, which is not a score's time.
    """
    found = []
    for name in names:
        try:
            scored_now(table, batch, (name,), row, {}, device)
        except UnsupportedError as error:
            print(f"{name} is left out: {error}")
        else:
            found.append(name)
    return tuple(found)


def scored_now(
    table: Benchmark, batch: Batch, names: Sequence[str], row: Genes, memo: Memo, device: str
) -> Memo:
    """Returns the memo, grown by the scores of one row that it lacks."""
    ledger = Ledger(
        table,
        Objective("any", minimize=False),
        batch=batch,
        memo=memo,
        clock=time.process_time if device == "cpu" else time.perf_counter,
        device=device,
    )
    with ledger.phase("query"):
        ledger.scores([plugins.load("proxy", name) for name in names], row[None])
    return memo


def pack(options: argparse.Namespace) -> None:
    """Writes what journals hold of one benchmark and batch as a table of scores beside it.

    Tables of scores are taken, too. Where several have a score, or the seconds of a pass, the last
    one counts. A score that fewer than `--least` rows have is left out; a study is restricted to
    the rows that have the scores of all its proxies.
    """
    memo: Memo = {}
    for path in options.journals:
        found = kept_in(path)
        # The last in order, too: the seconds of a pass are those of the last score with it.
        memo = {item: score for item, score in memo.items() if item not in found} | found
    table = open_benchmark(options.benchmark)
    proxies = [plugins.load("proxy", name) for name in plugins.builtin_names("proxy")]
    source = options.batch or Batch.random(table.task, options.batch_size).source
    batch = Batch.named(table.task, source)
    ledger = Ledger(table, Objective("any", minimize=False), batch=batch)
    keys = {proxy.key(ledger) for proxy in proxies}
    kept = {item: score for item, score in memo.items() if item[0] in keys}
    kept = common(kept, options.least)
    scores = table_of(
        kept,
        table.space.name,
        (source, options.batch_size),
        {
            "source": "measured for nascast (perf/proxies.py)",
            "licence": "Apache-2.0",
            "seconds": "processor seconds of one core",
            "rows": options.rows,
            "versions": versions(),
        },
    )
    write_scores(scores, options.out)
    counts = f"{len(scores.rows(scores.keys)):,} of {len(scores.genes):,} rows"
    size = options.out.stat().st_size
    print(f"{options.out}: {counts} have all {len(scores.keys)} scores, {size:,} bytes")


def kept_in(path: Path) -> Memo:
    """Returns the scores in a journal or a table of scores."""
    if path.suffix != ".scores":
        return memo_of(Journal(path).read())
    table = read_scores(path)
    return table.memo(table.keys)


def common(memo: Memo, least: int | None) -> Memo:
    """Returns the scores that this many rows have; None is half of all rows."""
    counts = Counter(key for key, _ in memo)
    least = len({row for _, row in memo}) // 2 if least is None else least
    return {(key, row): score for (key, row), score in memo.items() if counts[key] >= least}


def agree(cells: Path, scores: Path) -> None:
    """Prints one line for each proxy, for all cells and for the connected ones."""
    found = read_scores(scores)
    listed = read_cells(cells)
    genes = SPACE.from_text([row["arch_str"] for row in listed])
    place = {row.tobytes(): i for i, row in enumerate(found.genes)}
    at = [place.get(row.tobytes(), -1) for row in SPACE.canonical(genes)]
    there = np.asarray(at) >= 0
    print(f"{there.sum()} of {len(listed)} cells have scores")
    for title, wanted in (("all", there), ("connected", there & SPACE.is_connected(genes))):
        rows = [row for row, good in zip(listed, wanted, strict=True) if good]
        print(f"{title}: {len(rows)} cells")
        values = found.values[np.asarray(at)[wanted]]
        names = [key.partition("|")[0] for key in found.keys]
        compared(dict(zip(names, values.T, strict=True)), rows)


def compared(table: dict[str, Floats], rows: list[dict[str, str]]) -> None:
    """Prints ρ with published scores, τ with accuracy, and τ of published scores, by proxy."""
    for name, parts in AGGREGATES.items():
        if all(part in table for part in parts):
            signs = [plugins.resolve("proxy", part).sign for part in parts]
            ranks = [
                rankdata(np.nan_to_num(sign * table[part], nan=-np.inf))
                for sign, part in zip(signs, parts, strict=True)
            ]
            table[name] = np.log(np.stack(ranks) / len(rows)).sum(0)
    accuracy = np.asarray([float(row["val_accuracy"]) for row in rows])
    for name, values in table.items():
        published = np.asarray([float(row.get(name) or "nan") for row in rows])
        # Published scores are compared where both are defined; NaN ranks last among accuracies.
        print(f"  {name:14} ρ {_rho(values, published):6.3f}  ", end="")
        sign = 1 if name in AGGREGATES else plugins.resolve("proxy", name).sign
        last = np.nan_to_num(sign * values, nan=-np.inf)
        print(f"τ {kendalltau(rankdata(last), accuracy)[0]:6.3f}, ", end="")
        print(f"published {_tau(published, accuracy):6.3f}; {int(np.isnan(values).sum())} NaN")


def _rho(ones: Floats, others: Floats) -> float:
    both = np.isfinite(ones) & np.isfinite(others)
    return float(spearmanr(ones[both], others[both])[0]) if both.any() else float("nan")


def _tau(ones: Floats, others: Floats) -> float:
    both = np.isfinite(ones) & np.isfinite(others)
    return float(kendalltau(ones[both], others[both])[0]) if both.any() else float("nan")


def ranks(benchmark: str) -> None:
    """Prints Kendall's τ of the scores beside a benchmark, over the rows with all, and intervals.

    Accuracies, or losses of which less is better, are the means over the trainings there are.
    Scores that are not defined rank last; a network without a finite loss is left out.
    """
    scores, true = foretold(benchmark)
    found = recorded_scores(open_benchmark(benchmark))
    assert found is not None
    top = np.argsort(-true)[: len(true) // 10]
    print(f"{len(true)} networks, {found.batch}")
    for k, (name, values) in enumerate(scores.items()):
        pairs = np.stack([values, true], axis=1)
        over_all, best = (
            resampled(tau, rows, np.random.default_rng(0)) for rows in (pairs, pairs[top])
        )
        used = found.used[:, k, None] >> np.arange(len(found.passes)) & 1
        took = found.seconds[:, k] + np.where(used, found.pass_seconds, 0).sum(1)
        print(
            f"  {name:10} τ {over_all}, inside the top 10 % {best}, {np.nanmean(took):.2f} s",
            flush=True,
        )


def main() -> None:
    """Runs one of the commands."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    costs = commands.add_parser("cost")
    costs.add_argument("--space", default=SPACE.name)
    costs.add_argument("--repeats", type=int, default=3)
    scored = commands.add_parser("score")
    scored.add_argument("benchmark")
    scored.add_argument("scores", type=Path)
    scored.add_argument("--images")
    scored.add_argument("--cells", type=Path)
    scored.add_argument("--count", type=int)
    scored.add_argument("--connected", action="store_true")
    scored.add_argument("--proxies")
    scored.add_argument("--minutes", type=float, default=14.0)
    scored.add_argument("--device", default="cpu")
    scored.add_argument("--part", default="0/1", help="number of this part of so many")
    packed = commands.add_parser("pack")
    packed.add_argument("benchmark")
    packed.add_argument("out", type=Path)
    packed.add_argument("journals", nargs="+", type=Path)
    packed.add_argument("--batch")
    packed.add_argument("--rows", default="all")
    packed.add_argument("--least", type=int)
    agreed = commands.add_parser("agree")
    for name in ("cells", "scores"):
        agreed.add_argument(name, type=Path)
    commands.add_parser("ranks").add_argument("benchmark")
    for command in (costs, scored, packed):
        command.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # products of 10 bits
    if options.command == "cost":
        cost(options.space, options.batch_size, options.repeats)
    elif options.command == "ranks":
        ranks(options.benchmark)
    elif options.command == "agree":
        agree(options.cells, options.scores)
    else:
        {"score": score, "pack": pack}[options.command](options)


if __name__ == "__main__":
    main()
