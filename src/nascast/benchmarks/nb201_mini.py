"""The benchmark inside the package: NAS-Bench-201 cells in a small network, trained by us.

The recipe, the data and the noise between two trainings stand in the table's provenance; print
them with ``nascast benchmark info nb201-mini``. The page on benchmarks says how to make the table.
"""

from pathlib import Path

from nascast.benchmarks.table import Table, read_table

__all__ = ["nb201_mini"]


def nb201_mini() -> Table:
    """Returns the benchmark nb201-mini, which is in the package."""
    return read_table(Path(__file__).with_name("nb201_mini.nascast"))
