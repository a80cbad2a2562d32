"""Cells with operations on their edges."""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn

from nascast.networks.operations import Nothing

__all__ = ["EdgeCell"]


class EdgeCell(nn.Module):
    """A DAG with operations on its edges; a vertex is the sum of the edges into it.

    Vertex 0 is the input, the last vertex the output. Every operation has its parameters, as in the
    published counts, but only those on a path from input to output are run: an operation on nothing
    is nothing. (The NAS-Bench-201 code runs them too, so that batch normalisation turns zeros into
    a learned constant; here equivalent cells are equal.)
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
        fed, needed = {0}, {self.last}
        for i in present:
            if edges[i][0] in fed:
                fed.add(edges[i][1])
        for i in reversed(present):
            if edges[i][1] in needed:
                needed.add(edges[i][0])
        self.live = [(str(i), *edges[i]) for i in present if edges[i][0] in fed]
        self.live = [edge for edge in self.live if edge[2] in needed]
        self.nothing = None if self.live else Nothing()

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` to the same shape."""
        vertices = {0: x}
        for key, start, end in self.live:
            y = self.operations[key](vertices[start])
            vertices[end] = vertices[end] + y if end in vertices else y
        return self.nothing(x) if self.nothing else vertices[self.last]
