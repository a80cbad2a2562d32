"""The NATS-Bench size space against recorded counts and its definition."""

from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, ImageTask, Task
from nascast.spaces.nats_size import NatsSize

SPACE = NatsSize()


def parameters(text: str, task: Task) -> int:
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        network = SPACE.build(SPACE.architecture(SPACE.from_text([text])[0]), task)
    return sum(parameter.numel() for parameter in network.parameters())


def counted(text: str, classes: int) -> int:
    """Parameters by the definition."""
    c = [int(part) for part in text.split(":")]

    def conv(c_in: int, c_out: int) -> int:
        return 9 * c_in * c_out + 2 * c_out

    total = 3 * c[0] * 9 + 2 * c[0]
    before = c[0]
    for stage, width in enumerate(c):
        if stage in (1, 3):
            total += conv(before, width) + conv(width, width) + before * width
        else:
            total += 2 * conv(before, width) + 3 * conv(width, width)
            total += 0 if before == width else before * width + 2 * width
        before = width
    return total + 2 * before + before * classes + classes


def test_all_rows_and_their_texts() -> None:
    genes = SPACE.all()
    assert genes.shape == (32_768, 5)
    assert SPACE.codes(genes).tolist() == list(range(32_768))
    texts = SPACE.to_text(genes)
    assert len(set(texts)) == 32_768
    assert texts[0] == "8:8:8:8:8"
    assert texts[-1] == "64:64:64:64:64"
    assert np.array_equal(SPACE.from_text(texts), genes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("8:8:8:8", "expected 5 numbers of channels"),
        ("8:8:8:8:8:8", "expected 5 numbers of channels"),
        ("8:8:8:8:", "expected 5 numbers of channels"),
        ("8:8:8:8:-8", "expected 5 numbers of channels"),
        ("8:8:8:8:٨", "expected 5 numbers of channels"),
        ("8:8:8:8:12", "12 channels in .*; allowed are 8, 16, .*, 64"),
        ("0:8:8:8:8", "0 channels in"),
        ("8:8:72:8:8", "72 channels in"),
    ],
)
def test_texts_that_are_no_network(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        SPACE.from_text(["8:8:8:8:8", text])


def test_graphs_are_chains_of_stages() -> None:
    graph = SPACE.graphs(SPACE.from_text(["8:16:24:64:64"]))
    names = [graph.vocabulary[label] for label in graph.labels[0]]
    assert names == ["input", "8", "16", "24", "64", "64", "output"]
    assert np.argwhere(graph.adjacency[0]).tolist() == [[i, i + 1] for i in range(6)]


# Recorded in the benchmark, in millions: 0.011714, 0.107826 and 0.713674.
@pytest.mark.parametrize(
    ("text", "recorded"),
    [("8:8:8:8:8", 11_714), ("8:8:16:40:40", 107_826), ("64:64:64:64:64", 713_674)],
)
def test_recorded_parameters(text: str, recorded: int) -> None:
    assert parameters(text, ImageTask()) == recorded
    assert counted(text, 10) == recorded


def test_parameters_by_the_definition() -> None:
    genes = SPACE.sample(12, np.random.default_rng(0))
    for text in SPACE.to_text(genes):
        assert parameters(text, ImageTask(classes=120)) == counted(text, 120)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 1), (9, 16)])
@pytest.mark.parametrize("stride", [1, 2])
def test_any_input_size_and_number_of_classes(size: tuple[int, int], stride: int) -> None:
    torch = pytest.importorskip("torch")
    task = ImageTask((2, *size), 3, {"stem_stride": stride})
    for genes in ((0, 0, 0, 0, 0), (0, 2, 1, 1, 3)):
        network = SPACE.build(Architecture("nats_size", genes), task).eval()
        logits = network(torch.randn(2, 2, *size))
        assert logits.shape == (2, 3)
        assert logits.isfinite().all()


@pytest.mark.parametrize("c_in", [2, 3])
def test_the_fixed_cell(c_in: int) -> None:
    """Against the definition: five convolutions, and a skip from input to output."""
    torch = pytest.importorskip("torch")
    from nascast.networks.sized_stages import resizing_cell

    cell: Any = resizing_cell(c_in, 3).eval()
    x = torch.randn(2, c_in, 4, 5, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        f = cell.operations
        one = f["0"](x)
        two = f["1"](x) + f["2"](one)
        expected = f["3"](x) + f["4"](one) + f["5"](two)
        assert torch.allclose(cell(x), expected, atol=1e-6)
        assert torch.equal(f["3"](x), x) == (c_in == 3)


@pytest.mark.parametrize("skeleton", [{"cells": 5}, {"stem_stride": 0}, {"stem_stride": 1.5}])
def test_wrong_settings_of_the_skeleton(skeleton: dict[str, object]) -> None:
    pytest.importorskip("torch")
    with pytest.raises(InvalidSettingError, match="takes stem_stride, a positive integer; got"):
        SPACE.build(Architecture("nats_size", (0,) * 5), ImageTask(skeleton=skeleton))
