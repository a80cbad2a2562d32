"""What a supernet is to those who train and query it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.types import Architecture
from nascast.networks.skeleton import Skeleton
from nascast.networks.supernet.edges import Choice, SharedEdges, dropped

__all__ = ["EdgeSupernet", "Supernet", "expect_bare"]

_Skeleton = TypeVar("_Skeleton", bound=Skeleton)


class Supernet(ABC, nn.Module):
    """A network that holds the weights of all architectures of a space, of which it runs one.

    An operation has the same weights in all architectures that have it at the same place. What is
    not chosen is not run, and gets no gradient. Running an architecture gives what its own network
    with these weights gives.
    """

    @abstractmethod
    def choose(self, arch: Architecture) -> None:
        """Chooses the architecture that is run from now on."""

    def choose_all(self, rate: float, progress: float, generator: torch.Generator) -> None:
        """Chooses all operations at once, but for those that path dropout takes; see `dropped`.

        Raises:
            UnsupportedError: there is no network of all operations in this space.
        """
        raise UnsupportedError(
            "the operations of this space cannot be summed into one network: how wide the result "
            "of a block is depends on how it is combined; use rsws, which runs one path at a time"
        )


class EdgeSupernet(Supernet):
    """A supernet whose cells have operations on their edges.

    Cells of one kind make the same choices.
    """

    def __init__(
        self,
        network: nn.Module,
        kinds: Sequence[Sequence[SharedEdges]],
        path: Callable[[Architecture], Sequence[Sequence[Choice]]],
    ) -> None:
        """Makes the supernet.

        Args:
            network: network that maps images to logits.
            kinds: edges of the cells in it, by kind of cell.
            path: function that returns the choices of an architecture, by kind of cell.
        """
        super().__init__()
        self.network = network
        self._kinds, self._path = kinds, path

    def choose(self, arch: Architecture) -> None:
        for cells, choices in zip(self._kinds, self._path(arch), strict=True):
            for cell in cells:
                cell.choose(choices)

    def choose_all(self, rate: float, progress: float, generator: torch.Generator) -> None:
        for cells in self._kinds:
            kept = dropped(cells[0].choices, rate, progress, generator)
            for cell in cells:
                cell.choose(kept)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits."""
        return self.network(x)  # type: ignore[no-any-return]


def expect_bare(skeleton: _Skeleton) -> _Skeleton:
    """Returns the skeleton, checked to be one that a supernet can have.

    Raises:
        InvalidSettingError: it has parts that belong to the training of one network alone.
    """
    if skeleton.auxiliary or skeleton.drop_path:
        raise InvalidSettingError(
            "a supernet has neither an auxiliary head nor drop path; leave them out of the skeleton"
        )
    return skeleton
