"""Multilayer perceptrons, from none to four hidden layers."""

from typing import TYPE_CHECKING

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Genes, ImageTask, Task

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Perceptron"]

_LAYERS = 4
_ACTIVATIONS = ("ReLU", "Tanh", "GELU")  # names of torch


class Perceptron(SearchSpace):
    """Fully connected layers, all followed by one and the same activation.

    The first four genes are the widths of the hidden layers, as indices into `widths`, where 0 is
    no layer; the last gene is the activation. Rows that differ in where the missing layers stand,
    or in the activation of no layer, are the same network.

    Attributes:
        widths: units by value of the first four genes.
    """

    name = "perceptron"
    tasks = (ImageTask,)
    widths = (0, 16, 32, 64)
    cardinalities = (len(widths),) * _LAYERS + (len(_ACTIVATIONS),)

    def canonical(self, genes: Genes) -> Genes:
        """Returns the rows with missing layers last, and the first activation where none is."""
        self.check(genes)
        out = genes.copy()
        order = np.argsort(genes[:, :_LAYERS] == 0, axis=1, kind="stable")
        out[:, :_LAYERS] = np.take_along_axis(genes[:, :_LAYERS], order, axis=1)
        out[out[:, 0] == 0, -1] = 0
        return out

    def graphs(self, genes: Genes) -> Graph:
        """Returns chains of input, layers and activations in turn, and output."""
        rows = self.canonical(genes)
        widths = [f"linear_{width}" for width in self.widths[1:]]
        last = 2 * _LAYERS + 1
        adjacency = np.zeros((len(rows), last + 1, last + 1), dtype=bool)
        labels = np.full((len(rows), last + 1), -1, dtype=np.int16)
        labels[:, 0], labels[:, last] = 0, 1
        for i, row in enumerate(rows):
            layers = row[:_LAYERS][row[:_LAYERS] > 0]
            end = 1 + 2 * len(layers)
            labels[i, 1:end:2] = 1 + layers
            labels[i, 2:end:2] = 2 + len(widths) + row[-1]
            chain = [*range(end), last]
            adjacency[i, chain[:-1], chain[1:]] = True
        return Graph(adjacency, labels, ("input", "output", *widths, *_ACTIVATIONS))

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        from torch import nn

        task = self.expect_task(task, ImageTask)
        if task.skeleton:
            raise InvalidSettingError(f"perceptron: no settings; got {dict(task.skeleton)}")
        (row,) = self.canonical(self.row(arch)).tolist()
        units = int(np.prod(task.input_shape))
        layers: list[nn.Module] = [nn.Flatten()]
        for width in (self.widths[gene] for gene in row[:_LAYERS] if gene):
            layers += [nn.Linear(units, width), getattr(nn, _ACTIVATIONS[row[-1]])()]
            units = width
        return nn.Sequential(*layers, nn.Linear(units, task.classes))
