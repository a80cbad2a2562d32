"""Turning files of other people into tables: CSV or Parquet, wide or long, in their own units."""

from nascast.benchmarks.imported.conversion import convert
from nascast.benchmarks.imported.layout import ColumnSpec, Layout

__all__ = ["ColumnSpec", "Layout", "convert"]
