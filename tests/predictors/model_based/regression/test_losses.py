"""Losses against their definitions, written out."""

import math

import numpy as np
import pytest
import torch

from nascast.predictors.model_based.regression.losses import LOSSES

SCORES = torch.tensor([[0.3, -1.0, 2.0, 0.1], [1.0, 0.0, -2.0, 0.5]], requires_grad=True)
TARGETS = torch.tensor([1.0, 0.0, 3.0, 0.0])


def rows() -> list[list[float]]:
    return SCORES.detach().tolist()


def value(name: str) -> float:
    return float(LOSSES[name](SCORES.detach(), TARGETS))


def test_squared_and_absolute_errors_are_means_summed_over_members() -> None:
    errors = np.asarray(rows()) - TARGETS.numpy()
    squared, absolute = value("squared"), value("absolute")
    assert squared == pytest.approx((errors**2).mean(1).sum(), rel=1e-6)
    assert absolute == pytest.approx(np.abs(errors).mean(1).sum(), rel=1e-6)


def test_pairwise_is_the_logistic_loss_of_pairs_with_an_order() -> None:
    pairs = [(0, 1), (0, 3), (2, 0), (2, 1), (2, 3)]  # 1 and 3 are equal
    expected = sum(math.log1p(math.exp(s[b] - s[a])) / len(pairs) for s in rows() for a, b in pairs)
    assert value("pairwise") == pytest.approx(expected, rel=1e-6)


def test_pairwise_of_equal_targets_costs_nothing_and_has_a_gradient() -> None:
    loss = LOSSES["pairwise"](SCORES, torch.ones(4))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0


def test_listwise_is_the_plackett_luce_likelihood_of_the_order() -> None:
    expected = 0.0
    for row in rows():
        rest = [row[i] for i in (2, 0, 1, 3)]  # best first, equal ones as they come
        while rest:
            chance = math.exp(rest[0]) / sum(map(math.exp, rest))
            expected -= math.log(chance) / 4
            rest = rest[1:]
    assert value("listwise") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    scores = SCORES.detach().double().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: LOSSES[name](s, TARGETS.double()), (scores,))
