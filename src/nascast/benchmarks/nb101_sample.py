"""The table of NAS-Bench-101 inside the package: 5,000 of its cells.

Source: Ying et al., ICML 2019, https://arxiv.org/abs/1902.09635 (Apache-2.0). Accuracies are in
percent, after trainings of 4, 12, 36 and 108 epochs, which are separate ones. Each is the best of
three trainings, and so higher than that of one; there is no second one to compare it with. Only
the seconds of 108 epochs are recorded, those of fewer epochs are a share of them.
"""

from pathlib import Path

from nascast.benchmarks.table import Table, read_table

__all__ = ["nb101_sample"]


def nb101_sample() -> Table:
    """Returns the sample of NAS-Bench-101, which is in the package."""
    return read_table(Path(__file__).with_name("nb101_sample.nascast"))
