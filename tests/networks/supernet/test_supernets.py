"""A path through a supernet is the network of the architecture, with weights that it shares."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, ImageTask

torch = pytest.importorskip("torch")

from nascast.networks.supernet.edges import SharedEdges, dropped  # noqa: E402

SKELETONS: dict[str, dict[str, Any]] = {
    "nasbench201": {"channels": 4, "cells": 1},
    "darts": {"channels": 4, "cells": 3},
    "nasnet": {"filters": 4, "repeats": 1},
}
X = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def setting(name: str) -> tuple[SearchSpace, ImageTask, list[Architecture]]:
    space = plugins.load("space", name, **({"blocks": 2} if name == "nasnet" else {}))
    rows = space.sample(4, np.random.default_rng(1))
    task = ImageTask((3, 8, 8), 5, SKELETONS[name])
    return space, task, [space.architecture(row) for row in rows]


def run(network: Any) -> tuple[Any, list[Any]]:
    """The logits, and the layers with weights in the order in which they were run."""
    layers: list[Any] = []
    hooks = [
        module.register_forward_hook(lambda module, *_: layers.append(module))
        for module in network.modules()
        if list(module.parameters(recurse=False))
    ]
    logits = network(X)
    for hook in hooks:
        hook.remove()
    return logits, layers


def copied(source: Any, target: Any) -> None:
    """Copies the weights of a layer, of which the target may read some channels only."""
    for name, weight in target.named_parameters(recurse=False):
        shared = dict(source.named_parameters(recurse=False))[name].detach()
        if hasattr(source, "present") and name == "weight":
            shared = shared[:, source.present]
        with torch.no_grad():
            weight.copy_(shared)


@pytest.mark.parametrize("name", SKELETONS)
def test_a_path_gives_what_the_network_alone_gives_with_the_same_weights(name: str) -> None:
    space, task, archs = setting(name)
    supernet: Any = space.supernet(task)
    for arch in archs:
        supernet.choose(arch)
        logits, shared = run(supernet)
        alone = space.build(arch, task)
        layers = run(alone)[1]
        assert len({id(layer) for layer in shared}) == len(shared) == len(layers)
        for source, target in zip(shared, layers, strict=True):
            copied(source, target)
        assert torch.allclose(alone(X), logits, atol=1e-5)
        # Neither runs anything that the other does not, also with running statistics.
        for network in (alone, supernet):
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.reset_running_stats()
            network.train()(X)
            network.eval()
        assert torch.allclose(alone(X), supernet(X), atol=1e-5)
        supernet.train()


@pytest.mark.parametrize("name", SKELETONS)
def test_only_what_is_run_gets_a_gradient_and_neighbours_share_it(name: str) -> None:
    space, task, archs = setting(name)
    supernet: Any = space.supernet(task)

    def touched(arch: Architecture) -> set[str]:
        supernet.zero_grad(set_to_none=True)
        supernet.choose(arch)
        supernet(X).sum().backward()
        return {n for n, p in supernet.named_parameters() if p.grad is not None}

    rng = np.random.default_rng(0)
    near = [space.architecture(space.mutate(arch.row(), rng)[0]) for arch in archs[:2]]
    for arch, other in zip(archs[:2], near, strict=True):
        one, two = touched(arch), touched(other)
        assert one & two
        assert one | two < set(dict(supernet.named_parameters()))


def test_all_operations_are_summed_and_those_off_every_path_left_out() -> None:
    factors = {"twice": 2.0, "thrice": 3.0}

    class Times(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def forward(self, x: Any) -> Any:
            return self.factor * x

    edges = SharedEdges(
        [(a, b, name) for a, b in ((0, 1), (0, 2), (1, 2)) for name in factors],
        lambda choice: Times(factors[choice[2]]),
        inputs={0},
        outputs={2},
    )
    one = torch.ones(())
    assert edges({0: one})[2] == 5 + 5 * 5
    edges.choose([(1, 2, "twice"), (0, 1, "thrice"), (0, 1, "twice")])
    assert edges({0: one})[2] == 2 * 5
    edges.choose([(1, 2, "twice"), (0, 2, "thrice")])  # vertex 1 reads nothing
    assert edges({0: one}) == {0: 1, 2: 3}


def test_path_dropout_takes_all_of_a_vertex_at_the_rate_whatever_there_is() -> None:
    choices = [(0, 1, "a"), (0, 1, "b"), (0, 2, "c"), (1, 2, "d"), (1, 2, "e"), (1, 2, "f")]
    generator = torch.Generator().manual_seed(0)
    n, rate = 4000, 0.1
    drawn = [dropped(choices, rate, 1.0, generator) for _ in range(n)]
    for vertex in (1, 2):
        empty = sum(all(end != vertex for _, end, _ in kept) for kept in drawn)
        assert abs(empty / n - rate) < 4 * (rate * (1 - rate) / n) ** 0.5
    assert dropped(choices, rate, 0.0, generator) == choices
    assert dropped(choices, 0.0, 1.0, generator) == choices


@pytest.mark.parametrize("name", ["nasbench201", "darts"])
def test_all_operations_run_at_once(name: str) -> None:
    space, task, _ = setting(name)
    supernet: Any = space.supernet(task)
    generator = torch.Generator().manual_seed(0)
    supernet.choose_all(0.0, 1.0, generator)
    supernet(X).sum().backward()
    assert all(p.grad is not None for p in supernet.parameters())
    supernet.choose_all(0.99, 1.0, generator)  # nearly nothing is left
    assert torch.isfinite(supernet(X)).all()


def test_what_has_no_supernet_says_so() -> None:
    space, task, _ = setting("nasnet")
    with torch.device("meta"):
        supernet: Any = space.supernet(task)
    with pytest.raises(UnsupportedError, match="use rsws"):
        supernet.choose_all(0.0, 1.0, torch.Generator())
    with pytest.raises(UnsupportedError, match="cifar stem"):
        space.supernet(ImageTask((3, 32, 32), 5, {"stem": "imagenet", "repeats": 1}))
    with pytest.raises(UnsupportedError, match="nats_size has no supernet"):
        plugins.load("space", "nats_size").supernet(task)
    with pytest.raises(InvalidSettingError, match="neither an auxiliary head nor drop path"):
        plugins.load("space", "darts").supernet(ImageTask(skeleton={"auxiliary": True}))


def test_a_restricted_space_has_the_supernet_of_the_whole() -> None:
    space, task, _ = setting("nasbench201")
    part = Restricted(space, lambda genes: genes[:, 0] == 0, "no operation on the first edge")
    names = [[name for name, _ in s.supernet(task).named_parameters()] for s in (space, part)]
    assert all(one == two for one, two in pairwise(names))
