"""Pickles that others wrote, read without running what they ask for."""

from nascast.releases.formats.plain_pickle.reader import load, scan

__all__ = ["load", "scan"]
