"""Official files of published benchmarks: where they are, and how they become nascast's own.

The release of a benchmark is the module or package of the benchmark's name.
"""
