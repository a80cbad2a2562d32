"""The supernet of DARTS (Liu et al., ICLR 2019, https://arxiv.org/abs/1806.09055).

Every node may read every state before it, by every operation. Deviation from the authors' search
network: poolings have no batch normalisation of their own, as in networks that are trained alone,
so that a path is such a network.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from nascast.core.types import Architecture, ImageTask
from nascast.networks.darts import (
    CellPlan,
    DartsCell,
    DartsNetwork,
    DartsSkeleton,
    Genotype,
    operation,
)
from nascast.networks.supernet.edges import Choice, SharedEdges
from nascast.networks.supernet.supernet import EdgeSupernet, expect_bare

__all__ = ["SharedDartsCell", "darts_supernet"]


class SharedDartsCell(DartsCell):
    """One cell with every operation on every edge."""

    def __init__(
        self, plan: CellPlan, channels: int, *, operations: Sequence[str], **how: Any
    ) -> None:
        """Builds the cell.

        Args:
            plan: output of the cell, all of whose states are nodes.
            channels: channels of every node.
            operations: names of the operations on every edge.
            how: place in the network, see `DartsCell`.
        """
        super().__init__(CellPlan((), plan.concat), channels, **how)
        self.stride = 2 if how["reduces"] else 1
        self.edges = SharedEdges(
            [(a, b, name) for b in plan.concat for a in range(b) for name in operations],
            lambda c: operation(c[2], channels, self.stride if c[0] < 2 else 1),
            inputs={0, 1},
            outputs=plan.concat,
        )

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Maps the outputs of the last two cells to that of this; a node that reads none is 0."""
        given = {0: self.first(first), 1: self.second(second)}
        states = self.edges(given)
        zero = 0 * given[1][..., :: self.stride, :: self.stride]
        return torch.cat([states.get(i, zero) for i in self.concat], dim=1)


def darts_supernet(
    task: ImageTask,
    operations: Sequence[str],
    concat: tuple[int, ...],
    path: Callable[[Architecture], Sequence[Sequence[Choice]]],
) -> EdgeSupernet:
    """Returns the supernet for the images and classes of a task.

    Args:
        task: task with settings of the skeleton, see `DartsSkeleton`.
        operations: names of the operations on every edge.
        concat: states that are nodes.
        path: function that returns the choices of the normal and of the reduction cell.

    Raises:
        InvalidSettingError: the skeleton has an auxiliary head or drop path, or is not valid.
    """
    skeleton = expect_bare(DartsSkeleton.of(task))
    empty = CellPlan((), concat)
    cell = partial(SharedDartsCell, operations=operations)
    network = DartsNetwork(Genotype(empty, empty), task, skeleton, cell)
    cells = [cell for cell in network.cells if isinstance(cell, SharedDartsCell)]
    kinds = [[cell.edges for cell in cells if cell.stride == stride] for stride in (1, 2)]
    return EdgeSupernet(network, kinds, path)
