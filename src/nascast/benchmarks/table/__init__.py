"""The table format: one file of recorded trainings for any search space.

The file is an Arrow IPC file followed by the SHA-256 of those bytes and an eight-byte mark. The
column ``genes`` holds the rows; every metric is a column of shape ``(n, seeds, epochs)``, NaN where
a row has fewer seeds. ``seconds`` is the training and validation time up to and including each of
its epochs. Units, splits, epochs, the task and the provenance stand in the schema as JSON. Reading
maps the file into memory and checks the sum; values are never copied until asked for.

The sum of a large table is checked when it is opened for the first time, and again whenever its
size or its time of change is another: the result is remembered beside the table, in a file that
ends in ``.checked`` and may be deleted. `Table.verify` always checks.

Tables inside the package are compressed: they are small, and are unpacked when they are opened.
Zero-cost scores of a table's architectures stand in a file of their own beside it, see
`ScoreTable`.
"""

from nascast.benchmarks.table.reading import Table, open_table, read_table
from nascast.benchmarks.table.scores import (
    Contents,
    ScoreTable,
    contents_of,
    read_scores,
    table_of,
    write_scores,
)
from nascast.benchmarks.table.writing import SECONDS, TableSource, write_table

__all__ = [
    "SECONDS",
    "Contents",
    "ScoreTable",
    "Table",
    "TableSource",
    "contents_of",
    "open_table",
    "read_scores",
    "read_table",
    "table_of",
    "write_scores",
    "write_table",
]
