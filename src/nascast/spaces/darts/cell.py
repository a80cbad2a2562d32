"""The nodes of a DARTS cell: what they choose from, in the order of the genes."""

__all__ = ["CELLS", "NODES", "OPERATIONS", "PAIRS"]

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
NODES = 4
PAIRS = tuple((a, b) for b in range(1 + NODES) for a in range(b))  # the states a node may read
CELLS = ("normal", "reduce")
