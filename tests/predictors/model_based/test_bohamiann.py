"""BOHAMIANN: the sampler against distributions that are known, and the density."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from nascast.core.errors import InvalidSettingError
from nascast.predictors.model_based._tanh_networks import outputs, weights
from nascast.predictors.model_based.bohamiann import Bohamiann
from nascast.predictors.model_based.bohamiann.regressor import BayesianNetwork
from nascast.predictors.model_based.bohamiann.sampler import AdaptiveSampler
from nascast.predictors.model_based.bohamiann.settings import Settings

QUICK = Settings(2, 60, 30, 10, 0.1, 1.0, width=6)


def test_samples_of_a_normal_have_its_mean_and_deviation() -> None:
    """400 chains of two parameters of different scales."""
    center, scale = torch.tensor([1.0, -2.0]).double(), torch.tensor([0.5, 2.0]).double()
    sampler = AdaptiveSampler(
        torch.zeros(400, 2, dtype=torch.float64),
        lambda place: 0.5 * (((place - center) / scale) ** 2).sum(),
        0.15,
        torch.Generator().manual_seed(0),
    )
    for step in range(1500):
        sampler.step(adapt=step < 500)
    found = sampler.place.detach().numpy()
    assert found.mean(0) == pytest.approx(center.numpy(), abs=0.35)
    assert found.std(0) == pytest.approx(scale.numpy(), rel=0.2)


def test_scales_are_kept_after_the_burn_in() -> None:
    start = torch.ones(3, 2, dtype=torch.float64)
    sampler = AdaptiveSampler(start, lambda place: (place**4).sum(), 0.1, torch.Generator())
    sampler.step(adapt=True)
    square = sampler._square.clone()
    sampler.step(adapt=False)
    assert torch.equal(sampler._square, square)
    sampler.step(adapt=True)
    assert not torch.equal(sampler._square, square)


def test_the_energy_is_minus_the_log_density() -> None:
    rng = np.random.default_rng(0)
    layers = weights([5, 6, 6, 1], 2, torch.Generator().manual_seed(0))
    log_noise = torch.tensor([[[-1.0]], [[0.5]]], dtype=torch.float64)
    x, y = torch.from_numpy(rng.normal(size=(4, 5))), torch.from_numpy(rng.normal(size=4))
    network = BayesianNetwork(QUICK, 0)
    mean = outputs(x, layers).numpy()

    def density(noises: list[float]) -> float:
        """The log density up to a constant, ten rows for the four that are seen."""
        total = 0.0
        for k, log in enumerate(noises):
            total += 10 / 4 * norm.logpdf(y, mean[k], math.exp(log / 2)).sum()
            total += norm.logpdf(log, math.log(0.1), 1.0)
        return total

    other = torch.tensor([[[0.2]], [[-0.7]]], dtype=torch.float64)
    difference = network.energy(layers, other, x, y, 10) - network.energy(
        layers, log_noise, x, y, 10
    )
    expected = density([-1.0, 0.5]) - density([0.2, -0.7])
    assert difference.item() == pytest.approx(expected)
    twice = [2 * layer for layer in layers[:-2]] + layers[-2:]
    prior = [network.energy(w, log_noise, x, y, 0) for w in (twice, layers)]
    squares = sum(float((w**2).sum()) * w.shape[1] for w in layers[:-2:2])
    assert (prior[0] - prior[1]).item() == pytest.approx(1.5 * squares)


def test_samples_are_kept_after_the_burn_in_and_from_all_chains() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    model = BayesianNetwork(QUICK, 0).fit(x, y)
    assert len(model._log_noise) == 2 * 3  # steps 30, 40 and 50 of two chains
    mean, deviation = model.predict_normal(x)
    found = outputs(torch.from_numpy(x), model._layers).numpy()
    assert mean == pytest.approx(found.mean(0))
    noise = model._log_noise.exp().mean().item()
    assert deviation**2 == pytest.approx(found.var(0) + noise)


def test_settings_that_keep_no_sample_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="100 of 100 steps"):
        Bohamiann(steps=100, burn_in=100)


def test_the_studys_settings_keep_18_samples_of_one_chain() -> None:
    studied = Bohamiann(**Bohamiann.presets["study"])
    assert (studied.chains, studied.steps, studied.burn_in, studied.every) == (1, 100, 10, 5)
    rng = np.random.default_rng(0)
    model = studied.regressor(20, rng)
    assert isinstance(model, BayesianNetwork)
    assert len(model.fit(rng.normal(size=(20, 3)), rng.normal(size=20))._log_noise) == 18


def test_a_column_that_does_not_vary_adds_nothing() -> None:
    rng = np.random.default_rng(0)
    x, y, asked = rng.normal(size=(20, 3)), rng.normal(size=20), rng.normal(size=(5, 3))
    alone = BayesianNetwork(QUICK, 0).fit(x, y).predict_normal(asked)
    wide, further = np.insert(x, 1, 7.0, axis=1), np.insert(asked, 1, rng.normal(size=5), axis=1)
    beside = BayesianNetwork(QUICK, 0).fit(wide, y).predict_normal(further)
    np.testing.assert_array_equal(beside, alone)


def test_rows_that_are_all_alike_are_no_error() -> None:
    model = BayesianNetwork(QUICK, 0).fit(np.ones((20, 3)), np.arange(20.0))
    mean, deviation = model.predict_normal(np.ones((4, 3)))
    assert np.ptp(mean) == 0
    assert np.isfinite(deviation).all()
