"""Searches that begin with earlier trials or a prior: they help, and cannot harm for long."""

import math
import pickle
from collections.abc import Sequence

import numpy as np
import pytest

import nascast
from nascast.core.errors import InvalidSettingError
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
from nascast.core.types import Evaluation, Floats, Objective, Trial
from nascast.strategies.guided import Guided
from nascast.strategies.guided.prior import Prior, trust
from nascast.strategies.guided.process import Process
from nascast.studies.records import recorded_space


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    found: Benchmark = nascast.load("benchmark", "nb201-mini")
    return found


@pytest.fixture(scope="module")
def space(bench: Benchmark) -> SearchSpace:
    return recorded_space(bench, ["val_accuracy"])


def searched(
    bench: Benchmark, space: SearchSpace, prior: Prior | None, n: int = 30
) -> Sequence[Trial]:
    return nascast.run(
        Guided(space, share=1, prior=prior),
        bench,
        executor=nascast.load("executor", "simulated"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(n),
    )


def until(bench: Benchmark, trials: Sequence[Trial], share: float) -> int:
    """The number of trials until one is among the best share of all."""
    values = bench.query(bench.genes(), "val_accuracy")
    found = [trial.evaluation.metrics["val_accuracy"] for trial in trials]
    good = np.flatnonzero(np.asarray(found) >= np.quantile(values, 1 - share))
    return int(good[0]) if len(good) else len(found)


def records(bench: Benchmark, n: int) -> tuple[np.ndarray, Floats]:
    rows = np.random.default_rng(5).permutation(bench.genes())[:n]
    return rows, bench.query(rows, "val_accuracy", epochs=2)


def test_earlier_trials_help_and_reversed_ones_do_not_harm_for_long(
    bench: Benchmark, space: SearchSpace
) -> None:
    rows, early = records(bench, 100)
    fine, wrong = (Prior.of(space, [(rows, sign * early)]) for sign in (1, -1))
    values = bench.query(bench.genes(), "val_accuracy")
    first = searched(bench, space, fine, 1)[0].evaluation.metrics["val_accuracy"]
    assert (values > first).mean() < 0.05  # already the first
    assert until(bench, searched(bench, space, wrong), 0.01) < 30


def test_a_prior_of_the_user(bench: Benchmark, space: SearchSpace) -> None:
    good = Prior.of(space, operations={"nor_conv_3x3": 1, "none": -1})
    assert until(bench, searched(bench, space, good, 5), 0.05) < 5
    row = bench.genes()[[7]]
    (trial,) = searched(bench, space, Prior.of(space, praised=row), 1)
    assert trial.candidate.arch.genes == tuple(row[0].tolist())
    with pytest.raises(InvalidSettingError, match=r"no operation 'conv'.*skip_connect"):
        Prior.of(space, operations={"conv": 1})


def test_the_weight_is_that_of_the_likelihoods() -> None:
    """Against the posterior over the same weights by full covariance matrices."""
    rng = np.random.default_rng(0)
    places, told = rng.normal(size=(9, 3)), [0, 1, 2, 3, 4, 5]
    process = Process(places, told, length=2.0, noise=0.1)
    apart = ((places[:, None] - places) ** 2).sum(-1)
    covariance = np.exp(apart / -8)[:6, :6] + 0.1 * np.eye(6)
    means = rng.normal(size=9)
    for sign in (1, -1):
        targets = sign * means[:6] - (sign * means[:6]).mean()
        weights = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0])
        left = targets[:, None] - (means[:6] - means[:6].mean())[:, None] * weights
        logs = -0.5 * (left * np.linalg.solve(covariance, left)).sum(0) - 0.5 * (weights - 1) ** 2
        expected = (np.exp(logs) @ weights) / np.exp(logs).sum()
        rest, found = trust(process, targets, means)
        np.testing.assert_allclose(found, expected * (means - means[:6].mean()))
        np.testing.assert_allclose(rest + found[:6], targets)
        assert (expected > 0.5) == (sign == 1)


def test_spaces_that_are_not_listed_and_faults() -> None:
    space = nascast.load("space", "nasnet")
    rng = np.random.default_rng(0)
    rows = space.sample(6, rng)
    prior = Prior.of(space, [(rows, np.array([1.0, np.nan, 2.0, 3.0, np.nan, 0.0]))])
    strategy = pickle.loads(pickle.dumps(Guided(space, prior=prior)))
    asked = strategy.ask(3, rng)
    assert len({candidate.arch for candidate in asked}) == 3
    constant = Prior.of(space, [(rows, np.ones(6))])
    assert Guided(space, prior=constant).ask(2, rng)
    assert constant.scores.tolist() == [0.0] * 6
    with pytest.raises(InvalidSettingError, match="one objective"):
        Guided(space, [Objective("val_accuracy"), Objective("parameters")], prior=prior)
    assert "6 architectures" in repr(prior)
    assert repr(prior) != repr(constant)


def test_in_a_large_space_what_the_user_holds_good_is_tried_first() -> None:
    """Itself, not only what it is mutated to; and once."""
    space = nascast.load("space", "nasnet")
    good = space.sample(1, np.random.default_rng(0))
    strategy = Guided(space, prior=Prior.of(space, praised=good))
    (first,) = strategy.ask(1, np.random.default_rng(1))
    assert first.arch == space.architecture(good[0])
    strategy.tell([Trial(0, first, Evaluation({"val_accuracy": 90.0}, 1.0), 1.0)])
    (second,) = strategy.ask(1, np.random.default_rng(2))
    assert strategy.met.networks(second.arch.row()) != strategy.met.networks(good)


@pytest.mark.parametrize("weight", [math.inf, -math.inf, math.nan])
def test_weights_are_finite(weight: float) -> None:
    space = nascast.load("space", "nasbench201")
    with pytest.raises(InvalidSettingError, match="the weight of nor_conv_3x3 is a finite number"):
        Prior.of(space, operations={"nor_conv_3x3": weight})
