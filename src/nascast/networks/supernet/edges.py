"""Operations on the edges of a DAG, any number on each, of which those chosen are run."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import torch
from torch import Tensor, nn

from nascast.networks.cells import on_paths

__all__ = ["Choice", "SharedEdgeCell", "SharedEdges", "dropped"]

Choice = tuple[int, int, str]  # vertex that it reads, vertex that it is added to, operation


class SharedEdges(nn.Module):
    """All operations on the edges of a DAG; a vertex is the sum of those chosen into it.

    Attributes:
        choices: all there are, ordered by the vertex that they are added to.
        live: those that are run: the chosen ones on paths from an input to an output.
    """

    def __init__(
        self,
        choices: Iterable[Choice],
        make: Callable[[Choice], nn.Module],
        *,
        inputs: Collection[int],
        outputs: Collection[int],
    ) -> None:
        """Makes all operations, and chooses them all.

        Args:
            choices: operations that can be chosen; two of one name on one edge are one.
            make: function that makes the module of a choice.
            inputs: vertices that are given.
            outputs: vertices that are wanted.
        """
        super().__init__()
        self.choices = tuple(sorted(choices, key=lambda choice: (choice[1], choice[0])))
        self.operations = nn.ModuleDict({_key(choice): make(choice) for choice in self.choices})
        self.inputs, self.outputs = inputs, outputs
        self.choose(self.choices)

    def choose(self, choices: Iterable[Choice]) -> None:
        """Chooses what is run from now on."""
        ordered = sorted(choices, key=lambda choice: (choice[1], choice[0]))
        used = on_paths([choice[:2] for choice in ordered], self.inputs, self.outputs)
        self.live = [choice for choice, on in zip(ordered, used, strict=True) if on]

    def forward(self, given: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Maps the inputs to all vertices that are fed, ``(n, c, h, w)`` each."""
        vertices = dict(given)
        for choice in self.live:
            start, end, _ = choice
            y = self.operations[_key(choice)](vertices[start])
            vertices[end] = vertices[end] + y if end in vertices else y
        return vertices


class SharedEdgeCell(nn.Module):
    """The `nascast.networks.cells.EdgeCell` of all choices; vertex 0 is its input."""

    def __init__(
        self,
        edges: Iterable[tuple[int, int]],
        operations: Mapping[str, Callable[[], nn.Module]],
    ) -> None:
        """Builds the cell of (from, to) pairs and functions that make operations, by name."""
        super().__init__()
        choices = [(*edge, name) for edge in edges for name in operations]
        self.last = max(end for _, end, _ in choices)
        self.edges = SharedEdges(
            choices, lambda choice: operations[choice[2]](), inputs={0}, outputs={self.last}
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` to the same shape; to zeros where nothing is chosen."""
        found: Tensor | None = self.edges({0: x}).get(self.last)
        return x * 0 if found is None else found


def dropped(
    choices: Collection[Choice], rate: float, progress: float, generator: torch.Generator
) -> list[Choice]:
    """Returns the choices that path dropout leaves.

    Each of k operations into one vertex is dropped with probability ``progress · rate^(1/k)``, so
    that at the end of a training all of them are with probability `rate`, however many there are.

    Args:
        choices: choices of one cell.
        rate: probability that a vertex loses all its operations when training ends.
        progress: share of the training that is over, 0 to 1.
        generator: generator of the draw.
    """
    into = Counter(end for _, end, _ in choices)
    drawn = torch.rand(len(choices), generator=generator).tolist()
    return [
        choice
        for choice, draw in zip(choices, drawn, strict=True)
        if draw >= progress * rate ** (1 / into[choice[1]])
    ]


def _key(choice: Choice) -> str:
    start, end, name = choice
    return f"{start}_{end}_{name}"
