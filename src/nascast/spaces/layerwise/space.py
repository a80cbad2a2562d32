"""Whole networks, layer by layer (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578).

Each layer is a convolution: filter height and width of 1, 3, 5 or 7, stride down and across of 1, 2
or 3, or 1 always, and 24, 36, 48 or 64 filters (section 4.1). An anchor then chooses, for each
earlier layer, whether it is an input (section 3.3). The genes are these choices in the order in
which the controller makes them: for layer i height, width, [stride down, stride across,] filters,
and i bits for the layers 0 to i − 1.
"""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.notation import shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, ImageTask, Task
from nascast.spaces.layerwise.order import canonical_order

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Layerwise"]

Ints = npt.NDArray[np.int64]

_SIZES = (1, 3, 5, 7)
_STRIDES = (1, 2, 3)
_FILTERS = (24, 36, 48, 64)


class Layerwise(SearchSpace):
    """Networks of a fixed number of convolutions with any skip connections.

    Every row is valid: a layer without inputs reads the image, and what no layer reads goes to the
    classifier. 15 layers without strides are the first network of the paper's table 1, 20 layers
    with strides the second. Deviations: the paper lets the number of layers grow during the search,
    from 6 on; here it is fixed. Pooling, which the third network has between given layers, is not
    part of this space.

    Attributes:
        layers: number of layers.
        strides: whether there are genes for the strides.
    """

    name = "layerwise"
    own = ("layers", "layers joined by ';'", r"\s*[0-9]+x[0-9]+")
    tasks = (ImageTask,)

    def __init__(self, layers: int = 15, strides: bool = False) -> None:
        """Chooses the size of the space.

        Args:
            layers: number of layers in a network, from 1.
            strides: whether strides are chosen; they are 1 otherwise.

        Raises:
            InvalidSettingError: a setting is of another type or out of range.
        """
        if type(layers) is not int or layers < 1 or type(strides) is not bool:
            raise InvalidSettingError(
                f"{self.name}: layers is a whole number from 1 and strides True or False; "
                f"got {layers!r} and {strides!r}"
            )
        self.layers = layers
        self.strides = strides
        steps = _STRIDES if strides else (1,)
        self._kinds = tuple(product(_SIZES, _SIZES, steps, steps, _FILTERS))  # by code
        labels = (f"conv {h}x{w} s{d}x{a} f{f}" for h, w, d, a, f in self._kinds)
        self._vocabulary = ("input", "output", *labels)
        self._heads = [f"{h}x{w}{f'/{d}x{a}' * strides}:{f}" for h, w, d, a, f in self._kinds]
        choices = (_SIZES, _SIZES, *(_STRIDES, _STRIDES) * strides, _FILTERS)
        own = tuple(map(len, choices))
        self._weights = np.cumprod([1, *own[:0:-1]], dtype=np.int64)[::-1]  # of a choice in a code
        self._genes_of = dict(zip(self._heads, product(*map(range, own)), strict=True))
        self.cardinalities = tuple(c for i in range(layers) for c in (*own, *(2,) * i))
        starts = [i * len(own) + i * (i - 1) // 2 for i in range(layers)]
        self.links = tuple(range(s + len(own), s + len(own) + i) for i, s in enumerate(starts))
        self._own = np.asarray([range(s, s + len(own)) for s in starts])
        pairs = [(j, i, starts[i] + len(own) + j) for i in range(layers) for j in range(i)]
        columns = np.asarray(pairs, dtype=np.int64).reshape(-1, 3).T
        self._source, self._reader, self._link = map(np.ascontiguousarray, columns)
        self._pairs = self._source * layers + self._reader

    def _choices(self, genes: Genes) -> Genes:
        """Returns ``(n, layers, 3 or 5)``: the genes of each layer without those of its anchor."""
        return genes.take(self._own, axis=1)

    def _reads(self, genes: Genes) -> Bools:
        """Returns ``(n, layers, layers)``: ``[g, j, i]`` is whether layer i reads layer j."""
        reads = np.zeros((len(genes), self.layers**2), dtype=bool)
        reads[:, self._pairs] = genes[:, self._link]
        return reads.reshape(len(genes), self.layers, self.layers)

    def _codes(self, genes: Genes) -> Ints:
        """Returns ``(n, layers)``: the choices of each layer as one number."""
        return np.asarray(self._choices(genes) @ self._weights)

    def canonical(self, genes: Genes) -> Genes:
        """Returns the rows with their layers in an order that does not depend on the given one.

        Layers may be numbered in any order in which each follows its inputs; the networks are the
        same but for the order of channels in a concatenation. Such rows become one row; see
        `canonical_order` for the regular graphs in which that may fail. No other rows are taken to
        be equivalent: whether two networks are the same for images of one size is not asked.
        """
        self.check(genes)
        reads = self._reads(genes)
        order = canonical_order(reads, self._codes(genes), len(self._kinds))
        out = np.empty_like(genes, dtype=np.int16)
        if len(genes) == 1:  # without an index for rows, a third of the time
            place, new = order[0], out[0]
            new[self._own] = genes.take(self._own.take(place, axis=0))
            moved = reads[0].take(place, axis=0).take(place, axis=1)
            new[self._link] = moved.take(self._pairs)
            return out
        every = np.arange(len(genes))[:, None]
        out[:, self._own] = self._choices(genes)[every, order]
        out[:, self._link] = reads[every, order[:, self._source], order[:, self._reader]]
        return out

    def graphs(self, genes: Genes) -> Graph:
        """Returns graphs with vertices for the image, each layer, and the classifier.

        Labels are ``conv 3x5 s1x1 f36``: height × width, strides, filters. The vocabulary has all
        64 of them, or 576 with strides.
        """
        self.check(genes)
        v = self.layers + 2
        reads = self._reads(genes)
        adjacency = np.zeros((len(genes), v, v), dtype=bool)
        adjacency[:, 1:-1, 1:-1] = reads
        adjacency[:, 0, 1:-1] = ~reads.any(1)
        adjacency[:, 1:-1, -1] = ~reads.any(2)
        labels = np.empty((len(genes), v), dtype=np.int16)
        labels[:, 0], labels[:, -1] = 0, 1
        labels[:, 1:-1] = self._codes(genes) + 2
        return Graph(adjacency, labels, self._vocabulary)

    def to_text(self, genes: Genes) -> list[str]:
        """Returns the layers joined by semicolons, such as ``3x5:36;1x7:24<0;5x5:48<0,1``.

        A layer is height × width and, behind a colon, filters; the layers that it reads follow
        ``<``, counted from 0. With strides, ``3x5/2x1:36`` has stride 2 down and 1 across.
        """
        self.check(genes)
        texts = []
        for codes, reads in zip(self._codes(genes).tolist(), self._reads(genes), strict=True):
            parts = []
            for code, read in zip(codes, reads.T.tolist(), strict=True):
                sources = ",".join(str(j) for j, bit in enumerate(read) if bit)
                parts.append(self._heads[code] + (f"<{sources}" if sources else ""))
            texts.append(";".join(parts))
        return texts

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a text as `to_text` writes it.

        Raises:
            InvalidArchitectureError: the text is not of this form; the message names the layer.
        """
        parts = text.split(";")
        if len(parts) != self.layers:
            raise InvalidArchitectureError(
                f"{self.name}: expected {self.layers} layers joined by ';'; "
                f"got {len(parts)} in {shown(text)}"
            )
        row: list[int] = []
        for i, part in enumerate(parts):
            genes = self._parse_layer(part, i)
            if genes is None:
                form = "3x5/2x1:36<0,1" if self.strides else "3x5:36<0,1"
                raise InvalidArchitectureError(
                    f"{self.name}: expected layer {i} like '{form}' with sizes of {_SIZES}, "
                    f"{f'strides of {_STRIDES}, ' if self.strides else ''}filters of {_FILTERS}, "
                    f"reading earlier layers in ascending order; got {shown(part)} in {shown(text)}"
                )
            row += genes
        return row

    def _parse_layer(self, part: str, i: int) -> list[int] | None:
        """Returns the genes of layer i, or None if the text is not that of such a layer."""
        head, mark, reads = part.partition("<")
        own = self._genes_of.get(head)
        earlier = [str(j) for j in range(i)]
        sources = reads.split(",") if mark else []
        if own is None or sources != [j for j in earlier if j in sources]:
            return None
        return [*own, *(int(j in sources) for j in earlier)]

    def parameters(self, genes: Genes, task: ImageTask) -> Ints:
        """Returns ``(n,)`` numbers of parameters of the networks that `build` makes.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        self.check(genes)
        choices, reads = self._choices(genes), self._reads(genes).astype(np.int64)
        sizes = np.asarray(_SIZES)
        filters = np.asarray(_FILTERS)[choices[:, :, -1]] + self._more_filters(task)
        read = (filters[:, :, None] * reads).sum(1)
        read = np.where(read == 0, task.input_shape[0], read)
        area = sizes[choices[:, :, 0]] * sizes[choices[:, :, 1]]
        layers = (area * read + 2) * filters
        last = (filters * (reads.sum(2) == 0)).sum(1)
        return np.asarray(layers.sum(1) + (last + 1) * task.classes)

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return {"more_filters": 0}

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network: convolution, batch normalisation and ReLU in each layer.

        The inputs of a layer are concatenated in depth, the smaller ones padded with zeros, and so
        are the layers that nobody reads; those end in global average pooling and a linear layer.
        `nascast.networks.layerwise` says where the paper leaves a choice. The skeleton's only
        setting is ``more_filters``, a number added to the filters of every layer: 0, or 40 in the
        last row of the paper's table 1.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        from nascast.networks.layerwise import Layer, LayerNetwork

        task = self.expect_task(task, ImageTask)
        if arch.space != self.name:
            raise InvalidArchitectureError(
                f"expected an architecture of {self.name}; got one of {arch.space}"
            )
        self.check(arch.row())
        more = self._more_filters(task)
        reads = self._reads(arch.row())[0]
        layers = []
        for i, code in enumerate(self._codes(arch.row())[0].tolist()):
            height, width, down, across, filters = self._kinds[code]
            sources = tuple(int(j) for j in np.flatnonzero(reads[:, i]))
            layers.append(Layer((height, width), (down, across), filters + more, sources))
        return LayerNetwork(layers, task.input_shape[0], task.classes)

    def _more_filters(self, task: Task) -> int:
        more = task.skeleton.get("more_filters", 0)
        if task.skeleton.keys() - {"more_filters"} or type(more) is not int or more < 0:
            raise InvalidSettingError(
                f"{self.name}: the skeleton takes more_filters, a whole number from 0; "
                f"got {dict(task.skeleton)}"
            )
        return more
