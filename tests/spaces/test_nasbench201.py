"""NAS-Bench-201 against what is published about it and against its definition, spelled out."""

import csv
import gzip
import itertools
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask
from nascast.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
ALL = SPACE.all()
INDEX_3558 = (
    "|skip_connect~0|+|nor_conv_3x3~0|nor_conv_1x1~1|"
    "+|nor_conv_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|"
)
# The edges on each of the four ways from the input to the output.
PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))


def parameters(row: Sequence[int], classes: int = 10) -> int:
    network = SPACE.build(Architecture("nasbench201", tuple(row)), ImageTask(classes=classes))
    return sum(parameter.numel() for parameter in network.parameters())


def computes(row: Sequence[int], operations: dict[int, Callable[[int], int]]) -> int | None:
    """What a cell computes on the number 1, by the definition; None is nothing."""
    vertices: list[int | None] = [1, None, None, None]
    for gene, (start, end) in zip(row, SPACE.edges, strict=True):
        source = vertices[start]
        if gene == 0 or source is None:
            continue
        term = source if gene == 1 else operations[gene](source)
        vertices[end] = ((vertices[end] or 0) + term) % 2**61
    return vertices[3]


def scramble(gene: int) -> Callable[[int], int]:
    """An operation of which nothing is known but that it is always the same."""

    @cache
    def operation(x: int) -> int:
        return int.from_bytes(sha256(f"{gene} of {x}".encode()).digest()[:7])

    return operation


GENERIC = {gene: scramble(gene) for gene in (2, 3, 4)}


def outputs(linear: bool = True) -> npt.NDArray[np.float64]:
    """What every cell computes of one image, ``(15625,)``: a random projection of its output.

    Operations of one kind have one and the same random weights: what is equal for any weights is
    equal for these. For ReLU there is tanh, which no channel makes zero; batch normalisation, a map
    of each channel as weights are, is left out.

    Args:
        linear: whether the pooling is that of the space; otherwise its sine.
    """
    rng = torch.Generator().manual_seed(0)
    one, three = (torch.randn(3, 3, k, k, generator=rng, dtype=torch.float64) for k in (1, 3))
    image, look = torch.randn(2, 3, 5, 5, generator=rng, dtype=torch.float64)
    vertices = [image.expand(len(ALL), -1, -1, -1), *[torch.zeros(len(ALL), 3, 5, 5).double()] * 3]
    for gene, (start, end) in zip(
        torch.from_numpy(ALL.astype(np.int64)).T, SPACE.edges, strict=True
    ):
        x = vertices[start]
        pool = functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        choices = [
            torch.zeros_like(x),
            x,
            functional.conv2d(x.tanh(), one),
            functional.conv2d(x.tanh(), three, padding=1),
            pool if linear else pool.sin(),
        ]
        every = torch.stack(choices)
        vertices[end] = vertices[end] + every[gene, torch.arange(len(ALL))]
    return np.asarray((vertices[3] * look).sum((1, 2, 3)).numpy())


def classes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Numbers that are equal up to rounding, ``(n,)``, as the same small integer."""
    order = np.argsort(values)
    gaps = np.diff(values[order]) > 1e-9 * np.abs(values[order][1:]).clip(1e-3)
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.append(0, np.cumsum(gaps))
    return found


def test_cells_have_one_key_exactly_if_they_compute_the_same() -> None:
    keys = np.unique(SPACE.networks(ALL), return_inverse=True)[1]
    same = classes(outputs())
    assert len(np.unique(keys)) == len(np.unique(same)) == 4_660
    assert len(np.unique(np.stack([keys, same]), axis=1).T) == 4_660


def test_flattened_sums_alone_leave_the_published_number() -> None:
    flattened = classes(outputs(linear=False))
    assert len(np.unique(flattened)) == 4_930
    canonical = np.unique(SPACE.canonical(ALL), axis=0, return_inverse=True)[1].reshape(-1)
    assert len(np.unique(np.stack([canonical, flattened]), axis=1).T) == 5_390  # it splits no class


def test_all_cells_in_ascending_order() -> None:
    assert ALL.shape == (15_625, 6)
    assert SPACE.codes(ALL).tolist() == list(range(15_625))
    again = SPACE.all()
    again[:] = 0
    assert np.array_equal(SPACE.all(), ALL)


def test_distinct_cells() -> None:
    assert len(np.unique(SPACE.canonical(ALL), axis=0)) == 5_390
    assert len(set(SPACE.unique_text(ALL))) == 6_466


def test_cells_without_a_path() -> None:
    open_path = np.zeros(len(ALL), dtype=bool)
    for path in PATHS:
        open_path |= (ALL[:, path] != 0).all(1)
    assert (~open_path).sum() == 341
    empty = {code for code, row in enumerate(ALL.tolist()) if computes(row, GENERIC) is None}
    assert empty == set(np.flatnonzero(~open_path).tolist())
    assert len(np.unique(SPACE.canonical(ALL[~open_path]), axis=0)) == 1


def test_connected_cells() -> None:
    expected = []
    for row in ALL.tolist():
        covered = {edge for path in PATHS if all(row[e] for e in path) for edge in path}
        expected.append(bool(covered) and covered == {e for e in range(6) if row[e]})
    assert sum(expected) == 9_444
    assert SPACE.is_connected(ALL).tolist() == expected


def test_canonical_rows_are_the_smallest_of_their_class() -> None:
    canonical = SPACE.canonical(ALL)
    assert np.array_equal(SPACE.canonical(canonical), canonical)
    assert (SPACE.codes(canonical) <= SPACE.codes(ALL)).all()
    assert SPACE.canonical(ALL[:1]).tolist() == [[0] * 6]


def test_equivalent_cells_compute_the_same_whatever_the_operations_are() -> None:
    canonical = SPACE.canonical(ALL)
    for row, other in zip(ALL.tolist(), canonical.tolist(), strict=True):
        assert computes(row, GENERIC) == computes(other, GENERIC)


def test_cells_that_differ_only_in_nested_sums_are_kept_apart() -> None:
    """Of the 5,390 canonical cells, 4,930 compute something else than all the others."""
    rows = np.unique(SPACE.canonical(ALL), axis=0).tolist()
    assert len({computes(row, GENERIC) for row in rows}) == 4_930


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ((0, 0, 0, 0, 0, 0), "#+#+#"),
        ((0, 0, 0, 1, 0, 0), "#+#+0"),
        ((1, 0, 0, 0, 1, 0), "#+#+0"),
        ((3, 0, 0, 0, 4, 0), "#+#+((0)@nor_conv_3x3)@avg_pool_3x3"),
        ((3, 1, 1, 0, 0, 1), "#+#+(0)@nor_conv_3x3+0"),
    ],
)
def test_unique_strings_are_written_like_the_official_ones(row: tuple[int, ...], text: str) -> None:
    assert SPACE.unique_text(np.asarray([row], dtype=np.int16)) == [text]


def test_texts_of_all_cells_both_ways() -> None:
    texts = SPACE.to_text(ALL)
    assert len(set(texts)) == 15_625
    assert np.array_equal(SPACE.from_text(texts), ALL)
    assert SPACE.to_text(SPACE.from_text([INDEX_3558])) == [INDEX_3558]
    assert SPACE.from_text([INDEX_3558]).tolist() == [[1, 3, 2, 3, 2, 3]]


def test_texts_are_those_of_the_published_records(shared_data: Path) -> None:
    with gzip.open(shared_data / "nasbench201_cifar10/table.csv.gz", "rt") as file:
        published = [row["arch_str"] for row in csv.DictReader(file)]
    assert sorted(published) == sorted(SPACE.to_text(ALL))
    assert published[3558] == INDEX_3558


CELL = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a string like"),
        ("0-0-0-0-0", "expected 6 genes; got 5"),
        (CELL + CELL, "expected a string like"),
        (CELL.replace("none", "no ne", 1), "is no op~vertex in"),
        (CELL.replace("~2", "~1"), "vertex 3 reads 1 twice"),
        (CELL.replace("~1", "~٢"), "expected a string like"),
        (
            CELL.replace("none~2", "dil_conv_3x3~2"),
            "unknown operation 'dil_conv_3x3'.*known are none, ",
        ),
    ],
)
def test_texts_that_are_no_cell(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        SPACE.from_text([CELL, text])


def test_graphs_have_an_operation_on_each_vertex() -> None:
    genes = np.asarray([[0, 1, 2, 3, 4, 0], [3, 3, 3, 3, 3, 3]], dtype=np.int16)
    graph = SPACE.graphs(genes)
    assert [graph.vocabulary[i] for i in graph.labels[0]] == [
        "input",
        *("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "none"),
        "output",
    ]
    # Vertex 1 + i is the operation on edge i: 0→1, 0→2, 1→2, 0→3, 1→3, 2→3.
    expected = [(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7)]
    for adjacency in graph.adjacency:
        assert np.argwhere(adjacency).tolist() == [list(edge) for edge in expected]


@pytest.mark.parametrize(
    ("operation", "classes", "expected"),
    [
        (0, 10, 73_306),
        (1, 10, 73_306),
        (2, 10, 241_306),
        (3, 10, 1_531_546),
        (3, 100, 1_537_396),
        (3, 120, 1_538_696),
        (4, 10, 73_306),
    ],
)
def test_published_parameter_counts(operation: int, classes: int, expected: int) -> None:
    assert parameters([operation] * 6, classes) == expected


def test_parameters_of_the_cell_with_index_3558() -> None:
    assert parameters(SPACE.from_text([INDEX_3558])[0].tolist()) == 858_426


def test_parameters_of_published_cells(shared_data: Path) -> None:
    with gzip.open(shared_data / "nasbench201_cifar10/table.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))[::1300]
    assert len(rows) > 10
    for row in rows:
        cell = SPACE.from_text([row["arch_str"]])[0].tolist()
        assert parameters(cell) == round(float(row["params_M"]) * 1e6)


@pytest.mark.parametrize(
    ("operation", "size", "classes", "expected"),
    [
        (3, 32, 10, 220_119_680),
        (3, 16, 120, 55_037_440),
        (2, 32, 10, 31_376_000),
        (1, 32, 10, 7_783_040),
        (4, 32, 10, 7_783_040),
        (0, 32, 10, 7_783_040),
    ],
)
def test_published_multiply_adds(operation: int, size: int, classes: int, expected: int) -> None:
    task = ImageTask((3, size, size), classes)
    network = SPACE.build(Architecture("nasbench201", (operation,) * 6), task)
    counted = []

    def count(module: object, inputs: object, output: object) -> None:
        weight = module.weight  # type: ignore[attr-defined]
        counted.append(weight.numel() * output[0].numel() // len(weight))  # type: ignore[index]

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(count)
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, size, size))
    assert sum(counted) == expected


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 1), (7, 7), (9, 16), (33, 31)])
@pytest.mark.parametrize("reduction", ["residual", "pool"])
def test_any_input_size(size: tuple[int, int], reduction: str) -> None:
    skeleton = {"cells": 1, "channels": 4, "reduction": reduction, "stem_stride": 2}
    task = ImageTask((2, *size), 3, skeleton)
    for row in ((3, 4, 1, 2, 4, 3), (0,) * 6, (4,) * 6):
        logits = SPACE.build(Architecture("nasbench201", row), task).eval()(
            torch.randn(2, 2, *size)
        )
        assert logits.shape == (2, 3)
        assert logits.isfinite().all()


@pytest.mark.parametrize("classes", [2, 3, 11])
def test_any_number_of_classes(classes: int) -> None:
    task = ImageTask((1, 4, 4), classes, {"cells": 1, "channels": 2})
    network = SPACE.build(Architecture("nasbench201", (3,) * 6), task)
    assert network(torch.randn(3, 1, 4, 4)).shape == (3, classes)


def test_the_skeleton_decides_the_network() -> None:
    skeleton = {"channels": 6, "cells": 2, "stages": 2, "stem_stride": 2, "reduction": "pool"}
    network = SPACE.build(Architecture("nasbench201", (2,) * 6), ImageTask((3, 8, 8), 4, skeleton))

    def cell(c: int) -> int:
        return 6 * (c * c + 2 * c)  # a 1×1 convolution and a batch normalisation on each edge

    stem, norm, classifier = 3 * 6 * 9 + 2 * 6, 2 * 12, 12 * 4 + 4
    reduction = 6 * 12 + 2 * 12
    expected = stem + 2 * cell(6) + reduction + 2 * cell(12) + norm + classifier
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("skeleton", [{"width": 16}, {"reduction": "none"}, {"Channels": 16}])
def test_unknown_settings_of_the_skeleton(skeleton: dict[str, object]) -> None:
    with pytest.raises(InvalidSettingError, match=r"takes channels, cells, .* residual, pool; got"):
        SPACE.build(Architecture("nasbench201", (0,) * 6), ImageTask(skeleton=skeleton))


def test_equivalent_cells_without_weights_are_equal_networks() -> None:
    """Cells of none, skip and pooling alone: 729, each against its canonical cell."""
    task = ImageTask((2, 5, 4), 3, {"cells": 1, "channels": 3, "stages": 2})
    images = torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(0))

    def outputs(row: tuple[int, ...]) -> Tensor:
        torch.manual_seed(0)  # without weights in the cells, all networks draw the same
        with torch.no_grad():
            logits: Tensor = SPACE.build(Architecture("nasbench201", row), task).eval()(images)
        return logits

    known: dict[tuple[int, ...], Tensor] = {}
    rows = np.asarray(list(itertools.product((0, 1, 4), repeat=6)), dtype=np.int16)
    differing = 0
    for row, canonical in _pairs(rows):
        if canonical not in known:
            known[canonical] = outputs(canonical)
        if row != canonical:
            differing += 1
            assert torch.allclose(outputs(row), known[canonical], atol=1e-6)
    assert differing > 300


def _pairs(rows: Genes) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    canonical = SPACE.canonical(rows).tolist()
    return [(tuple(a), tuple(b)) for a, b in zip(rows.tolist(), canonical, strict=True)]
