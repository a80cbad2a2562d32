"""The table format: one file of recorded trainings for any search space.

The file is an Arrow IPC file followed by the SHA-256 of those bytes and an eight-byte mark. The
column ``genes`` holds the rows; every metric is a column of shape ``(n, seeds, epochs)``, NaN where
a row has fewer seeds. ``seconds`` is the training and validation time up to and including each of
its epochs. Units, splits, epochs, the task and the provenance stand in the schema as JSON. Reading
maps the file into memory and checks the sum; values are never copied until asked for.

The sum of a large table is checked when it is opened for the first time, and again whenever its
size or its time of change is another: the result is remembered beside the table, in a file that
ends in ``.checked`` and may be deleted. `Table.verify` always checks.
"""

from nascast.benchmarks.table.reading import Table, read_table
from nascast.benchmarks.table.writing import SECONDS, TableSource, write_table

__all__ = ["SECONDS", "Table", "TableSource", "read_table", "write_table"]
