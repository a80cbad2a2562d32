"""Pickles that others wrote, read without running any code that they name."""

from nascast.releases.formats.plain_pickle.reader import load, scan

__all__ = ["load", "scan"]
