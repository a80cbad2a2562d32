"""The edges of a cell of NAS-Bench-201 and the operations on them, in the order of the genes."""

__all__ = ["EDGES", "NONE", "OPERATIONS", "SKIP"]

NONE, SKIP = 0, 1
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # the order of the official string
