"""ZiCo against numpy's mean and deviation, weight by weight."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nascast.core.errors import UnsupportedError
from nascast.core.types import Batch
from nascast.proxies.passes import Passes
from nascast.proxies.zico import Zico, layer_score

Row = tuple[int, ...]


def test_halves_are_batches_of_their_own(
    born: Callable[[Row], nn.Module], passes: Callable[[Row], Passes], batch: Batch
) -> None:
    row = (2, 1, 0, 2, 1)
    network = born(row)
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    halves = []
    for part in (slice(0, 5), slice(5, 10)):
        images, labels = (torch.from_numpy(x[part]) for x in (batch.inputs, batch.labels))
        loss = functional.cross_entropy(network(images), labels)
        halves.append([g.double().numpy() for g in torch.autograd.grad(loss, weights)])
    expected = 0.0
    for one, other in zip(*halves, strict=True):
        both = np.abs(np.stack([one, other]))
        expected += math.log((both.mean(0) / both.std(0)).sum())
    assert Zico().score(passes(row)) == pytest.approx(expected, rel=1e-2)


def test_weights_that_do_not_vary_are_left_out() -> None:
    one, other = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([-1.0, 4.0, 0.0])
    assert layer_score(one, other) == pytest.approx(
        math.log(3.0)
    )  # of 2 and 4: mean 3, deviation 1
    assert layer_score(one, one) == -math.inf


def test_one_image_is_no_two_batches(passes: Callable[[Row], Passes], batch: Batch) -> None:
    found = passes((2, 1, 0, 2, 1))
    found._batch = Batch(batch.inputs[:1], batch.labels[:1], "one")
    with pytest.raises(UnsupportedError, match="2 inputs or more"):
        Zico().score(found)


def test_without_a_path_there_is_no_score(cut: Callable[[Row], Passes]) -> None:
    assert math.isnan(Zico().score(cut((0,) * 6)))
