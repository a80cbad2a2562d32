"""Times sampling, mutation, encoding and table look-ups at 10², 10⁴ and 10⁶ rows.

Prints seconds, and the ratio to the obvious implementation, one architecture at a time, measured
in the same run on 2,000 rows. Run: python perf/arrays.py
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import nascast
from nascast.core.types import Genes

SIZES = (100, 10_000, 1_000_000)
ONE_BY_ONE = 2_000


def seconds(call: Callable[[], Any], repeats: int = 3) -> float:
    """Returns the least of some timings."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Prints the table."""
    space = nascast.load("space", "nasbench201")
    encoding = nascast.load("encoding", "adjacency_one_hot")
    bench = nascast.load("benchmark", "nb201-mini")
    rng = np.random.default_rng(0)
    known = bench.genes()

    def sample(n: int) -> Genes:
        rows: Genes = space.sample(n, rng)
        return rows

    tasks: dict[str, Callable[[Genes], Any]] = {
        "sample": lambda rows: sample(len(rows)),
        "mutate": lambda rows: space.mutate(rows, rng),
        "canonical": space.canonical,
        "one-hot": lambda rows: encoding.encode(space, rows),
        "sample + one-hot": lambda rows: encoding.encode(space, sample(len(rows))),
        "look-up": lambda rows: bench.query(rows, "val_accuracy"),
    }
    print(f"{'seconds':18}" + "".join(f"{n:>12,}" for n in SIZES) + f"{'one by one':>16}")
    for name, task in tasks.items():
        source = known if name == "look-up" else sample(SIZES[-1])
        row = []
        for n in SIZES:
            rows = source[rng.integers(len(source), size=n)]
            row.append(seconds(lambda task=task, rows=rows: task(rows)))  # type: ignore[misc]
        few = source[rng.integers(len(source), size=ONE_BY_ONE)]

        def loop(task: Callable[[Genes], Any] = task, few: Genes = few) -> None:
            for i in range(len(few)):
                task(few[i : i + 1])

        slow = seconds(loop, repeats=1) / ONE_BY_ONE
        ratio = slow / (row[-1] / SIZES[-1])
        print(f"{name:18}" + "".join(f"{t:12.5f}" for t in row) + f"{ratio:14,.0f} ×")


if __name__ == "__main__":
    main()
