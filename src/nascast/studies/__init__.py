"""Grids of runs, and how they are judged."""
