"""Studies: grids of runs, their results, and how they are judged."""
