"""Counts every cell of NAS-Bench-201 and compares with the recorded FLOPs, all 15,625 of them.

``python perf/count_nasbench201.py table.csv.gz`` reads the columns ``arch_str`` and ``flops_M``.
The 15 cells of a network cost the same, since channels double where images shrink; so one cell is
counted, and the network around it once. It takes some minutes.
"""

import csv
import gzip
import sys

import torch

from nascast.core.types import Architecture, ImageTask
from nascast.networks.counting import count
from nascast.spaces.nasbench201 import NasBench201

CELLS = 15


def main() -> None:
    """Prints how many rows agree."""
    with gzip.open(sys.argv[1], "rt") as file:
        rows = list(csv.DictReader(file))
    space = NasBench201()
    around = ImageTask(skeleton={"cells": 1, "stages": 1})
    task = ImageTask()
    with torch.device("meta"):
        empty = Architecture(space.name, (0,) * 6)
        whole = count(space.build(empty, task), task.input_shape).multiply_adds
        outside = count(space.build(empty, around), task.input_shape).multiply_adds
        same = live = 0
        for row in rows:
            arch = space.architecture(space.from_text([row["arch_str"]])[0])
            found = count(space.build(arch, around), task.input_shape)
            recorded = float(row["flops_M"])
            built = whole + CELLS * (found.multiply_adds - outside) + 10
            alive = whole + CELLS * (found.live_multiply_adds - outside) + 10
            same += abs(built / 1e6 - recorded) < 5e-4
            live += abs(alive / 1e6 - recorded) < 5e-4
    print(f"{len(rows):,} rows: as built {same:,} as recorded, of live operations only {live:,}")


if __name__ == "__main__":
    main()
