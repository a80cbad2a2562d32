"""A cell of NAS-Bench-101 as a matrix and operations."""

from collections.abc import Sequence

from nascast.core.literal import LiteralError
from nascast.spaces.nasbench101.cells import EDGES, VERTICES

__all__ = ["ENDS", "MOST", "NAMES", "OPERATIONS", "row_of_matrix"]

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")

MOST = 64  # vertices before pruning; chosen
NAMES = {
    **{name: name for name in OPERATIONS},
    **{"conv3x3": OPERATIONS[0], "conv_3x3": OPERATIONS[0]},
    **{"conv1x1": OPERATIONS[1], "conv_1x1": OPERATIONS[1]},
    **{"maxpool": OPERATIONS[2], "max_pool_3x3": OPERATIONS[2], "maxpool_3x3": OPERATIONS[2]},
}
ENDS = ("input", "output", "in", "out")

Matrix = Sequence[Sequence[int]]


def row_of_matrix(matrix: Matrix, operations: Sequence[str]) -> list[int]:
    """Returns the genes of a cell.

    Args:
        matrix: square, 0 and 1, with edges from a vertex to later ones only. What is on no path
            from the first vertex to the last is pruned if there are more than 7 vertices.
        operations: of all vertices, the first ``input`` and the last ``output``; or of those
            between.

    Raises:
        LiteralError: naming what was expected.
    """
    labels = _labels(operations, len(matrix))
    for start, line in enumerate(matrix):
        for stop, value in enumerate(line):
            if value and start >= stop:
                raise LiteralError(
                    f"edges lead from a vertex to a later one; there is one from {start} to {stop}"
                )
    kept = [*range(len(matrix))]
    if len(kept) > VERTICES:
        kept = _on_paths(matrix)
    if not 2 <= len(kept) <= VERTICES:
        raise LiteralError(
            f"expected 2 to {VERTICES} vertices on paths from input to output; got {len(kept)}"
        )
    row = [0] * (len(EDGES) + VERTICES - 2)
    place = [*range(len(kept) - 1), VERTICES - 1]
    for i, start in enumerate(kept):
        for j, stop in enumerate(kept):
            if matrix[start][stop]:
                row[EDGES.index((place[i], place[j]))] = 1
    for i, vertex in enumerate(kept[1:-1]):
        row[len(EDGES) + i] = OPERATIONS.index(labels[vertex])
    return row


def _labels(operations: Sequence[str], vertices: int) -> list[str]:
    """Returns the operations of all vertices by their official names."""
    labels = [str(operation).strip() for operation in operations]
    if len(labels) == vertices - 2:
        labels = ["input", *labels, "output"]
    if len(labels) != vertices:
        raise LiteralError(
            f"expected an operation for each of {vertices} vertices; got {len(labels)}"
        )
    ends = (labels[0].lower(), labels[-1].lower())
    if ends not in (("input", "output"), ("in", "out")):
        raise LiteralError(
            f"the first vertex is 'input' and the last 'output'; got {labels[0]!r} and "
            f"{labels[-1]!r}"
        )
    for label in labels[1:-1]:
        if label.lower() not in NAMES:
            raise LiteralError(f"unknown operation {label!r}; known are {', '.join(OPERATIONS)}")
    return ["input", *(NAMES[label.lower()] for label in labels[1:-1]), "output"]


def _on_paths(matrix: Matrix) -> list[int]:
    """Returns the vertices on a path from the first one to the last one."""
    vertices = range(len(matrix))
    ahead, back = {0}, {len(matrix) - 1}
    for v in vertices:
        if v in ahead:
            ahead.update(u for u in vertices if matrix[v][u])
    for v in reversed(vertices):
        if any(matrix[v][u] for u in back):
            back.add(v)
    return sorted(ahead & back)
