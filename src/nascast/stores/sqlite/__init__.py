"""Runs in one SQLite file."""

from nascast.stores.sqlite.store import Sqlite

__all__ = ["Sqlite"]
