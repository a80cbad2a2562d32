"""Children compute what their parents do, with weights that were really trained."""

from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError

torch = pytest.importorskip("torch")

from nascast.networks.morphisms import (  # noqa: E402
    Connect,
    Deepen,
    Layer,
    MorphNetwork,
    Move,
    Shape,
    Widen,
    after,
    grow,
)

SEED = Shape((Layer(0, 4), Layer(1, 6), Layer(2, 8)))
WEB = Shape(  # every way in which a layer can be read
    (Layer(0, 4), Layer(0, 4, 5), Layer(1, 6), Layer(1, 6), Layer(2, 8)),
    frozenset({(0, 2, "add"), (0, 3, "concat"), (1, 3, "add"), (1, 4, "concat"), (2, 4, "concat")}),
)
MOVES: list[Move] = [
    *(Deepen(i, k) for i in range(5) for k in (1, 3, 5)),
    *(Widen(i, f) for i in range(5) for f in (2, 3, 4)),
    Connect(0, 4, "add"),
    Connect(0, 4, "concat"),
]


def train(network: MorphNetwork, steps: int, seed: int = 0, **settings: float) -> list[float]:
    """Trains on a learnable rule, and returns the losses."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(network.parameters(), **{"lr": 0.05, "momentum": 0.9, **settings})
    network.train()
    losses = []
    for _ in range(steps):
        x = torch.randn(16, 3, 9, 9, generator=generator)
        loss = torch.nn.functional.cross_entropy(network(x), (x.mean((1, 2, 3)) > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def trained(shape: Shape, seed: int = 0) -> MorphNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MorphNetwork(shape, 3, 3)
    train(network, 8, seed)
    return network.eval()


def images(n: int = 8) -> Any:
    return torch.randn(n, 3, 9, 9, generator=torch.Generator().manual_seed(7))


def apart(one: Any, other: Any) -> float:
    with torch.no_grad():
        return float((one(images()) - other(images())).abs().max())


def sizes(network: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module")
def web() -> MorphNetwork:
    return trained(WEB)


@pytest.mark.parametrize("move", MOVES, ids=str)
def test_every_move_keeps_the_function(web: MorphNetwork, move: Move) -> None:
    before = {name: tensor.clone() for name, tensor in web.state_dict().items()}
    child = grow(web, move)
    assert not child.training
    assert apart(web, child) <= 1e-5
    assert child.shape == after(WEB, move)
    assert sizes(child) == sizes(MorphNetwork(child.shape, 3, 3))
    losses = train(child, 2)
    assert np.isfinite(losses).all()
    assert all(torch.equal(before[name], tensor) for name, tensor in web.state_dict().items())


@pytest.mark.parametrize("move", [Widen(1, 2), Connect(0, 2, "add"), Connect(0, 2, "concat")])
def test_in_training_mode_too(move: Move) -> None:
    parent = trained(SEED)
    child = grow(parent, move)
    assert apart(parent.train(), child.train()) <= 1e-5


def test_deepening_is_near_in_training_mode() -> None:
    parent = trained(SEED)
    child: Any = grow(parent, Deepen(1, 3))
    plain: Any = grow(parent, Deepen(1, 3))
    with torch.no_grad():  # the simplest batch normalisation that is the identity in evaluation
        norm = plain.layers[2][1]
        norm.weight.fill_((1 + norm.eps) ** 0.5)
        norm.bias.zero_()
        norm.running_mean.zero_()
        norm.running_var.fill_(1)
    assert apart(parent, plain) <= 1e-5
    parent.train()
    near, far = apart(parent, child.train()), apart(parent, plain.train())
    assert 1e-5 < near < far / 2


def test_in_double_precision_nothing_is_lost() -> None:
    parent = trained(WEB).double()
    generator = torch.Generator().manual_seed(0)
    moves = (Deepen(2, 5), Widen(1, 4), Connect(0, 5, "add"), Connect(3, 5, "concat"), Widen(5, 2))
    child = parent
    for move in moves:
        child = grow(child, move, generator=generator)
    with torch.no_grad():
        difference = child(images().double()) - parent(images().double())
    assert float(difference.abs().max()) < 1e-10


def test_copies_stay_equal_without_noise_and_part_with_it() -> None:
    parent = trained(SEED)
    for noise, equal in ((0.0, True), (0.2, False)):
        child: Any = grow(
            parent, Widen(1, 2), noise=noise, generator=torch.Generator().manual_seed(0)
        )
        assert apart(parent, child) <= 1e-5
        assert torch.equal(*child.layers[1][0].weight.chunk(2))
        train(child, 3)
        first, second = child.layers[1][0].weight.detach().chunk(2)
        assert torch.allclose(first, second, atol=1e-6) == equal


def test_a_child_trains_on_and_uses_what_is_new() -> None:
    parent = trained(SEED)
    child: Any = grow(grow(parent, Connect(0, 2, "add")), Deepen(2, 3))
    assert float(child.projections["0_2"].weight.detach().abs().max()) == 0
    losses = train(child, 30, seed=1)
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert float(child.projections["0_2"].weight.detach().abs().max()) > 0


def test_growing_draws_no_random_numbers() -> None:
    parent = trained(SEED)
    state = torch.random.get_rng_state()
    children = [grow(parent, Widen(0, 2)) for _ in range(2)]
    assert torch.equal(state, torch.random.get_rng_state())
    assert apart(*children) == 0


@pytest.mark.parametrize(
    "move",
    [
        Deepen(5, 3),
        Deepen(0, 2),
        Widen(-1, 2),
        Widen(0, 1),
        Connect(3, 4, "add"),
        Connect(1, 5, "add"),
        Connect(0, 2, "concat"),
        Connect(0, 4, "mul"),
    ],
    ids=str,
)
def test_moves_that_do_not_fit_are_refused(web: MorphNetwork, move: Move) -> None:
    with pytest.raises(InvalidSettingError, match="does not fit a network of 5 layers"):
        grow(web, move)


def test_noise_is_checked(web: MorphNetwork) -> None:
    for noise in (-0.1, 1.0, 0.1):
        with pytest.raises(InvalidSettingError, match="noise"):
            grow(web, Widen(0, 2), noise=noise)
