"""Times what is done to architectures in batches, in every search space.

Sampling, mutation, canonical rows, graphs and every encoding, for 100,000 architectures: µs of
processor time for each, and the ratio to the same call on one architecture at a time, measured in
the same run on some hundreds. Graphs and encodings get `CHUNK` rows at a time, since all path
encodings of nats_size would be 13 GB, the rest all rows at once.

In brackets, for orientation: Python as a library for one benchmark has it, architecture by
architecture.

Run: OMP_NUM_THREADS=1 python perf/spaces.py [--rows N] [SPACE …]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import nascast
from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

CHUNK = 1_024
WHOLE = ("sample", "mutate", "canonical", "module hash")
ONE_BY_ONE = 200
GOAL = 20  # µs for an encoding

Task = Callable[[Genes], Any]


def micros(task: Task, batches: list[Genes], repeats: int = 2) -> float:
    """Returns µs of processor time for each row, the least of some timings."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        for batch in batches:
            task(batch)
        times.append(time.process_time() - began)
    return min(times) / sum(map(len, batches)) * 1e6


def tasks(space: SearchSpace) -> Iterator[tuple[str, Task]]:
    """Yields the name of each task that the space supports, and a function of rows."""
    rng = np.random.default_rng(1)
    yield "sample", lambda rows: space.sample(len(rows), rng)
    yield "mutate", lambda rows: space.mutate(rows, rng)
    yield "canonical", space.canonical
    yield "graphs", space.graphs
    few = space.sample(1, rng)
    for name in plugins.names("encoding"):
        encoding = plugins.load("encoding", name)
        try:
            encoding.encode(space, few)
        except UnsupportedError:
            continue
        yield name, partial(encoding.encode, space)
    if space.name == "nasbench101":
        yield "module hash", space.module_hash  # type: ignore[attr-defined]


def one_hot_of(row: Genes, cardinalities: tuple[int, ...]) -> list[int]:
    """Returns what `adjacency_one_hot` does, one architecture at a time."""
    out = []
    for gene, cardinality in zip(row.tolist(), cardinalities, strict=True):
        hot = [0] * cardinality
        hot[gene] = 1
        out += hot[1:] if cardinality == 2 else hot
    return out


def paths_of(graph: Graph) -> set[tuple[int, ...]]:
    """Walks from input to output of a graph, one architecture at a time."""
    last = int((graph.labels[0] == graph.vocabulary.index("output")).argmax())
    after = [np.flatnonzero(row).tolist() for row in graph.adjacency[0]]
    labels = graph.labels[0].tolist()

    def walk(vertex: int) -> list[tuple[int, ...]]:
        if vertex == last:
            return [()]
        return [(labels[v], *rest) for v in after[vertex] for rest in walk(v)]

    return set(walk(0))


def report(space: SearchSpace, rows: int) -> None:
    """Prints a line for each task."""
    genes = space.sample(rows, np.random.default_rng(0))
    whole, parts = [genes], [genes[i : i + CHUNK] for i in range(0, rows, CHUNK)]
    singles = [genes[i : i + 1] for i in range(ONE_BY_ONE)]
    encodings = plugins.names("encoding")
    for name, task in tasks(space):
        alone = micros(task, singles)
        batch = micros(task, whole if name in WHOLE else parts)
        over = f"  over {GOAL} µs" if name in encodings and batch > GOAL else ""
        print(f"{space.name:15}{name:22}{batch:10.2f} µs {alone / batch:9.0f} ×{over}", flush=True)
    for name, task in references(space):
        print(f"{space.name:15}{f'({name})':22}{micros(task, singles):10.2f} µs", flush=True)


def references(space: SearchSpace) -> Iterator[tuple[str, Task]]:
    """Yields what Python does that knows of no batches."""
    yield "one-hot in lists", lambda row: one_hot_of(row[0], space.cardinalities)
    if space.name in ("nasbench101", "nasbench201"):
        yield "paths walked", lambda row: paths_of(space.graphs(row))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spaces", nargs="*", default=plugins.names("space"))
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    for name in options.spaces:
        report(nascast.load("space", name), options.rows)


if __name__ == "__main__":
    main()
