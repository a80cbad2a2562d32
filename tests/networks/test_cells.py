"""A cell against a direct reading of its edges."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nascast.networks.cells import EdgeCell
from nascast.networks.operations import ReluConvNorm, average_pool
from nascast.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
MODULUS = 2**31 - 1


def interpret(
    edges: Sequence[tuple[int, int]], operations: Sequence[Callable[[Any], Any] | None], x: Any
) -> Any:
    """Sums what the edges carry into each vertex; an operation on nothing is nothing."""
    vertices = {0: x}
    for (start, end), operation in zip(edges, operations, strict=True):
        if operation is not None and start in vertices:
            term = operation(vertices[start])
            vertices[end] = vertices[end] + term if end in vertices else term
    last = max(end for _, end in edges)
    return vertices.get(last, 0 * x)


class Affine(nn.Module):
    """An operation on a whole number, so that results are exact."""

    def __init__(self, factor: int, offset: int) -> None:
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, x: int) -> int:
        return (self.factor * x + self.offset) % MODULUS


def test_every_cell_computes_what_its_edges_say() -> None:
    """All 15,625 cells of NAS-Bench-201, on whole numbers."""
    affine = {gene: Affine(10_007 * gene, 7 + gene**5) for gene in (1, 2, 3, 4)}
    operations = {SPACE.operations[gene]: (lambda g=gene: affine[g]) for gene in affine}
    for row in SPACE.all().tolist():
        cell = EdgeCell(SPACE.edges, [SPACE.operations[gene] for gene in row], operations)
        expected = interpret(SPACE.edges, [affine.get(gene) for gene in row], 12_345)
        assert cell(12_345) == expected


@pytest.mark.parametrize("training", [False, True])
def test_cells_of_real_operations(training: bool) -> None:
    operations: dict[str, Callable[[], nn.Module]] = {
        "skip_connect": nn.Identity,
        "nor_conv_1x1": lambda: ReluConvNorm(3, 3, 1),
        "nor_conv_3x3": lambda: ReluConvNorm(3, 3, 3),
        "avg_pool_3x3": average_pool,
    }
    torch.manual_seed(0)
    x = torch.randn(4, 3, 5, 4)
    for row in SPACE.sample(60, np.random.default_rng(0)).tolist():
        cell = EdgeCell(SPACE.edges, [SPACE.operations[gene] for gene in row], operations)
        cell.train(training)
        built = [cell.operations[str(i)] if gene else None for i, gene in enumerate(row)]
        expected = interpret(SPACE.edges, built, x)
        assert torch.allclose(cell(x), expected, atol=1e-5)


def test_operations_off_every_path_have_parameters_and_do_not_run() -> None:
    class Forbidden(ReluConvNorm):
        def forward(self, x: Any) -> Any:
            raise AssertionError("an operation that leads nowhere was run")

    choices = ["none", "conv", "conv", "skip", "conv", "none"]  # only 0→3 reaches the output
    made: dict[str, Callable[[], nn.Module]] = {
        "skip": nn.Identity,
        "conv": partial(Forbidden, 2, 2, 1),
    }
    cell = EdgeCell(SPACE.edges, choices, made)
    x = torch.randn(1, 2, 3, 3)
    assert torch.equal(cell(x), x)
    assert sum(p.numel() for p in cell.parameters()) == 3 * (2 * 2 + 2 * 2)


def test_a_cell_without_a_path_gives_zeros_and_zero_gradients() -> None:
    cell = EdgeCell(SPACE.edges, ["skip"] * 2 + ["none"] * 4, {"skip": nn.Identity})
    x = torch.randn(1, 2, 3, 3, requires_grad=True)
    out = cell(x)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert not out.any()
    assert not gradient.any()


def test_a_cell_of_another_shape() -> None:
    edges = ((0, 1), (0, 2), (0, 3), (1, 3), (0, 4), (2, 4), (3, 4))
    cell = EdgeCell(
        edges, ["a", "a", "none", "a", "none", "none", "a"], {"a": lambda: Affine(3, 1)}
    )
    assert cell(2) == 3 * (3 * (3 * 2 + 1) + 1) + 1
