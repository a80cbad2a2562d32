"""How long it takes to enumerate NAS-Bench-101, and that there are 423,624 cells.

Run by hand: ``python perf/enumerate_nasbench101.py [--hashes]``. With ``--hashes`` every cell is
hashed, too, which takes about a minute and shows that no two have the same module hash.
"""

import sys
import time

import numpy as np

from nascast.core.types import ImageTask
from nascast.spaces.nasbench101.space import NasBench101

_CELLS = {2: 1, 3: 6, 4: 84, 5: 2_441, 6: 62_010, 7: 359_082}  # by vertices
_SAMPLE = 100_000


def main() -> None:
    """Prints seconds, and raises if a count is wrong."""
    space = NasBench101()
    start = time.perf_counter()
    genes = space.all()
    print(f"all cells: {time.perf_counter() - start:.1f} s")
    assert len(genes) == sum(_CELLS.values()) == 423_624
    vertices = (space.graphs(genes).labels >= 0).sum(1)
    assert dict(zip(*np.unique(vertices, return_counts=True), strict=True)) == _CELLS

    start = time.perf_counter()
    sample = space.sample(_SAMPLE, np.random.default_rng(0))
    print(f"sample: {_per_row(start, _SAMPLE)}")
    start = time.perf_counter()
    cells = len(np.unique(space.codes(space.canonical(sample))))
    print(f"canonical rows: {_per_row(start, _SAMPLE)}")
    start = time.perf_counter()
    space.module_hash(sample)
    print(f"module hashes: {_per_row(start, _SAMPLE)}, {cells} distinct cells")
    start = time.perf_counter()
    space.parameters(sample, ImageTask())
    print(f"parameters: {_per_row(start, _SAMPLE)}")
    if "--hashes" in sys.argv[1:]:
        start = time.perf_counter()
        assert len(set(space.module_hash(genes))) == len(genes)
        print(f"module hashes of all cells: {_per_row(start, len(genes))}")


def _per_row(start: float, rows: int) -> str:
    seconds = time.perf_counter() - start
    return f"{seconds:.2f} s, {seconds / rows * 1e6:.1f} µs a row"


if __name__ == "__main__":
    main()
