"""NAS-Bench-101 (Ying et al., ICML 2019, https://arxiv.org/abs/1902.09635).

A cell is a directed acyclic graph of at most 7 vertices and 9 edges with one of 3 operations on
each vertex between input and output. The genes are the 21 bits above the diagonal of its adjacency
matrix in row-major order, then the operations of the vertices 1 to 5; vertex 0 is the input, vertex
6 the output.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.literal import LiteralError
from nascast.core.notation import Notation, shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, ImageTask, Task
from nascast.spaces._functions import Kind, function_keys
from nascast.spaces.nasbench101.cells import (
    EDGES,
    LABELLINGS,
    MOST_EDGES,
    VERTICES,
    all_cells,
    pruning,
    smallest,
)
from nascast.spaces.nasbench101.hash import module_hashes
from nascast.spaces.nasbench101.matrix import OPERATIONS, row_of_matrix
from nascast.spaces.nasbench101.notations import DIALECTS
from nascast.spaces.nasbench101.rows import adjacency, alive, pack, prune, unpack, widths

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NasBench101"]

_DIGITS = bytes.maketrans(b"\x00\x01", b"01")  # of genes, to read them as one number
_KERNELS = np.asarray([9, 1, 0])  # weights for a pair of channels, by operation
_SKELETON: dict[str, int] = {"channels": 128, "stacks": 3, "modules": 3}
_FEWEST_CHANNELS = 4  # 9 edges let 4 vertices, each fed by the input, feed the output, but not 5
_FORM = "a square matrix of 4 to 49 digits 0 and 1, a colon, and an operation for each vertex"


class NasBench101(SearchSpace):
    """The 423,624 cells, with their module hashes, graphs, texts and networks.

    A row stands for what is left once every vertex that is not on a path from input to output is
    dropped, with its edges: there must be such a path, and at most 9 edges. Edges and operations of
    dropped vertices are free; they count neither against the 9 edges nor in anything that is
    computed from the row. Changing one of them is a decision like any other: it is one step to a
    neighbour, and `mutate` may choose it.

    Attributes:
        operations: names of the operations by gene value.
        edges: (from, to) of the edge at each of the first 21 genes.
    """

    name = "nasbench101"
    tasks = (ImageTask,)
    scales = ("modules", "channels")
    own = (
        "matrix_string",
        "a matrix row by row and operations",
        r"\s*([01]{4}|[01]{9}|[01]{16}|[01]{25}|[01]{36}|[01]{49})\s*(:|[,;|\t]\s*input)",
    )
    cardinalities = (2,) * len(EDGES) + (3,) * (VERTICES - 2)
    operations = OPERATIONS
    edges = EDGES

    def is_valid(self, genes: Genes) -> Bools:
        valid = super().is_valid(genes)
        if valid.any():
            inside = genes if valid.all() else genes[valid]
            valid[valid] = pruning().good[pack(inside)[0]]
        return valid

    def _is_row(self, row: list[int]) -> bool:
        return bool(pruning().good[int(bytes(row[: len(EDGES)]).translate(_DIGITS), 2)])

    def _explain(self, index: int, row: Genes) -> str:
        if not super().is_valid(row[None])[0]:
            return super()._explain(index, row)
        pruned = prune(row[None])[0]
        edges = int(pruned[: len(EDGES)].sum())
        wrong = f"has {edges} edges on paths from input to output; allowed are {MOST_EDGES}"
        if not edges:
            wrong = "has no path from input to output"
        return f"{self.name}: row {index} {row.tolist()} {wrong}"

    def _draw(self, n: int, rng: np.random.Generator) -> Genes:
        bits = rng.integers(2, size=(n, len(EDGES)), dtype=np.int16)
        labels = rng.integers(3, size=(n, VERTICES - 2), dtype=np.int16)
        return np.concatenate([bits, labels], axis=1)

    def prune(self, genes: Genes) -> Genes:
        """Returns the rows with zero for every gene that no path from input to output uses."""
        self.check(genes)
        return prune(genes)

    def canonical(self, genes: Genes) -> Genes:
        """Returns the smallest row of an isomorphic cell: 423,624 distinct ones.

        Two rows have the same canonical row if and only if they have the same `module_hash`. The
        networks of isomorphic rows can differ in parameters, see `build`.
        """
        self.check(genes)
        return unpack(*smallest(*pack(genes)))

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of what the cells compute: 419,052 of the 423,624.

        The maximum over a window has no weights, so that a vertex that is read twice is the same as
        two. Where the input feeds it, it has those of a projection of its own.
        """
        graph = self.graphs(genes)
        kinds = np.full(graph.labels.shape, Kind.OWN, dtype=np.int8)
        pooled = graph.labels == graph.vocabulary.index("maxpool3x3")
        kinds[pooled & ~graph.adjacency[:, 0]] = Kind.PURE
        kinds[graph.labels == graph.vocabulary.index("output")] = Kind.JOIN
        return function_keys(graph, kinds, graph.labels.astype(np.int64))

    def codes(self, genes: Genes) -> npt.NDArray[np.int64]:
        matrices, labels = pack(genes)
        return np.asarray(matrices.astype(np.int64) * LABELLINGS + labels)

    def all(self, vertices: int = VERTICES) -> Genes:
        """Returns the canonical rows of all cells of at most `vertices` vertices, ascending.

        Raises:
            InvalidSettingError: `vertices` is not from 2 to 7.
        """
        if not 2 <= vertices <= VERTICES:
            raise InvalidSettingError(
                f"{self.name}: cells have 2 to {VERTICES} vertices; got {vertices}"
            )
        return unpack(*all_cells(vertices))

    def module_hash(self, genes: Genes) -> list[str]:
        """Returns the official MD5 hashes, equal for isomorphic rows. Each cell is hashed once."""
        self.check(genes)
        matrices, labels = smallest(*pack(genes))
        codes, cell = np.unique(matrices * LABELLINGS + labels, return_inverse=True)
        hashes = module_hashes(unpack(*np.divmod(codes, LABELLINGS)))
        return [hashes[i] for i in cell.tolist()]

    def graphs(self, genes: Genes) -> Graph:
        """Returns the pruned graphs: input, the interior vertices that are left, output."""
        self.check(genes)
        live = alive(genes)
        labels = np.zeros((len(genes), VERTICES), dtype=np.int16)
        labels[:, 1:-1] = genes[:, len(EDGES) :] + 2
        labels[:, -1] = 1
        labels[~live] = -1
        order = np.argsort(~live, axis=1, kind="stable")  # the live ones first, as they stood
        edge = adjacency(prune(genes))
        edge = np.take_along_axis(edge, order[:, :, None], axis=1)
        edge = np.take_along_axis(edge, order[:, None, :], axis=2)
        vocabulary = ("input", "output", *OPERATIONS)
        return Graph(edge, np.take_along_axis(labels, order, axis=1), vocabulary)

    def to_text(self, genes: Genes) -> list[str]:
        """Returns the two fields of an official record, joined by a colon.

        They are the adjacency matrix row by row and the operations from input to output, as in
        ``0010010000000:input,maxpool3x3,output`` for a matrix of 3 vertices. What is written here
        has 7 vertices, the unused ones included.
        """
        self.check(genes)
        matrices = adjacency(genes).reshape(-1, VERTICES**2).astype(np.uint8) + ord("0")
        texts = []
        for matrix, row in zip(matrices, genes[:, len(EDGES) :].tolist(), strict=True):
            labels = ",".join(["input", *(OPERATIONS[gene] for gene in row), "output"])
            texts.append(f"{matrix.tobytes().decode()}:{labels}")
        return texts

    def from_matrix(self, matrix: npt.ArrayLike, operations: Sequence[str]) -> Genes:
        """Returns the row of a cell that is given as matrix and operations, ``(1, 26)``.

        Args:
            matrix: ``(v, v)`` of 0 and 1, or as many floats, with edges from a vertex to later
                ones; of more than 7 vertices those on no path from input to output are dropped.
            operations: of the v vertices, from ``input`` to ``output``, or of the v − 2 between.

        Raises:
            InvalidArchitectureError: naming what is wrong.
        """
        try:
            array = np.asarray(matrix)
            if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
                raise LiteralError(f"expected a square matrix; got the shape {array.shape}")
            if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
                raise LiteralError("a matrix has the values 0 and 1")
            row = row_of_matrix(array.astype(np.int64).tolist(), operations)
        except (LiteralError, ValueError) as error:
            why = error.why if isinstance(error, LiteralError) else str(error)
            raise InvalidArchitectureError(f"{self.name}: {why}") from error
        genes = np.asarray([row], dtype=np.int16)
        self.check(genes)
        return genes

    def dialects(self) -> Sequence[Notation]:
        return DIALECTS

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a text as `to_text` writes it, also of 2 to 7 vertices.

        Interior vertices become the vertices from 1 on, the last one vertex 6.

        Raises:
            InvalidArchitectureError: the text is not of this form; the message says why.
        """
        found = re.fullmatch(r"([01]{4,49})(?::|[,;|\t]\s*(?=input))([^:]+)", text)
        if not found:
            raise InvalidArchitectureError(f"{self.name}: expected {_FORM}; got {shown(text)}")
        digits, labels = found[1], found[2].split(",")
        size = len(labels)
        if not 2 <= size <= VERTICES or len(digits) != size**2:
            raise InvalidArchitectureError(
                f"{self.name}: expected 2 to {VERTICES} vertices and a digit for each pair; "
                f"got {size} operations and {len(digits)} digits in {shown(text)}"
            )
        if labels[0] != "input" or labels[-1] != "output":
            raise InvalidArchitectureError(
                f"{self.name}: the first vertex is 'input' and the last 'output'; got {shown(text)}"
            )
        row = [0] * self.length
        place = [*range(size - 1), VERTICES - 1]
        for start, stop in (divmod(edge.start(), size) for edge in re.finditer("1", digits)):
            if start >= stop:
                raise InvalidArchitectureError(
                    f"{self.name}: edges lead from a vertex to a later one; there is one from "
                    f"{start} to {stop} in {shown(text)}"
                )
            row[EDGES.index((place[start], place[stop]))] = 1
        row[len(EDGES) : len(EDGES) + size - 2] = self._genes_of(labels[1:-1], text)
        return row

    def _genes_of(self, labels: list[str], text: str) -> list[int]:
        for label in labels:
            if label not in OPERATIONS:
                raise InvalidArchitectureError(
                    f"{self.name}: unknown operation {label!r} in {shown(text)}; "
                    f"known are {', '.join(OPERATIONS)}"
                )
        return [OPERATIONS.index(label) for label in labels]

    def parameters(self, genes: Genes, task: ImageTask) -> npt.NDArray[np.int64]:
        """Returns ``(n,)`` numbers of parameters of the networks that `build` makes.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        self.check(genes)
        skeleton = _settings(task)
        pruned = prune(genes)
        channels = skeleton["channels"]
        before = channels
        total = np.zeros(len(genes), dtype=np.int64)
        total += 9 * task.input_shape[0] * channels + 2 * channels
        for stack in range(skeleton["stacks"]):
            channels = skeleton["channels"] << stack
            total += _cell_parameters(pruned, before, channels)
            total += (skeleton["modules"] - 1) * _cell_parameters(pruned, channels, channels)
            before = channels
        return total + channels * task.classes + task.classes

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network of the paper, or a smaller one by ``task.skeleton``.

        The skeleton's settings are ``channels`` after the stem, ``stacks``, between which a 2×2
        max-pooling halves the images and channels double, and ``modules`` in each stack.

        The order of the vertices decides which of them get the channels that remain when those of
        the output are divided, so that isomorphic rows can differ by up to 48,411 parameters. The
        row's own order is used; for a row read from an official record, that is the recorded
        network.

        Deviations: weights are initialised as is PyTorch's default, not by truncated normals, and
        batch normalisation averages with PyTorch's momentum 0.1, not 0.003, so that statistics
        are usable after few steps.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        from nascast.networks.vertex_cell import VertexCell, pooled_stacks

        task = self.expect_task(task, ImageTask)
        row = prune(self.row(arch))
        skeleton = _settings(task)
        order = np.flatnonzero(alive(row)[0])
        matrix = adjacency(row)[0][np.ix_(order, order)]
        edges = [(int(i), int(j)) for j, i in np.argwhere(matrix.T)]
        labels = [OPERATIONS[arch.genes[len(EDGES) + v - 1]] for v in order[1:-1]]

        def cell(c_in: int, c_out: int) -> "nn.Module":
            return VertexCell(edges, labels, widths(row, c_out)[0, order].tolist(), c_in)

        return pooled_stacks(cell, task.input_shape[0], task.classes, **skeleton)


def _settings(task: Task) -> dict[str, int]:
    settings: dict[str, Any] = {**_SKELETON, **task.skeleton}
    least = {"channels": _FEWEST_CHANNELS}
    if settings.keys() != _SKELETON.keys() or not all(
        type(value) is int and value >= least.get(key, 1) for key, value in settings.items()
    ):
        raise InvalidSettingError(
            f"nasbench101: the skeleton takes {', '.join(_SKELETON)}, positive integers, with at "
            f"least {_FEWEST_CHANNELS} channels; got {dict(task.skeleton)}"
        )
    return settings


def _cell_parameters(pruned: Genes, c_in: int, c_out: int) -> npt.NDArray[np.int64]:
    """Returns ``(n,)`` numbers of weights of convolutions and their normalisations in a cell."""
    width = widths(pruned, c_out)
    inner = width[:, 1:-1]
    weights = _KERNELS[pruned[:, len(EDGES) :]] * inner
    operations = np.where(weights > 0, weights * inner + 2 * inner, 0)
    projections = width[:, 1:] * (c_in + 2) * pruned[:, : VERTICES - 1]  # the edges from vertex 0
    return np.asarray(operations.sum(1) + projections.sum(1))
