"""Networks keep computing what they did when they are placed."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.types import ImageTask
from nascast.networks.counting import count
from nascast.networks.separable import FactorizedReduction
from nascast.spaces.nasnet import NasNet
from nascast.training.placement import device_here, placed

NARROW = nn.Conv2d(4, 6, 1, stride=2)


@pytest.mark.parametrize(
    "network",
    [NARROW, nn.Conv2d(3, 4, 3, stride=2, padding=1), FactorizedReduction(4, 8)],
    ids=["narrow", "3×3", "reduction"],
)
def test_the_outputs_are_the_same(network: nn.Module) -> None:
    x = torch.randn(2, next(network.parameters()).shape[1], 7, 6)
    expected = network.eval()(x)
    own = placed(copy.deepcopy(network), "cpu")
    assert torch.allclose(own(x.to(memory_format=torch.channels_last)), expected, atol=1e-6)
    assert own.state_dict().keys() == network.state_dict().keys()
    assert count(own, x.shape[1:]) == count(network, x.shape[1:])


def test_wide_convolutions_are_left_alone() -> None:
    network = nn.Sequential(nn.Conv2d(8, 4, 1, stride=2), nn.Conv2d(4, 4, 1))
    placed(network, "cpu")
    assert network[0].stride == (2, 2)
    assert not any(module._forward_pre_hooks for module in network)


_TRAINS = """
import torch
from torch import nn
from nascast.training.placement import device_here, placed
torch.manual_seed(0)
for c_in in range(1, 9):
    for c_out in (1, 4, 8, 13):
        net = placed(nn.Conv2d(c_in, c_out, 1, stride=2, bias=False), "cpu")
        x = torch.randn(16, c_in, 8, 8).to(memory_format=torch.channels_last).requires_grad_()
        for _ in range(3):
            net(x).sum().backward()
"""


def test_narrow_networks_do_not_end_their_process() -> None:
    """Each of several of these convolutions did, as it is, with PyTorch 2.13."""
    done = subprocess.run([sys.executable, "-c", _TRAINS], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()


def test_gradients_are_the_same() -> None:
    space = NasNet(2)
    arch = space.architecture(space.sample(1, np.random.default_rng(1))[0])
    task = ImageTask((1, 8, 8), 3, {"repeats": 1, "filters": 4, "stem_multiplier": 1})
    torch.manual_seed(0)
    network = space.build(arch, task)
    own = placed(copy.deepcopy(network), "cpu")
    x = torch.randn(4, 1, 8, 8)
    for net, inputs in ((network, x), (own, x.to(memory_format=torch.channels_last))):
        net(inputs).square().sum().backward()
    for one, other in zip(network.parameters(), own.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, rtol=1e-3, atol=1e-3)


def test_auto_is_decided_where_it_is_asked() -> None:
    assert device_here("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_here("cpu") == "cpu"
