"""The networks of NAS-Bench-101 against published counts and against their definition."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask
from nascast.spaces.nasbench101.space import NasBench101

SPACE = NasBench101()
CONV3, CONV1, POOL = range(3)
SMALL = {"channels": 6, "stacks": 2, "modules": 2}

# Cells by their edges and the operations of the vertices 1 to 5; vertex 6 is the output.
Cell = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]
INCEPTION: Cell = (
    ((0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)),
    (CONV1, CONV3, CONV3, CONV3, POOL),
)
RESNET: Cell = (((0, 1), (0, 6), (1, 2), (2, 6)), (CONV3, CONV3, 0, 0, 0))
SINGLE_CONV: Cell = (((0, 1), (1, 6)), (CONV3, 0, 0, 0, 0))
SINGLE_POOL: Cell = (((0, 1), (1, 6)), (POOL, 0, 0, 0, 0))
EMPTY: Cell = (((0, 6),), (0, 0, 0, 0, 0))


def genes_of(*cells: Cell) -> Genes:
    rows = [[int(e in edges) for e in SPACE.edges] + list(labels) for edges, labels in cells]
    return np.asarray(rows, dtype=np.int16)


def rows_of(seed: int, n: int) -> Genes:
    return SPACE.sample(n, np.random.default_rng(seed))


def pruned_edges(row: Sequence[int]) -> list[tuple[int, int]]:
    bits = SPACE.prune(np.asarray([row], dtype=np.int16))[0]
    return [edge for edge, bit in zip(SPACE.edges, bits, strict=False) if bit]


def channels_of(edges: Sequence[tuple[int, int]], channels: int) -> dict[int, int]:
    """Channels of the vertices, by the definition."""
    feeding = [i for i, j in edges if j == 6 and i]
    out = {6: channels}
    for rank, v in enumerate(feeding):
        out[v] = channels // len(feeding) + (rank < channels % len(feeding))
    for v in (5, 4, 3, 2, 1):
        if v not in feeding and any(i == v for i, _ in edges):
            out[v] = max(out[j] for i, j in edges if i == v)
    return out


def on_meta(row: Sequence[int], task: ImageTask) -> Any:
    """The network without memory for weights, for counting."""
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        return SPACE.build(Architecture("nasbench101", tuple(row)), task)


def count(network: Any) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: Any, size: int) -> int:
    import torch

    counted = []

    def hook(module: Any, inputs: object, output: Any) -> None:
        counted.append(module.weight.numel() * output[0].numel() // len(module.weight))

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(hook)
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, size, size, device="meta"))
    return sum(counted)


@pytest.mark.parametrize(
    ("cell", "parameters", "macs"),
    [
        (INCEPTION, 2_694_282, 402_002_944),
        (RESNET, 20_346_506, 2_989_888_512),
        (SINGLE_CONV, 10_177_674, 1_496_716_288),
        (SINGLE_POOL, 882_570, 137_761_792),
        (EMPTY, 882_570, 137_761_792),
    ],
)
def test_published_counts(cell: Cell, parameters: int, macs: int) -> None:
    genes = genes_of(cell)
    assert SPACE.parameters(genes, ImageTask()).tolist() == [parameters]
    network = on_meta(genes[0].tolist(), ImageTask())
    assert count(network) == parameters
    assert multiply_adds(network, 32) == macs


@pytest.mark.parametrize(
    ("task", "n"),
    [
        (ImageTask(), 16),
        (ImageTask((1, 8, 8), 7, SMALL), 12),
        (ImageTask((2, 8, 8), 3, {"channels": 9}), 12),
    ],
)
def test_parameters_without_and_with_building(task: ImageTask, n: int) -> None:
    genes = rows_of(6, n)
    expected = [count(on_meta(row, task)) for row in genes.tolist()]
    assert SPACE.parameters(genes, task).tolist() == expected


def test_vertices_that_feed_the_output_divide_its_channels_in_their_order() -> None:
    """Swapping two vertices changes the parameters, but not the hash."""
    edges = ((0, 1), (0, 2), (0, 3), (1, 6), (2, 6), (3, 6))
    one = genes_of((edges, (CONV3, POOL, POOL, 0, 0)), (edges, (POOL, POOL, CONV3, 0, 0)))
    assert len(set(SPACE.module_hash(one))) == 1
    # 128 = 43 + 43 + 42, 256 = 86 + 85 + 85, 512 = 171 + 171 + 170
    first, last = SPACE.parameters(one, ImageTask()).tolist()
    wide = sum(9 * c * c + 2 * c for c in (43, 86, 171))
    narrow = sum(9 * c * c + 2 * c for c in (42, 85, 170))
    assert first - last == 3 * (wide - narrow)


def interpreted(row: Sequence[int], cell: Any, x: Any) -> Any:
    """What one cell computes, by the definition, with the weights of the built one."""
    import torch

    edges = pruned_edges(row)
    vertices = sorted({v for edge in edges for v in edge})
    width = channels_of(edges, cell.widths[-1])
    index = {v: i for i, v in enumerate(vertices)}

    def conv_norm_relu(layer: Any, y: Any) -> Any:
        conv, norm = layer[0], layer[1]
        y = torch.nn.functional.conv2d(y, conv.weight, padding=conv.weight.shape[-1] // 2)
        scale = norm.weight / (norm.running_var + 1e-5).sqrt()
        y = (y - norm.running_mean[:, None, None]) * scale[:, None, None]
        return (y + norm.bias[:, None, None]).clamp(min=0)

    def projection(v: int) -> Any:
        return conv_norm_relu(cell.projections[str(index[v])], x)

    value: dict[int, Any] = {}
    for v in vertices[1:-1]:
        total = torch.zeros(len(x), width[v], *x.shape[2:])
        for i, j in edges:
            if j == v:
                total = total + (projection(v) if i == 0 else value[i][:, : width[v]])
        if row[20 + v] == POOL:
            padded = torch.nn.functional.pad(total, (1, 1, 1, 1), value=-torch.inf)
            value[v] = padded.unfold(2, 3, 1).unfold(3, 3, 1).amax((4, 5))
        else:
            layer = cell.operations[index[v] - 1]
            assert layer[0].kernel_size == ((3, 3) if row[20 + v] == CONV3 else (1, 1))
            value[v] = conv_norm_relu(layer, total)
    feeding = [value[i] for i, j in edges if j == 6 and i]
    out = torch.cat(feeding, 1) if feeding else 0
    return out + projection(6) if (0, 6) in edges else out


@pytest.mark.parametrize("seed", range(12))
def test_cells_compute_what_the_definition_says(seed: int) -> None:
    torch = pytest.importorskip("torch")
    from nascast.networks.vertex_cell import VertexCell

    row = rows_of(seed, 1)[0].tolist()
    network = SPACE.build(
        Architecture("nasbench101", tuple(row)), ImageTask((3, 5, 4), 3, SMALL)
    ).eval()
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if "running" in name:  # statistics other than 0 and 1
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    cells = [module for module in network.modules() if isinstance(module, VertexCell)]
    assert len(cells) == 4
    x = torch.randn(2, 3, 5, 4, generator=generator)
    with torch.no_grad():
        for layer in network.children():
            y = layer(x)
            if isinstance(layer, VertexCell):
                assert torch.allclose(interpreted(row, layer, x), y, atol=1e-5)
            x = y
    assert x.shape == (2, 3)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 1), (9, 16)])
@pytest.mark.parametrize("classes", [2, 11])
def test_any_input_size_and_number_of_classes(size: tuple[int, int], classes: int) -> None:
    torch = pytest.importorskip("torch")
    task = ImageTask((2, *size), classes, {"channels": 4, "modules": 1})
    for cell in (INCEPTION, RESNET, EMPTY, SINGLE_POOL):
        row = tuple(genes_of(cell)[0].tolist())
        logits = SPACE.build(Architecture("nasbench101", row), task).eval()(
            torch.randn(2, 2, *size)
        )
        assert logits.shape == (2, classes)
        assert logits.isfinite().all()


@pytest.mark.parametrize(
    "skeleton",
    [{"width": 16}, {"channels": 3}, {"channels": 8.0}, {"stacks": 0}, {"modules": -1}],
)
def test_wrong_settings_of_the_skeleton(skeleton: dict[str, object]) -> None:
    genes = genes_of(EMPTY)
    task = ImageTask(skeleton=skeleton)
    message = r"takes channels, stacks, modules, .* at least 4 channels; got"
    with pytest.raises(InvalidSettingError, match=message):
        SPACE.parameters(genes, task)
    pytest.importorskip("torch")
    with pytest.raises(InvalidSettingError, match=message):
        SPACE.build(SPACE.architecture(genes[0]), task)


def test_recorded_numbers_of_parameters(shared_data: Path) -> None:
    """All 5,000 without building, and 20 of them built."""
    with gzip.open(shared_data / "nasbench101_sample/sample_5000.csv.gz", "rt") as file:
        records = list(csv.DictReader(file))
    genes = SPACE.from_text([f"{r['adjacency_rowmajor']}:{r['ops']}" for r in records])
    recorded = [int(r["trainable_parameters"]) for r in records]
    assert SPACE.parameters(genes, ImageTask()).tolist() == recorded
    for row, expected in list(zip(genes.tolist(), recorded, strict=True))[::250]:
        assert count(on_meta(row, ImageTask())) == expected
