"""DNGO: its networks, and its samples of the precisions."""

import numpy as np
import pytest
import torch

from nascast.core.types import Floats
from nascast.predictors.model_based._evidence import Evidence
from nascast.predictors.model_based._tanh_networks import hidden, outputs, weights
from nascast.predictors.model_based.dngo import DNGO
from nascast.predictors.model_based.dngo.regressor import AdaptiveBasis, precisions
from nascast.predictors.model_based.dngo.settings import Settings

QUICK = Settings(2, 60, 0.01, 1.0, 30, 30, width=8)


def rows(n: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(n)
    x = np.eye(3)[rng.integers(0, 3, (n, 4))].reshape(n, 12)
    y = np.sin(x @ np.linspace(-2, 2, 12)) + 0.1 * rng.normal(size=n)
    return x, (y - y.mean()) / y.std()


def test_networks_side_by_side_are_those_one_by_one() -> None:
    layers = weights([12, 5, 4, 1], 3, torch.Generator().manual_seed(0))
    x = torch.from_numpy(rows(9)[0])
    for k in range(3):
        linear = [torch.nn.Linear(a, b).double() for a, b in ((12, 5), (5, 4), (4, 1))]
        for layer, weight, bias in zip(linear, layers[::2], layers[1::2], strict=True):
            layer.load_state_dict({"weight": weight[k].T, "bias": bias[k, 0]})
        last = torch.tanh(linear[1](torch.tanh(linear[0](x))))
        assert torch.allclose(hidden(x, layers)[k], last)
        assert torch.allclose(outputs(x, layers)[k], linear[2](last)[:, 0])


def test_samples_of_the_precisions_are_of_their_distribution() -> None:
    """Against integrals over a grid; a sample mean of 20 walkers has an error."""
    x, y = rows(40)
    evidence = Evidence.of(x, y)
    grid = np.stack(np.meshgrid(np.linspace(-6, 6, 121), np.linspace(-3, 9, 121)), -1)
    points = grid.reshape(-1, 2)
    log = evidence.log(*np.exp(points.T)) - 0.5 * ((points - [0, 3]) ** 2).sum(1)
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    mean = mass @ points
    deviation = np.sqrt(mass @ (points - mean) ** 2)
    samples = [np.log(precisions(evidence, 60, 60, seed)) for seed in range(20)]
    logs = np.concatenate(samples, axis=1).T
    assert logs.shape == (400, 2)
    assert logs.mean(0) == pytest.approx(mean, abs=0.25)
    assert logs.std(0) == pytest.approx(deviation, rel=0.25)
    assert np.array_equal(samples[0], np.log(precisions(evidence, 60, 60, 0)))


def test_training_lowers_the_error_and_more_members_differ() -> None:
    x, y = rows(60)
    asked, true = rows(61)
    errors = []
    for steps in (0, 60):
        settings = Settings(2, steps, 0.01, 1.0, 30, 30, width=8)
        basis = AdaptiveBasis(settings, 0).fit(x, y)
        network = outputs(torch.from_numpy(x), basis._networks).numpy()
        errors.append(((network - y) ** 2).mean(1))
        assert not np.allclose(network[0], network[1])
    assert (errors[1] < errors[0] / 2).all()
    assert np.corrcoef(basis.predict(asked), true)[0, 1] > 0.8


def test_prediction_is_the_mixture_of_members_and_samples() -> None:
    x, y = rows(40)
    basis = AdaptiveBasis(QUICK, 3).fit(x, y)
    mean, deviation = basis.predict_normal(x[:5])
    found = []
    for features, (_, samples) in zip(basis._bases(x), basis._parts, strict=True):
        for alpha, beta in zip(*samples, strict=True):
            d = features.shape[1]
            covariance = np.linalg.inv(alpha * np.eye(d) + beta * features.T @ features)
            weight = beta * covariance @ features.T @ y
            asked = features[:5]
            variance = np.diag(asked @ covariance @ asked.T) + 1 / beta
            found.append((asked @ weight, variance))
    means, variances = (np.array(part) for part in zip(*found, strict=True))
    assert means.shape == (40, 5)
    assert mean == pytest.approx(means.mean(0))
    assert deviation**2 == pytest.approx(variances.mean(0) + means.var(0))


def test_settings_reach_the_networks_and_the_studys_are_one_network() -> None:
    for predictor, members in ((DNGO(members=3), 3), (DNGO(**DNGO.presets["study"]), 1)):
        assert predictor.members == predictor._settings.members == members
    model = DNGO(members=3, steps=1, targets="labels").regressor(5, np.random.default_rng(0))
    assert isinstance(model, AdaptiveBasis)
    assert len(model.fit(*rows(10))._parts) == 3
