"""Rewards, gradients and learning of the two controllers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.types import Bools, Candidate, Evaluation, Floats, Genes, Objective, Trial
from nascast.strategies.controller.network import Controller
from nascast.strategies.controller.policy_gradient import PolicyGradient
from nascast.strategies.ppo import PPO, _slopes
from nascast.strategies.reinforce import Reinforce
from nascast.testing.doubles import TinySpace

SMALL: dict[str, Any] = {"units": 6, "layers": 1, "spread": 1.0}  # far from uniform choices
BOTH = pytest.mark.parametrize("kind", [Reinforce, PPO])


class Grid(SearchSpace):
    """Four decisions among four values; every row is valid."""

    name = "grid"
    cardinalities = (4,) * 4


class Masked(TinySpace):
    """Refuses a fourth skip before it is drawn."""

    def allowed(self, prefix: Genes) -> Bools:
        fine = super().allowed(prefix)
        if prefix.shape[1] == 3:
            fine[:, 0] = (prefix != 0).any(1)
        return fine


def trial(number: int, space: SearchSpace, row: Genes, value: float | None = None) -> Trial:
    """Returns a trial with an accuracy, or a failed one."""
    metrics = {} if value is None else {"val_accuracy": value}
    error = "it failed" if value is None else None
    candidate = Candidate(space.architecture(row))
    return Trial(number, candidate, Evaluation(metrics, 1.0, error), float(number))


def tell(strategy: PolicyGradient, values: Sequence[float | None]) -> None:
    rows = strategy.space.sample(len(values), rng())
    for i, (row, value) in enumerate(zip(rows, values, strict=True)):
        strategy.tell([trial(i, strategy.space, row, value)])


def log_probabilities(policy: Controller, genes: Genes) -> torch.Tensor:
    """Returns those of decisions, ``(n, length)``."""
    rows = policy.rows(genes)
    return policy.logs(policy(rows), rows).gather(2, rows.chosen)[:, :, 0].T


def heads(strategy: PolicyGradient) -> torch.Tensor:
    """Returns some weights as they are now."""
    return strategy.controller.get_parameter("heads").detach().clone()


@BOTH
@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_is_that_of_the_expected_reward(
    kind: type[Reinforce | PPO], masked: bool
) -> None:
    """Against finite differences; rows that are refused count as if worth the baseline."""
    space = Masked() if masked else TinySpace()
    settings: dict[str, Any] = {**SMALL, "learning_rate": 1e-30, "entropy": 0.0}
    strategy = kind(space, **settings | ({"epochs": 1} if kind is PPO else {}))
    policy = strategy.controller.double()
    rows = TinySpace().all()
    rewards, baseline = rng(1).random(len(rows)), 0.3

    def expected() -> float:
        with torch.no_grad():
            chances = log_probabilities(policy, rows).sum(1).exp().numpy()
        return float(chances @ rewards + (1 - chances.sum()) * baseline)

    with torch.no_grad():
        chances = log_probabilities(policy, rows).sum(1).exp()
    drawn = chances.numpy() > 0  # others teach nothing, and are no part of the mean
    weights = drawn.sum() * chances * torch.from_numpy(rewards - baseline)  # as if drawn by p
    strategy._learn_from(rows, weights)
    checked = 0
    for weight in policy.parameters():
        assert weight.grad is not None
        index = np.unravel_index(int(weight.grad.abs().argmax()), weight.shape)
        with torch.no_grad():
            sides = []
            for step in (1e-5, -2e-5, 1e-5):
                weight[index] += step
                sides.append(expected())
        measured = (sides[0] - sides[1]) / 2e-5
        assert measured == pytest.approx(-float(weight.grad[index]), rel=1e-5, abs=1e-9)
        checked += abs(measured) > 1e-4
    assert checked >= 6


def test_clipping_stops_what_went_far_enough() -> None:
    """The slopes are those of equation 7, which torch derives."""
    each = torch.tensor([0.5, 0.9, 1.1, 1.5], dtype=torch.float64)
    logs = torch.stack([each, each], 1).log().requires_grad_()
    ratios, advantages = logs.exp(), torch.tensor([2.0, -3.0], dtype=torch.float64)
    gains = (ratios * advantages).minimum(ratios.clamp(0.8, 1.2) * advantages)
    (derived,) = torch.autograd.grad(-gains.sum(0).mean(), logs)
    slopes = _slopes(ratios.detach(), advantages, 0.2).numpy()
    np.testing.assert_allclose(slopes, derived.numpy())
    assert (slopes == 0).tolist() == [[False, True], [False] * 2, [False] * 2, [True, False]]


def test_ppo_moves_on_with_every_epoch_but_not_beyond_the_clip() -> None:
    def moved(epochs: int, clip: float = 0.2) -> Floats:
        strategy = PPO(Grid(), units=6, spread=1.0, epochs=epochs, clip=clip, learning_rate=0.001)
        rows = Grid().sample(1, rng())
        before = log_probabilities(strategy.controller, rows)
        strategy._learn_from(rows, torch.ones(1))
        ratios = (log_probabilities(strategy.controller, rows) - before).exp()
        return np.asarray(ratios.detach().numpy())

    one, four, many = moved(1), moved(4), moved(300)
    assert (four > one).all()
    assert (one > 1).all()
    assert (many > 1.15).all()
    assert (many < 1.5).all()  # Adam's momentum carries it on a little
    assert (moved(300, clip=0.99) > 1.8).all()


@BOTH
def test_entropy_is_sought_where_it_is_weighed(kind: type[Reinforce | PPO]) -> None:
    strategy = kind(Grid(), **SMALL, learning_rate=0.03, minibatch=5, entropy=1.0)
    tell(strategy, [50.0] * 100)
    entropy = strategy.diagnostics()["entropy"]
    assert entropy[-1] > entropy[0]
    assert entropy[-1] > 0.99 * 4 * np.log(4)


def test_rewards_advantages_and_baseline() -> None:
    strategy = PPO(Grid(), **SMALL, minibatch=7, baseline=0.5, power=2.0)
    tell(strategy, [None, 50.0, 80.0, None, float("nan"), 40.0, float("inf")])
    rewards = [np.nan, 0.25, 0.64, 0.25, 0.25, 0.16, 0.16]
    np.testing.assert_allclose(strategy._rewards, rewards)
    baselines = [0.25]  # before each trial from the second on
    for reward in rewards[1:]:
        baselines.append((baselines[-1] + reward) / 2)
    expected = np.append(0.0, np.subtract(rewards[1:], baselines[:-1]))
    np.testing.assert_allclose(strategy._advantages, expected)
    told = strategy.diagnostics()
    assert told["trials"] == [7]
    assert told["reward"] == pytest.approx([np.mean(rewards[1:])])
    assert told["baseline"] == pytest.approx([baselines[-1]])
    assert 0 < told["entropy"][0] < 4 * np.log(4)


def test_the_reward_of_2017_is_the_cube_of_the_best_of_the_last_epochs() -> None:
    curve = (99.0, 60.0, 61.0, 70.0, float("nan"), 65.0)
    strategy = Reinforce(Grid(), **SMALL)
    candidate = Candidate(Grid().architecture(Grid().sample(1, rng())[0]))
    evaluation = Evaluation({"val_accuracy": 65.0}, 1.0, curves={"val_accuracy": curve})
    strategy.tell([Trial(0, candidate, evaluation, 1.0)])
    assert strategy._rewards == pytest.approx([0.7**3])
    lower = Reinforce(Grid(), [Objective("val_loss", minimize=True)], **SMALL)
    evaluation = Evaluation({"val_loss": 3.0}, 1.0, curves={"val_loss": (1.0, 2.0, 3.0)})
    lower.tell([Trial(0, candidate, evaluation, 1.0)])
    assert lower._rewards == pytest.approx([-(0.01**3)])


@BOTH
def test_it_finds_what_pays(kind: type[Reinforce | PPO]) -> None:
    """Each decision pays by itself; a random row is right in one of four."""
    strategy = kind(Grid(), **{**kind.presets["small"], "repeats": True})
    for step in range(400):
        (candidate,) = strategy.ask(1, rng(step))
        right = (np.asarray(candidate.arch.genes) == [0, 1, 2, 3]).mean()
        metrics = {"val_accuracy": 60 + 30 * right}
        strategy.tell([Trial(step, candidate, Evaluation(metrics, 1.0), float(step))])
    rows = strategy.controller.draw(200, rng(300))
    assert (rows == [0, 1, 2, 3]).mean() > 0.9
    entropy = strategy.diagnostics()["entropy"]
    assert entropy[-1] < 0.5 * entropy[0]


@BOTH
def test_retelling_restores_every_bit(kind: type[Reinforce | PPO]) -> None:
    space = plugins.load("space", "layerwise", 3)
    before = torch.random.get_rng_state()
    one, other = (kind(space, minibatch=4) for _ in range(2))
    trials = []
    for step in range(18):
        (candidate,) = one.ask(1, rng(step))
        trials.append(
            Trial(step, candidate, Evaluation({"val_accuracy": 50.0 + step % 5}, 1.0), step)
        )
        one.tell(trials[-1:])
    other.tell(trials)
    assert len(one.diagnostics()["trials"]) == 4
    fresh = kind(space).controller.state_dict()
    for (name, a), b in zip(
        one.controller.state_dict().items(), other.controller.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)
        assert not torch.equal(a, fresh[name])  # the anchors' weights learn too
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_seed_is_of_the_first_weights() -> None:
    one, same, other = (PPO(Grid(), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(heads(one), heads(same))
    assert not torch.equal(heads(one), heads(other))


@BOTH
def test_it_keeps_to_a_limit_it_cannot_foresee(kind: type[Reinforce | PPO]) -> None:
    space = Restricted(TinySpace(), lambda genes: genes.sum(1) == 3, "a sum of 3")
    candidates = kind(space).ask(50, rng())
    assert len(candidates) == 50
    assert {sum(candidate.arch.genes) for candidate in candidates} == {3}


def test_where_nothing_it_draws_is_valid_the_space_draws() -> None:
    only = np.asarray([[3, 1, 2, 0]], dtype=np.int16)

    class Single(Grid):
        def is_valid(self, genes: Genes) -> Bools:
            return np.asarray(super().is_valid(genes) & (genes == only).all(1))

        def sample(self, n: int, rng: np.random.Generator) -> Genes:
            return np.repeat(only, n, axis=0)

    strategy = Reinforce(Single())
    tell(strategy, [50.0] * 8)
    candidates = strategy.ask(2, rng(3))
    assert {candidate.arch.genes for candidate in candidates} == {(3, 1, 2, 0)}


def test_rows_that_could_not_be_drawn_teach_nothing() -> None:
    class Half(Grid):
        def allowed(self, prefix: Genes) -> Bools:
            return super().allowed(prefix) & (np.arange(4) < 2)

    strategy = Reinforce(Half(), minibatch=1, entropy=0.1)
    before = heads(strategy)
    for step, row in enumerate(np.asarray([[0, 1, 2, 0], [3, 1, 0, 0]], dtype=np.int16)):
        strategy.tell([trial(step, Half(), row, 50.0 + step)])
    assert torch.equal(before, heads(strategy))
    strategy.tell([trial(2, Half(), np.zeros(4, dtype=np.int16), 70.0)])
    assert not torch.equal(before, heads(strategy))
    assert heads(strategy).isfinite().all()


def test_without_repeats_nothing_known_is_asked_for() -> None:
    space = TinySpace()
    strategy = PPO(space, repeats=False)
    rows = space.all()
    known, pending = rows[:100], [Candidate(space.architecture(row)) for row in rows[100:140]]
    strategy.tell([trial(i, space, row, 50.0) for i, row in enumerate(known)])
    asked = strategy.ask(10, rng(), pending)
    left = {tuple(row) for row in rows[140:].tolist()}
    assert len({candidate.arch.genes for candidate in asked}) == 10
    assert {candidate.arch.genes for candidate in asked} <= left
    strategy.tell([trial(100 + i, space, row, 50.0) for i, row in enumerate(rows[100:])])
    assert len(strategy.ask(3, rng())) == 1  # all are known
    repeating = PPO(space)
    repeating.tell([trial(i, space, row, 50.0) for i, row in enumerate(rows)])
    assert len(repeating.ask(10, rng())) == 10


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 0.0},
        {"minibatch": 0},
        {"units": 2.5},
        {"layers": True},
        {"spread": -1.0},
        {"baseline": 1.0},
        {"entropy": -0.1},
        {"power": float("inf")},
        {"last": 0},
        {"clip": 1.0},
        {"epochs": 0},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(InvalidSettingError, match=name) as refused:
        PPO(Grid(), **settings)
    assert "task" not in str(refused.value)  # which is no setting


def test_settings_are_those_of_the_constructor_in_a_spec_too() -> None:
    ppo = Spec("ppo", {"learning_rate": 0.003, "minibatch": 5}).load("strategy", Grid(), seed=1)
    assert (ppo.learning_rate, ppo.minibatch, ppo.clip) == (0.003, 5, 0.2)
    settings = {"learning_rate": 0.003, "minibatch": 5, "seed": 1}
    assert Spec.of("strategy", ppo) == Spec("ppo", settings)
    with pytest.raises(InvalidSettingError, match=r"'clip'.*learning_rate.*repeats"):
        Spec("reinforce", {"clip": 0.1}).load("strategy", Grid())


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)
