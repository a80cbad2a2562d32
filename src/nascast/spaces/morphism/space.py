"""Networks that grow from a seed by network morphisms.

Elsken et al., 2017, https://arxiv.org/abs/1711.04528; LEMONADE (Elsken et al., ICLR 2019,
https://arxiv.org/abs/1804.09081); Net2Net (Chen et al., ICLR 2016,
https://arxiv.org/abs/1511.05641).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.notation import shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Floats, Genes, ImageTask, Task
from nascast.spaces.morphism.shapes import (
    DEEPEN,
    KINDS,
    MOST_DOUBLINGS,
    NONE,
    WIDEN,
    Moves,
    OneShape,
    Shapes,
)

if TYPE_CHECKING:
    from torch import Generator, nn

    from nascast.networks.morphisms import Move, Shape

__all__ = ["Morphism"]

_STAGES = 3  # stages, of one layer each in the seed; chosen
_KERNELS = (3, 5)  # kernels of a new layer, as in Elsken et al. 2017
_FACTORS = (2, 4)  # factors by which a layer is widened, as there
_ROUNDS = 1000  # as in core.space
_SKELETON = {"channels": 16}


class Morphism(SearchSpace):
    """Sequences of moves on a seed of three 3×3 layers, with texts, graphs and networks.

    Gene i is the i-th move, as a position in `moves`: none, ``deepen(layer,kernel)`` inserts a
    layer after one, ``widen(layer,factor)`` multiplies the width of one, and ``add(source,target)``
    and ``concat(source,target)`` let a layer read an earlier one that it did not. Layers are
    counted from 0 as they stand when the move is made.

    A row is valid if every move can be made when its turn comes: the layers exist, no layer gets
    more than 8 times the width of its stage, and no two layers are connected twice. None may stand
    anywhere.

    The network is a chain of layers, each a convolution with batch normalisation and ReLU, in three
    stages between which images are halved and the width of the seed's layers doubles. See
    `networks.morphisms` for the connections. As a descendant of its own prefixes a network can
    inherit their weights, see `grow`; `build` makes one with new weights.

    Attributes:
        steps: number of moves of a row.
        moves: texts of the moves by gene value.
    """

    name = "morphism"
    own = ("moves", "moves joined by '-'", r"\s*(none|deepen|widen|add|concat)\b")
    tasks = (ImageTask,)
    scales = (None, "channels")

    def __init__(self, steps: int = 8) -> None:
        """Chooses the number of moves of a row.

        Raises:
            InvalidSettingError: the number is below 1.
        """
        if steps < 1:
            raise InvalidSettingError(f"{self.name}: expected at least 1 step; got {steps}")
        self.steps = steps
        self._layers = _STAGES + steps
        self._moves = Moves(self._layers, _KERNELS, _FACTORS)
        self.moves = tuple(_text(*row) for row in self._moves.rows)
        self._genes = {text: gene for gene, text in enumerate(self.moves)}
        self.cardinalities = (len(self.moves),) * steps

    def is_valid(self, genes: Genes) -> Bools:
        valid = super().is_valid(genes)
        if valid.any():
            valid[valid] = self._replay(genes[valid])[1]
        return valid

    def _is_row(self, row: list[int]) -> bool:
        shape = OneShape.seed(_STAGES)
        return all(shape.advance(*self._moves.rows[gene]) for gene in row)

    def _explain(self, index: int, row: Genes) -> str:
        if not super().is_valid(row[None])[0]:
            return super()._explain(index, row)
        shapes = self._seeds(1)
        for step, gene in enumerate(row):
            if not shapes.advance(self._moves, row[step : step + 1])[0]:
                return (
                    f"{self.name}: row {index} {row.tolist()}: move {step} is {self.moves[gene]}, "
                    f"which {int(shapes.depth[0])} layers after {self._written(row[:step])} do not "
                    "allow"
                )
        return super()._explain(index, row)

    def _seeds(self, n: int) -> Shapes:
        return Shapes.seeds(n, _STAGES, self._layers)

    def _replay(self, genes: Genes) -> tuple[Shapes, Bools]:
        """Returns the networks that the moves lead to, and ``(n,)`` whether all could be made."""
        shapes, valid = self._seeds(len(genes)), np.ones(len(genes), dtype=bool)
        for step in range(genes.shape[1]):
            valid &= shapes.advance(self._moves, genes[:, step])
        return shapes, valid

    def allowed(self, prefix: Genes) -> Bools:
        """Returns ``(n, moves)``: whether a move can be made next; rows of such moves are valid."""
        return self._replay(prefix)[0].allowed(self._moves)

    def canonical(self, genes: Genes) -> Genes:
        """Returns the rows with every none behind all other moves.

        Moves in another order can lead to the same network, too; such rows are different ancestries
        of it and stay different. Their `graphs` are equal.
        """
        self.check(genes)
        order = np.argsort(genes == NONE, axis=1, kind="stable")
        return np.take_along_axis(genes, order, axis=1)

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of the networks, in whatever order moves led to them."""
        return self.graphs(genes).hashes()

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns rows drawn move by move: first the kind, none included, then a move of it.

        Kinds and allowed moves are drawn uniformly, in the manner of Elsken et al.; a kind without
        an allowed move is left out.
        """
        if n == 1:
            return self._sample_one(rng)
        genes = np.zeros((n, self.length), dtype=np.int16)
        shapes = self._seeds(n)
        for step in range(self.length):
            genes[:, step] = self._choose(shapes.allowed(self._moves), rng)
            shapes.advance(self._moves, genes[:, step])
        return genes

    def _sample_one(self, rng: np.random.Generator) -> Genes:
        shape, row = OneShape.seed(_STAGES), []
        for _ in range(self.length):
            row.append(self._choose_one(shape, rng))
            shape.advance(*self._moves.rows[row[-1]])
        return np.asarray([row], dtype=np.int16)

    def _choose(self, allowed: Bools, rng: np.random.Generator) -> Genes:
        """Returns ``(n,)``: an allowed move of each row of ``(n, moves)``, kinds equally likely."""
        counts = np.add.reduceat(allowed, self._moves.starts, axis=1, dtype=np.int64)
        every, there = np.arange(len(allowed)), counts > 0
        drawn = rng.random(len(allowed)) * there.sum(1)
        nth = drawn.astype(np.int64)
        kind = (there.cumsum(1) <= nth[:, None]).sum(1)
        place = ((drawn - nth) * counts[every, kind]).astype(np.int64)
        place += (counts.cumsum(1) - counts)[every, kind]
        genes: Genes = (allowed.cumsum(1) <= place[:, None]).sum(1).astype(np.int16)
        return genes

    def _choose_one(self, shape: OneShape, rng: np.random.Generator, own: int | None = None) -> int:
        """Returns an allowed move other than `own`, as `_choose` does for many."""
        counts = shape.counts()
        if own is not None:
            counts[self._moves.rows[own][0]] -= 1
        there = [kind for kind, count in enumerate(counts) if count]
        drawn = rng.random() * len(there)
        kind = there[int(drawn)]
        moves = [move for move in shape.allowed(self._moves, kind) if move != own]
        return moves[int((drawn - int(drawn)) * counts[kind])]

    def _weights(self, allowed: Bools) -> Floats:
        """Returns ``(n, moves)``: the odds of the moves; those of a kind sum to 1, or to 0."""
        weights: Floats = np.zeros(allowed.shape)
        for kind in range(len(KINDS)):
            of_kind = allowed & (self._moves.kind == kind)
            weights += of_kind / of_kind.sum(1, keepdims=True).clip(1)
        return weights

    def mutate(self, genes: Genes, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)``: rows with another move at one step, drawn as in `sample`.

        Mutations after which a later move is not allowed are drawn again.
        """
        self.check(genes)
        if len(genes) == 1:
            return self._mutate_one(genes, rng)
        out = genes.copy()
        todo = np.arange(len(genes))
        for _ in range(_ROUNDS):
            if not len(todo):
                return out
            steps = rng.integers(self.length, size=len(todo))
            out[todo] = genes[todo]
            out[todo, steps] = self._choose(self._others(genes[todo], steps), rng)
            todo = todo[~self.is_valid(out[todo])]
        raise self._stuck()

    def _mutate_one(self, genes: Genes, rng: np.random.Generator) -> Genes:
        row = genes[0].tolist()
        for _ in range(_ROUNDS):
            step, shape = int(rng.integers(self.length)), OneShape.seed(_STAGES)
            for gene in row[:step]:
                shape.advance(*self._moves.rows[gene])
            new = [*row[:step], self._choose_one(shape, rng, row[step]), *row[step + 1 :]]
            if self._is_row(new):
                return np.asarray([new], dtype=genes.dtype)
        raise self._stuck()

    def odds(self, row: Genes, near: Genes) -> Floats:
        every, steps = np.arange(len(near)), (near != row).argmax(axis=1)
        weights = self._weights(self._others(np.repeat(row[None], len(near), axis=0), steps))
        return np.asarray(weights[every, near[every, steps]] / weights.sum(axis=1))

    def _others(self, genes: Genes, steps: npt.NDArray[np.intp]) -> Bools:
        """Returns ``(n, moves)``: the moves allowed at a step of each row, without its own."""
        shapes = self._seeds(len(genes))
        allowed = np.zeros((len(genes), len(self.moves)), dtype=bool)
        for step in range(self.length):
            here = steps == step
            allowed[here] = shapes.rows(here).allowed(self._moves)
            shapes.advance(self._moves, genes[:, step])
        every = np.arange(len(genes))
        allowed[every, genes[every, steps]] = False
        return allowed

    def graphs(self, genes: Genes) -> Graph:
        """Returns graphs of the final networks, three vertices a layer: add, concat, the layer.

        The first two are there where a layer has such connections; ``add`` is fed by the layer
        before and by the sources of the added ones, ``concat`` by that sum and the other sources.
        A layer is labelled with its kernel, its stage, and its width as a multiple of that of the
        seed's layer in the stage, as in ``conv3x3-s0-x2``.
        """
        self.check(genes)
        return self._replay(genes)[0].graphs(_KERNELS, _STAGES)

    def to_text(self, genes: Genes) -> list[str]:
        """Returns the moves, such as ``deepen(2,5)-widen(1,2)-add(0,3)``.

        Every none is written but those after the last other move; the seed itself is ``none``.
        """
        self.check(genes)
        return [self._written(row) for row in genes]

    def _written(self, row: Genes) -> str:
        last = max(np.flatnonzero(row), default=0)
        return "-".join(self.moves[gene] for gene in row[: last + 1]) or self.moves[NONE]

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a text of moves; fewer than there are steps are followed by none.

        Raises:
            InvalidArchitectureError: a move is unknown or not allowed; the message names it.
        """
        parts = text.split("-")
        for part in parts:
            if part not in self._genes:
                raise InvalidArchitectureError(
                    f"{self.name}: unknown move {shown(part)} in {shown(text)}; moves are none, "
                    "and deepen(layer,kernel), widen(layer,factor), add(source,target) and "
                    f"concat(source,target) with layers below {self._layers - 1}, kernels "
                    f"{_KERNELS} and factors {_FACTORS}"
                )
        if len(parts) > self.length:
            raise InvalidArchitectureError(
                f"{self.name}: expected at most {self.length} moves; got {len(parts)} "
                f"in {shown(text)}"
            )
        return [self._genes[part] for part in parts] + [NONE] * (self.length - len(parts))

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the final network with new weights.

        The skeleton's only setting is ``channels`` of the seed's first layer, 16, chosen.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        from nascast.networks.morphisms import MorphNetwork

        task = self.expect_task(task, ImageTask)
        channels = {**_SKELETON, **task.skeleton}["channels"]
        if task.skeleton.keys() - _SKELETON.keys() or type(channels) is not int or channels < 1:
            raise InvalidSettingError(
                f"{self.name}: the skeleton takes channels, a positive integer; "
                f"got {dict(task.skeleton)}"
            )
        return MorphNetwork(self._shape(arch, channels), task.input_shape[0], task.classes)

    def grow(
        self,
        network: "nn.Module",
        arch: Architecture,
        move: str,
        *,
        noise: float = 0.0,
        generator: "Generator | None" = None,
    ) -> tuple["nn.Module", Architecture]:
        """Returns the child of a network by one move, and its architecture.

        The child computes what the network does, with inherited weights. The move takes the place
        of the first none behind the last other move. See `networks.morphisms.grow` for the rest.

        Raises:
            InvalidArchitectureError: the network is not one of `arch`, or the move is not possible.
        """
        from nascast.networks.morphisms import MorphNetwork, grow

        channels = 0
        if isinstance(network, MorphNetwork):  # those of the seed, if it is of this architecture
            channels = network.shape.layers[0].width // self._shape(arch, 1).layers[0].width
        moves = [gene for gene in self.canonical(arch.row())[0].tolist() if gene != NONE]
        if (
            not isinstance(network, MorphNetwork)
            or network.shape != self._shape(arch, channels)
            or len(moves) == self.length
            or self._genes.get(move, NONE) == NONE
        ):
            raise InvalidArchitectureError(
                f"{self.name}: expected the network of at most {self.length - 1} moves, and one of "
                f"`moves`; got the network {getattr(network, 'shape', type(network).__name__)} "
                f"for {self.to_text(arch.row())[0]!r}, and {move!r}"
            )
        child = self.from_text(["-".join([*(self.moves[gene] for gene in moves), move])])[0]
        made = _move(*self._moves.rows[child[len(moves)]])
        grown = grow(network, made, noise=noise, generator=generator)
        return grown, self.architecture(child)

    def _shape(self, arch: Architecture, channels: int) -> "Shape":
        """Returns the final network of an architecture; the seed's first layer has `channels`."""
        from nascast.networks.morphisms import Layer, Shape, after

        if arch.space != self.name or not super().is_valid(arch.row())[0]:
            self.row(arch)  # says what is wrong
        shape = Shape(tuple(Layer(stage, channels << stage) for stage in range(_STAGES)))
        try:  # move by move is faster for one row than to check it first, and finds the same
            for gene in arch.genes:
                if gene != NONE:
                    shape = after(shape, _move(*self._moves.rows[gene]))
        except InvalidSettingError:
            self.row(arch)
            raise
        if any(layer.width > channels << (layer.stage + MOST_DOUBLINGS) for layer in shape.layers):
            self.row(arch)
        return shape


def _text(kind: int, first: int, second: int) -> str:
    return KINDS[kind] if kind == NONE else f"{KINDS[kind]}({first},{second})"


def _move(kind: int, first: int, second: int) -> "Move":
    from nascast.networks.morphisms import Connect, Deepen, Widen

    if kind in (DEEPEN, WIDEN):
        return (Deepen if kind == DEEPEN else Widen)(first, second)
    return Connect(first, second, KINDS[kind])
