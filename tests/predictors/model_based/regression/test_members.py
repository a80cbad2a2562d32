"""Members side by side compute what each would alone."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from nascast.predictors.model_based.regression.members import Linear, Norm


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shared", [True, False])
def test_a_linear_layer_is_one_map_for_each_member(shared: bool, bias: bool) -> None:
    layer, x = Linear(3, 4, 5, bias=bias), torch.randn(1 if shared else 3, 7, 2, 4)
    found = layer(x)
    assert found.shape == (3, 7, 2, 5)
    for i in range(3):
        shift = 0 if layer.bias is None else layer.bias[i, 0]
        expected = x[0 if shared else i] @ layer.weight[i] + shift
        assert torch.allclose(found[i], expected, atol=1e-6)


def test_members_differ_and_weights_are_within_xaviers_bound() -> None:
    weight = Linear(2, 30, 20).weight.detach()
    assert not torch.equal(weight[0], weight[1])
    assert weight.abs().max() <= (6 / 50) ** 0.5
    assert float(weight.std()) == pytest.approx((2 / 50) ** 0.5, rel=0.1)


def test_a_norm_is_layer_norm_for_each_member() -> None:
    norm, x = Norm(2, 6), torch.randn(2, 3, 4, 6)
    nn.init.normal_(norm.scale)
    nn.init.normal_(norm.shift)
    for i in range(2):
        expected = functional.layer_norm(x[i], (6,), norm.scale[i, 0], norm.shift[i, 0])
        assert torch.allclose(norm(x)[i], expected, atol=1e-5)
