"""The evidence and the predictions of Bayesian linear regression, computed in other ways."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.linear_model import BayesianRidge

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.model_based._evidence import Evidence
from nascast.predictors.model_based.bayesian_linear_regression import BayesianLinearRegression
from nascast.testing.doubles import TinyBenchmark

ALPHA, BETA = np.array([0.3, 2.0, 40.0]), np.array([5.0, 0.4, 100.0])


def rows(n: int, d: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([n, d])
    x = rng.normal(size=(n, d))
    x[:, -1] = x[:, 0]  # a column that says nothing new
    return x, x @ rng.normal(size=d) + rng.normal(size=n)


@pytest.mark.parametrize(("n", "d"), [(20, 5), (8, 15), (6, 6)])
def test_the_evidence_is_that_of_the_labels_distribution(n: int, d: int) -> None:
    x, y = rows(n, d)
    found = Evidence.of(x, y).log(ALPHA, BETA)
    for value, alpha, beta in zip(found, ALPHA, BETA, strict=True):
        covariance = x @ x.T / alpha + np.eye(n) / beta
        assert value == pytest.approx(multivariate_normal.logpdf(y, np.zeros(n), covariance))


@pytest.mark.parametrize(("n", "d"), [(20, 5), (8, 15)])
def test_the_evidence_is_that_of_the_residuals_and_the_determinant(n: int, d: int) -> None:
    """Equation 3.86 of Bishop: the squared norm of the residuals, and log |A|."""
    x, y = rows(n, d)
    alpha, beta = ALPHA[0], BETA[0]
    precision = alpha * np.eye(d) + beta * x.T @ x
    weights = beta * np.linalg.solve(precision, x.T @ y)
    misfit = beta / 2 * np.sum((y - x @ weights) ** 2) + alpha / 2 * weights @ weights
    expected = d / 2 * np.log(alpha) + n / 2 * np.log(beta) - misfit
    expected -= np.linalg.slogdet(precision)[1] / 2 + n / 2 * np.log(2 * np.pi)
    assert Evidence.of(x, y).log(ALPHA[:1], BETA[:1])[0] == pytest.approx(expected)


@pytest.mark.parametrize(("n", "d"), [(20, 5), (8, 15)])
def test_predictions_are_those_of_the_normal_equations(n: int, d: int) -> None:
    x, y = rows(n, d)
    asked = np.random.default_rng(9).normal(size=(7, d))
    means, variances = Evidence.of(x, y).predict(asked, ALPHA, BETA)
    for mean, variance, alpha, beta in zip(means, variances, ALPHA, BETA, strict=True):
        covariance = np.linalg.inv(alpha * np.eye(d) + beta * x.T @ x)
        assert mean == pytest.approx(asked @ covariance @ x.T @ y * beta)
        assert variance == pytest.approx(np.diag(asked @ covariance @ asked.T) + 1 / beta)


def test_it_is_the_regression_of_scikit_learn() -> None:
    benchmark = TinyBenchmark()
    genes = np.random.default_rng(0).permutation(benchmark.genes())
    train, test = genes[:40], genes[40:80]
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    predictor = BayesianLinearRegression(**BayesianLinearRegression.presets["study"])
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(0))
    with ledger.phase("query"):
        found = predictor.query(ledger, test)
    space, encode = benchmark.space, AdjacencyOneHot().encode
    y = benchmark.query(train, "val_accuracy")
    flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    ridge = BayesianRidge(**flat, max_iter=5000, tol=1e-10)
    ridge.fit(encode(space, space.canonical(train)), (y - y.mean()) / y.std())
    mean, deviation = ridge.predict(encode(space, space.canonical(test)), return_std=True)
    assert found.mean == pytest.approx(mean * y.std() + y.mean(), rel=1e-4)
    assert found.deviation == pytest.approx(deviation * y.std(), rel=1e-2)
