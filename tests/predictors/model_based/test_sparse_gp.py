"""Sparse Gaussian processes against the formulas of the paper, in dense matrices."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Floats
from nascast.predictors.model_based._gaussian_processes.exact import ExactProcess, Start
from nascast.predictors.model_based._gaussian_processes.inducing import inducing_points
from nascast.predictors.model_based._gaussian_processes.process import log_prior
from nascast.predictors.model_based._gaussian_processes.sparse import SparseProcess
from nascast.predictors.model_based._gaussian_processes.variational import VariationalProcess
from nascast.predictors.model_based.sparse_gp import SparseGaussianProcess
from nascast.predictors.model_based.variational_sparse_gp import VariationalSparseGaussianProcess


@dataclass
class Dense:
    """A sparse process in matrices of all rows; equations 6 and 9 of Titsias, 2009."""

    variance: float
    length: float
    noise: float
    points: Floats

    def kernel(self, a: Floats, b: Floats) -> Floats:
        square = ((a[:, None] - b[None]) ** 2).sum(-1)
        return np.asarray(self.variance * np.exp(-square / (2 * self.length**2)))

    def projected(self, a: Floats, b: Floats) -> Floats:
        middle = np.linalg.inv(self.kernel(self.points, self.points) + 1e-9 * np.eye(len(self)))
        return np.asarray(self.kernel(a, self.points) @ middle @ self.kernel(self.points, b))

    def __len__(self) -> int:
        return len(self.points)

    def bound(self, x: Floats, y: Floats) -> float:
        q = self.projected(x, x)
        fit = multivariate_normal.logpdf(y, np.zeros(len(y)), q + self.noise * np.eye(len(y)))
        return float(fit - (self.variance * len(y) - np.trace(q)) / (2 * self.noise))

    def predict(self, x: Floats, y: Floats, asked: Floats) -> tuple[Floats, Floats]:
        inverse = np.linalg.inv(self.projected(x, x) + self.noise * np.eye(len(y)))
        cross = self.projected(asked, x)
        variance = self.variance - np.diag(cross @ inverse @ cross.T) + self.noise
        return cross @ inverse @ y, np.sqrt(variance)


def rows(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Features of six choices of three values, scaled already, and targets."""
    rng = np.random.default_rng(seed)
    x = np.eye(3)[rng.integers(0, 3, (n, 6))].reshape(n, 18)
    x[0], x[1] = 0, 1
    y = np.sin(x @ rng.normal(size=18)) + 0.2 * rng.normal(size=n)
    return x, (y - y.mean()) / y.std()


def sparse(inducing: int, x: Floats, y: Floats, steps: int = 30) -> SparseProcess:
    return SparseProcess(inducing, "training", steps, np.random.default_rng(1)).fit(x, y)


def dense(process: SparseProcess) -> Dense:
    kernel = process._kernel
    return Dense(
        kernel.outputscale.item(),
        kernel.base_kernel.lengthscale.item(),
        process._likelihood.noise.item(),
        process._points.numpy(),
    )


@pytest.mark.parametrize("inducing", [5, 20])
def test_bound_and_prediction_are_those_of_the_paper(inducing: int) -> None:
    x, y = rows(60)
    process, asked = sparse(inducing, x, y), rows(30, 5)[0]
    plain = dense(process)
    assert len(plain) == inducing
    bound = process.bound(torch.from_numpy(x), torch.from_numpy(y)).item()
    assert bound == pytest.approx(plain.bound(x, y), rel=1e-6)
    mean, deviation = plain.predict(x, y, asked)
    found = process.predict_normal(asked)
    assert found[0] == pytest.approx(mean, abs=1e-6)
    assert found[1] == pytest.approx(deviation, rel=1e-6)


def test_learning_raises_the_bound_times_the_priors() -> None:
    x, y = (torch.from_numpy(part) for part in rows(60))
    reached = []
    for steps in (0, 2, 30):
        process = sparse(20, x.numpy(), y.numpy(), steps)
        reached.append((process.bound(x, y) + log_prior(process._kernel)).item())
    assert reached[0] < reached[1] < reached[2]


def test_with_a_point_at_every_row_it_is_the_exact_process() -> None:
    x, y = rows(50)
    process, asked = sparse(50, x, y, steps=0), rows(30, 5)[0]
    exact = ExactProcess(Start(), 0, 50, np.random.default_rng(0)).fit(x, y)
    for found, expected in zip(
        process.predict_normal(asked), exact.predict_normal(asked), strict=True
    ):
        assert found == pytest.approx(expected, abs=1e-5)


def test_the_variational_distribution_is_the_best_for_its_kernel() -> None:
    """The evidence lower bound is then Titsias's bound, and so are the predictions."""
    x, y = rows(60)
    process = VariationalProcess(10, "training", 20, np.random.default_rng(1)).fit(x, y)
    model = process._model
    plain = Dense(
        model.covar_module.outputscale.item(),
        model.covar_module.base_kernel.lengthscale.item(),
        process._likelihood.noise.item(),
        model.variational_strategy.inducing_points.numpy(),
    )
    asked = rows(30, 5)[0]
    mean, deviation = plain.predict(x, y, asked)
    found = process.predict_normal(asked)
    assert found[0] == pytest.approx(mean, abs=1e-3)
    assert found[1] == pytest.approx(deviation, rel=1e-3)


def test_inducing_points_are_rows_or_centres_and_all_different() -> None:
    x = torch.from_numpy(np.repeat(rows(30)[0], 2, axis=0))
    rng = np.random.default_rng
    some = inducing_points(x, 10, "training", rng(0))
    assert all((x == point).all(1).any() for point in some)
    assert not torch.equal(some, inducing_points(x, 10, "training", rng(1)))
    for points in (some, inducing_points(x, 10, "k_means", rng(0))):
        assert len(torch.unique(points, dim=0)) == 10
    assert len(inducing_points(x, 100, "k_means", rng(0))) == len(torch.unique(x, dim=0))


@pytest.mark.parametrize("kind", [SparseGaussianProcess, VariationalSparseGaussianProcess])
def test_an_unknown_placement_is_refused(kind: type) -> None:
    with pytest.raises(InvalidSettingError, match=r"'grid'; known are k_means and training"):
        kind(placement="grid")
