"""Cells with operations on their edges."""

from collections.abc import Callable, Collection, Mapping, Sequence

from torch import Tensor, nn

from nascast.networks.operations import Nothing

__all__ = ["EdgeCell", "on_paths"]


def on_paths(
    edges: Sequence[tuple[int, int]], first: Collection[int], last: Collection[int]
) -> list[bool]:
    """Returns for each edge whether it is on a path from an input to an output.

    Args:
        edges: (from, to) pairs of a DAG, ordered by `to`.
        first: vertices that are inputs.
        last: vertices that are outputs.
    """
    fed, needed = set(first), set(last)
    for start, end in edges:
        if start in fed:
            fed.add(end)
    for start, end in reversed(edges):
        if end in needed:
            needed.add(start)
    return [start in fed and end in needed for start, end in edges]


class EdgeCell(nn.Module):
    """A DAG with operations on its edges; a vertex is the sum of the edges into it.

    Vertex 0 is the input, the last vertex the output. Every operation has its parameters, as in the
    published counts, but only those on a path from input to output are run: an operation on nothing
    is nothing. The others are `idle`. (The NAS-Bench-201 code runs them too, so that batch
    normalisation turns zeros into a learned constant; here equivalent cells are equal.)
    """

    def __init__(
        self,
        edges: Sequence[tuple[int, int]],
        choices: Sequence[str],
        operations: Mapping[str, Callable[[], nn.Module]],
    ) -> None:
        """Builds the cell.

        Args:
            edges: (from, to) pairs, ordered by `to`.
            choices: name of the operation on each edge; one that is not in `operations` is none.
            operations: functions that make the modules of the operations, by name.
        """
        super().__init__()
        present = [i for i, choice in enumerate(choices) if choice in operations]
        self.operations = nn.ModuleDict({str(i): operations[choices[i]]() for i in present})
        self.last = max(end for _, end in edges)
        used = on_paths([edges[i] for i in present], {0}, {self.last})
        self.live = [(str(i), *edges[i]) for i, on in zip(present, used, strict=True) if on]
        self.nothing = None if self.live else Nothing()

    def idle(self) -> list[nn.Module]:
        """Returns the operations that stand in the cell and are not run."""
        live = {key for key, _, _ in self.live}
        return [operation for key, operation in self.operations.items() if key not in live]

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` to the same shape."""
        vertices = {0: x}
        for key, start, end in self.live:
            y = self.operations[key](vertices[start])
            vertices[end] = vertices[end] + y if end in vertices else y
        return self.nothing(x) if self.nothing else vertices[self.last]
