"""Batches of labelled directed acyclic graphs, which encodings read."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools

__all__ = ["Graph", "UInts", "mix"]

# Constants of the splitmix64 generator, as arrays of no axes: with these a call for few numbers
# takes two thirds of its time with scalars.
_ODD, _MIX1, _MIX2, _30, _27, _31 = (
    np.asarray(value, dtype=np.uint64)
    for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 30, 27, 31)
)

UInts = npt.NDArray[np.uint64]


def mix(values: UInts) -> UInts:
    """Returns 64-bit integers scrambled by splitmix64's finaliser; their sums rarely collide.

    Args:
        values: array of any shape but that of a single number, which would warn that it overflows.
    """
    z = values + _ODD
    z ^= z >> _30
    z *= _MIX1
    z ^= z >> _27
    z *= _MIX2
    z ^= z >> _31
    return z


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A batch of n labelled directed acyclic graphs over at most v vertices.

    Attributes:
        adjacency: ``(n, v, v)`` bool; ``[g, i, j]`` is an edge from i to j; upper triangular.
        labels: ``(n, v)`` int16, indices into `vocabulary`; −1 where there is no vertex.
        vocabulary: names of the labels, ``input`` and ``output`` among them.
        sources: names of the vertices at which data come in.
        sinks: names of the vertices at which results go out.
        joints: names of further vertices that are no operations: they join tensors, or pass one on.
    """

    adjacency: Bools
    labels: npt.NDArray[np.int16]
    vocabulary: tuple[str, ...]
    sources: tuple[str, ...] = ("input",)
    sinks: tuple[str, ...] = ("output",)
    joints: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def mask(self) -> Bools:
        """Whether there is a vertex at each place, ``(n, v)``."""
        return self.labels >= 0

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the labels that are operations; ``none``, the absence of one, is not."""
        others = {*self.sources, *self.sinks, *self.joints, "input", "output", "none"}
        return tuple(name for name in self.vocabulary if name not in others)

    def hashes(self) -> UInts:
        """Returns ``(n,)`` hashes that do not depend on the order of the vertices.

        Weisfeiler–Lehman refinement over in- and out-neighbours, v rounds. Isomorphic graphs have
        equal hashes; graphs that this refinement cannot tell apart collide.
        """
        v = self.labels.shape[1]
        alive = self.mask
        edges = self.adjacency & alive[:, :, None] & alive[:, None, :]
        state = np.where(alive, mix((self.labels + 2).astype(np.uint64)), np.uint64(0))
        with np.errstate(over="ignore"):
            for _ in range(v):
                into = np.where(edges, mix(state)[:, :, None], np.uint64(0)).sum(1, dtype=np.uint64)
                out = np.where(edges, mix(~state)[:, None, :], np.uint64(0)).sum(2, dtype=np.uint64)
                state = np.where(alive, mix(mix(mix(state) + into) + out), np.uint64(0))
            total: UInts = mix(state).sum(1, dtype=np.uint64)
        return total
