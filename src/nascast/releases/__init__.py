"""Official files of published benchmarks: their places, and their conversion to tables.

The release of a benchmark is the module or package of the benchmark's name.
"""
