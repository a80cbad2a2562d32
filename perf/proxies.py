"""Zero-cost proxies on full-size networks of NAS-Bench-201: their cost, and their agreement.

``cost`` prints, for three cells, the processor seconds of the 13 proxies of NAS-Bench-Suite-Zero
and of all others as ratios to one forward and backward pass of the same network and batch, measured
beside them, and the most memory that tensors take.

``score`` computes scores of random cells with real images, cell by cell, and adds them to a file;
stopped, it goes on where it was. ``agree`` reads the file and prints Spearman's ρ with published
scores of the same cells, and Kendall's τ with validation accuracy; aggregates rank within the
cells.

Run, with the data of perf/nb201_table.py:
  OMP_NUM_THREADS=1 python perf/proxies.py cost
  OMP_NUM_THREADS=1 python perf/proxies.py score CELLS.csv IMAGES.npz SCORES.jsonl --count 300
  OMP_NUM_THREADS=1 python perf/proxies.py agree CELLS.csv SCORES.jsonl

CELLS.csv has a column ``arch_str``, the accuracy in ``val_accuracy``, and published scores in
columns named as the proxies.
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kendalltau, rankdata, spearmanr
from torch.nn import functional

from nascast.core import plugins
from nascast.core.types import Architecture, Batch, Floats, ImageTask
from nascast.networks.forward import forward
from nascast.proxies.passes import Passes
from nascast.spaces.nasbench201 import NasBench201
from nascast.training.data import Split, image_batch, open_data

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


def passes_of(row: tuple[int, ...], batch: Batch, seed: int = 0) -> Passes:
    """Returns the passes of a cell's network."""
    build = partial(SPACE.build, Architecture("nasbench201", row), TASK)
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


def cost(batch_size: int, repeats: int) -> None:
    """Prints ratios to one forward and backward pass, the median of some runs each."""
    batch = Batch.random(TASK, batch_size)
    others = [name for name in plugins.builtin_names("proxy") if name not in SUITE]
    for row in CELLS:
        runs: dict[str, list[float]] = {}
        for _ in range(repeats):
            made = passes_of(row, batch)
            made.network()
            one = seconds(partial(one_pass, made))
            took = [seconds(partial(plugins.load("proxy", n).score, made)) for n in SUITE]
            runs.setdefault("one pass, seconds", []).append(one)
            runs.setdefault("all 13", []).append(sum(took) / one)
            for name, value in made.seconds.items():
                runs.setdefault(f"  of it {name}", []).append(value / one)
            for name in others:
                took = [seconds(partial(plugins.load("proxy", name).score, passes_of(row, batch)))]
                runs.setdefault(name, []).append(took[0] / one)
        print(f"{SPACE.to_text(np.asarray([row], dtype=np.int16))[0]}, batch of {batch_size}")
        for name, values in runs.items():
            print(f"  {name:24} {np.median(values):6.2f}", flush=True)
        made = passes_of(row, batch)
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


def chosen(rows: list[dict[str, str]], count: int, connected: bool) -> list[dict[str, str]]:
    """Returns random rows, of connected cells if wanted."""
    if connected:
        fine = SPACE.is_connected(SPACE.from_text([row["arch_str"] for row in rows]))
        rows = [row for row, good in zip(rows, fine, strict=True) if good]
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:count]]


def score(options: argparse.Namespace) -> None:
    """Adds one line of scores for each cell and draw of weights and images."""
    size, draws = options.batch_size, options.draws
    split = Split(train=size * draws, validation=1, test=1, size=32)
    images = image_batch(open_data(str(options.images), split), size * draws)
    names = (options.proxies or ",".join(plugins.builtin_names("proxy"))).split(",")
    done = {(r["arch_str"], r["draw"]) for r in lines(options.scores)}
    rows = chosen(read_cells(options.cells), options.count, options.connected)
    for draw in range(draws):
        part = slice(draw * size, (draw + 1) * size)
        batch = Batch(images.inputs[part], images.labels[part], f"{images.source}, part {draw}")
        for row in rows:
            if (row["arch_str"], draw) in done:
                continue
            # The network as it is published, with operations that are not on a path, if any.
            made = passes_of(tuple(SPACE.from_text([row["arch_str"]])[0].tolist()), batch, draw)
            found = {name: plugins.load("proxy", name, seed=draw).score(made) for name in names}
            with options.scores.open("a") as file:
                print(json.dumps({"arch_str": row["arch_str"], "draw": draw, **found}), file=file)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Reads what was computed before."""
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def agree(cells: Path, scores: Path) -> None:
    """Prints one line for each proxy; scores are means over the draws."""
    by_cell = {row["arch_str"]: row for row in read_cells(cells)}
    grouped: dict[str, list[dict[str, Any]]] = {}
    for line in lines(scores):
        grouped.setdefault(line["arch_str"], []).append(line)
    names = [name for name in next(iter(grouped.values()))[0] if name not in ("arch_str", "draw")]
    table = {
        name: np.asarray([np.mean([line[name] for line in group]) for group in grouped.values()])
        for name in names
    }
    for name, parts in AGGREGATES.items():
        if all(part in table for part in parts):
            ranks = [rankdata(np.nan_to_num(table[part], nan=-np.inf)) for part in parts]
            table[name] = np.log(np.stack(ranks) / len(grouped)).sum(0)
    accuracy = np.asarray([float(by_cell[text]["val_accuracy"]) for text in grouped])
    draws = [len(group) for group in grouped.values()]
    print(f"{len(grouped)} cells, {min(draws)} to {max(draws)} draws")
    for name, values in table.items():
        published = [by_cell[text].get(name) for text in grouped]
        reference = np.asarray([np.nan if x is None else float(x) for x in published])
        # Published scores are compared where both are defined; NaN ranks last among accuracies.
        print(f"  {name:14} ρ {_rho(values, reference):6.3f}  ", end="")
        last = np.nan_to_num(values, nan=-np.inf)
        print(f"τ {kendalltau(rankdata(last), accuracy)[0]:6.3f}, ", end="")
        print(f"published {_tau(reference, accuracy):6.3f}; {int(np.isnan(values).sum())} NaN")


def _rho(ones: Floats, others: Floats) -> float:
    both = np.isfinite(ones) & np.isfinite(others)
    return float(spearmanr(ones[both], others[both])[0]) if both.any() else float("nan")


def _tau(ones: Floats, others: Floats) -> float:
    both = np.isfinite(ones) & np.isfinite(others)
    return float(kendalltau(ones[both], others[both])[0]) if both.any() else float("nan")


def main() -> None:
    """Runs one of the three commands."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    costs = commands.add_parser("cost")
    costs.add_argument("--repeats", type=int, default=3)
    scored = commands.add_parser("score")
    for name in ("cells", "images", "scores"):
        scored.add_argument(name, type=Path)
    scored.add_argument("--count", type=int, default=300)
    scored.add_argument("--draws", type=int, default=1)
    scored.add_argument("--connected", action="store_true")
    scored.add_argument("--proxies")
    for command in (costs, scored):
        command.add_argument("--batch-size", type=int, default=64)
    agreed = commands.add_parser("agree")
    for name in ("cells", "scores"):
        agreed.add_argument(name, type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.command == "cost":
        cost(options.batch_size, options.repeats)
    elif options.command == "score":
        score(options)
    else:
        agree(options.cells, options.scores)


if __name__ == "__main__":
    main()
