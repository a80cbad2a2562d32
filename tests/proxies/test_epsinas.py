"""Epsinas against weights set by hand."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core import plugins
from nascast.core.types import Batch, TextTask
from nascast.proxies.epsinas import Epsinas, difference
from nascast.proxies.passes import Passes
from nascast.proxies.passes.constant import _convolved

Row = tuple[int, ...]


def test_a_case_by_hand() -> None:
    one, other = np.asarray([1.0, 3.0, 5.0]), np.asarray([-1.0, 0.0, 3.0])
    # (0, .5, 1) and (0, .25, 1): apart by .25 / 3, mean (1.5 + 1.25) / 6
    assert difference(one, other) == pytest.approx((0.25 / 3) / (2.75 / 6))
    assert math.isnan(difference(one, np.ones(3)))


def test_all_weights_have_one_value(
    born: Callable[[Row], nn.Module], passes: Callable[[Row], Passes], batch: Batch
) -> None:
    row, outputs = (2, 1, 0, 2, 1), []
    for value in (1e-7, 1.0):
        network = born(row).double()
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                nn.init.constant_(module.weight, value)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        found = network(torch.from_numpy(batch.inputs).double()).detach().numpy()
        outputs.append((found - found.min()) / (found.max() - found.min()))
    expected = np.abs(outputs[0] - outputs[1]).mean() / np.mean(outputs)
    assert Epsinas().score(passes(row)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["nasbench_nlp", "recurrent_tree"])
def test_recurrent_cells_have_scores(name: str) -> None:
    space = plugins.load("space", name)
    task = TextTask(50, {k: 8 for k in ("hidden", "embedding") if k in space.skeleton(TextTask)})
    scores = []
    for row in space.sample(5, np.random.default_rng(0)):
        build = partial(space.build, space.architecture(row), task)
        made = Passes(build, 0, task, batch=Batch.random(task, 4), clock=lambda: 0.0)
        scores.append(Epsinas(low=0.01).score(made))
    assert np.isfinite(scores).sum() >= 4
    assert len(set(scores)) >= 4


def test_equal_outputs_have_no_score(cut: Callable[[Row], Passes]) -> None:
    assert math.isnan(Epsinas().score(cut((0,) * 6)))


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": 5, "padding": 4, "dilation": 2, "groups": 6},
        {"kernel_size": (1, 7), "padding": (0, 3), "stride": (1, 2), "groups": 3},
        {"kernel_size": 3, "stride": 2, "groups": 2},
    ],
)
def test_equal_weights_convolve_by_sums(settings: dict[str, Any]) -> None:
    module = nn.Conv2d(6, 12, bias=False, dtype=torch.float64, **settings)
    nn.init.constant_(module.weight, 0.3)
    x = torch.randn(2, 6, 9, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(_convolved(module, x), module(x), rtol=1e-12, atol=1e-12)
