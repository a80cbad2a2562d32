"""Speed and memory of converting NAS-Bench-101, and of looking cells up, without the real file.

Writes a file in the official layout, three made-up trainings of every budget for each cell of the
space, converts it, and queries the table. With --cells 423624 it has as many records as the real
one, of the same size. Run: python perf/convert_nasbench101.py [--cells N] [--keep FILE]
"""

import argparse
import base64
import json
import resource
import struct
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nascast.benchmarks.nasbench101 import NasBench101 as Benchmark
from nascast.core.types import Genes
from nascast.releases.formats.tfrecord import checksums
from nascast.releases.nasbench101 import release
from nascast.spaces.nasbench101.space import NasBench101

SPACE = NasBench101()
BUDGETS = (4, 12, 36, 108)
SEEDS = 3
CELLS = 20_000
BATCH = 500  # cells whose records are written at once
POOL = 4096  # made-up trainings of each budget, used again and again
QUERIES = 100_000

Pool = dict[int, list[str]]


def main() -> None:
    """Prints seconds, MB/s and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=CELLS)
    parser.add_argument("--keep", type=Path, help="keep, or use again, the file of records")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "synthetic.tfrecord"
        if not path.exists():
            write(path, options.cells)
        size = path.stat().st_size / 1e6
        print(f"{size:.0f} MB; memory before: {memory():.0f} MB")
        wall, cpu = time.perf_counter(), time.process_time()
        (table,) = release.convert(path, Path(folder), lambda done, total: None)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"converted in {wall:.1f} s ({size / wall:.0f} MB/s), {cpu:.1f} s of a processor")
        print(f"({size / cpu:.0f} MB/s); most memory: {memory():.0f} MB")
        print(f"the table has {table.stat().st_size / 1e6:.0f} MB")
        began = time.perf_counter()
        benchmark = Benchmark(str(table))
        print(f"opened in {time.perf_counter() - began:.2f} s, {len(benchmark):,} cells")
        look_up(benchmark)


def look_up(benchmark: Benchmark) -> None:
    """Times queries of recorded rows, and of random isomorphic rows that are not canonical."""
    rng = np.random.default_rng(0)
    known = benchmark.genes()[rng.integers(len(benchmark), size=QUERIES)]
    rows = {"recorded": known}
    if len(benchmark) == len(SPACE.all()):
        rows["random"] = SPACE.sample(QUERIES, rng)
    for name, genes in rows.items():
        for metric, epochs in (("val_accuracy", 108), ("train_accuracy_half", 4)):
            times = []
            for _ in range(5):
                began = time.perf_counter()
                benchmark.query(genes, metric, epochs, 1)
                times.append(time.perf_counter() - began)
            print(f"{QUERIES:,} {name} rows, {metric} at {epochs}: {min(times) * 1e3:.0f} ms")


def memory() -> float:
    """Returns the most memory this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def write(path: Path, cells: int) -> None:
    """Writes all records of cells spread over the space, in random order of the cells."""
    rng = np.random.default_rng(0)
    genes = rng.permutation(SPACE.all())[:cells]
    pool = {
        budget: [
            json.dumps(base64.encodebytes(message(budget, rng.random((3, 3)).tolist())).decode())
            for _ in range(POOL)
        ]
        for budget in BUDGETS
    }
    with open(path, "wb") as file:
        for start in range(0, len(genes), BATCH):
            write_batch(file, genes[start : start + BATCH], pool, rng)


def write_batch(file: BinaryIO, genes: Genes, pool: Pool, rng: np.random.Generator) -> None:
    """Appends the records of some cells."""
    picked = rng.integers(POOL, size=(len(genes), len(BUDGETS), SEEDS)).tolist()
    payloads = []
    for text, digest, of_cell in zip(
        SPACE.to_text(genes), SPACE.module_hash(genes), picked, strict=True
    ):
        matrix, operations = compact(text)
        for budget, of_budget in zip(BUDGETS, of_cell, strict=True):
            head = f'["{digest}", {budget}, "{matrix}", "{operations}", '
            payloads += [f"{head}{pool[budget][number]}]".encode() for number in of_budget]
    heads = [struct.pack("<Q", len(payload)) for payload in payloads]
    for parts in zip(heads, sums(heads), payloads, sums(payloads), strict=True):
        file.write(b"".join(parts))


def compact(text: str) -> tuple[str, str]:
    """Returns matrix and operations of the vertices that are alive, as the release has them."""
    digits, operations = text.split(":")
    matrix = np.frombuffer(digits.encode(), dtype=np.uint8).reshape(7, 7) == ord("1")
    live = matrix.any(0) | matrix.any(1)  # in a canonical row, a dead vertex has no edge
    kept = ",".join(np.asarray(operations.split(","))[live])
    return "".join(map(str, matrix[np.ix_(live, live)].reshape(-1).astype(int))), kept


def message(budget: int, accuracies: list[list[float]]) -> bytes:
    """Returns a protocol buffer with three evaluations, parameters and the total time."""
    out = b""
    for share, values in zip((0, 0.5, 1), accuracies, strict=True):
        fields = [share * budget, 13.1 * share * budget, *values]
        inner = b"".join(
            bytes([i << 3 | 1]) + struct.pack("<d", value) for i, value in enumerate(fields, 1)
        )
        out += b"\x0a" + bytes([len(inner)]) + inner
    return out + b"\x10\x88\x99\xa4\x01" + b"\x19" + struct.pack("<d", 15.0 * budget)


def sums(pieces: list[bytes]) -> list[bytes]:
    """Returns the masked checksum of each piece."""
    return [struct.pack("<I", value) for value in checksums(pieces).tolist()]


if __name__ == "__main__":
    main()
