from itertools import product

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import norm

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Floats, Genes, Metric, Objective
from nascast.predictors.learning_curve.lce import families, posterior
from nascast.predictors.learning_curve.lce.families import FAMILIES, Shapes, shapes
from nascast.predictors.learning_curve.lce.posterior import gains
from nascast.predictors.learning_curve.lce.predictor import LCE
from nascast.predictors.learning_curve.lce.scale import Scale
from nascast.predictors.learning_curve.lce_m import LCEM
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)[::3]
EPOCHS = np.arange(1.0, 6.0)


def query(
    predictor: PerformancePredictor,
    benchmark: TinyBenchmark = BENCHMARK,
    objective: Objective | None = None,
) -> Prediction:
    ledger = Ledger(benchmark, objective or Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        return predictor.query(ledger, GENES)


@pytest.mark.parametrize("name", FAMILIES)
def test_slopes_of_families_are_derivatives_by_the_logarithm(name: str) -> None:
    curve, grids = FAMILIES[name]
    log = np.log(np.array([1.0, 2.5, 40.0]))
    for point in product(*grids):
        g, slope = curve(np.exp(log), *point)
        step = 1e-5
        above, below = curve(np.exp(log + step), *point)[0], curve(np.exp(log - step), *point)[0]
        assert np.allclose(slope, (above - below) / (2 * step), rtol=1e-4, atol=1e-9)
        assert (np.diff(g) <= 0).all()  # c − d·g rises


@pytest.mark.parametrize(("epochs", "horizon"), [(4, 200), (49, 50), (197, 200), (4, 5)])
def test_shapes_begin_with_unit_slope_and_their_weights_sum_to_one(
    epochs: int, horizon: int
) -> None:
    found = shapes(tuple(FAMILIES), np.arange(1.0, epochs + 1), horizon)
    assert found.weight.sum() == pytest.approx(1)
    assert (found.past <= 0).all()
    assert (found.past[:, -1] == 0).all()
    assert (found.gain > 0).all()
    assert (found.past[:, 0] >= -10 * np.log(epochs)).all()
    steps = (found.past[:, -1] - found.past[:, -2]) / np.log(epochs / (epochs - 1))
    assert np.median(steps) == pytest.approx(1, abs=0.5)


def density(u: Floats, epochs: Floats, horizon: float, h: Floats, gain: float) -> Floats:
    """Moments of the posterior of one curve and shape, by quadrature over the slope."""
    x = np.append(epochs, horizon)
    low = np.minimum.outer(np.abs(np.log(x / x[-2])), np.abs(np.log(x / x[-2])))
    same = np.multiply.outer(x - x[-2], x - x[-2]) > 0
    slopes = np.linspace(-3, 3, 4001)
    total = np.zeros(3)
    wide = 10.0  # prior deviation of the level, in place of a flat one
    for a, b in product(posterior._NOISES, posterior._NOISES):
        cov = a**2 * low * same + b**2 * np.diag((1 - x / horizon + 0.1) ** 2) + wide**2
        past, cross = cov[:-1, :-1], cov[-1, :-1]
        prior = norm.pdf(np.log(b), np.log(0.02), 1.5) * norm.pdf(np.log(a), np.log(0.01), 1.5)
        for width, odds in ((0.03, 1.0), (0.4, 0.05)):
            left = u - slopes[:, None] * h
            like = np.exp(-0.5 * ((left @ np.linalg.inv(past)) * left).sum(1))
            like = like / np.sqrt(np.linalg.det(past)) * norm.pdf(slopes, 0.1, width) * prior * odds
            mean = slopes * gain + left @ np.linalg.solve(past, cross)
            own = cov[-1, -1] - cross @ np.linalg.solve(past, cross)
            for i, moment in enumerate((1.0, mean, mean**2 + own)):
                total[i] += trapezoid(like * moment, slopes)
    return np.array([total[1] / total[0], total[2] / total[0] - (total[1] / total[0]) ** 2])


def test_the_posterior_is_that_by_quadrature() -> None:
    z = np.array([[0.1, 0.22, 0.25, 0.31, 0.32]])
    found = shapes(("ilog2",), EPOCHS, 10)
    mean, deviation = gains(z, EPOCHS, 10, found, monotone=False)
    true = density(z[0] - z[0, -1], EPOCHS, 10, found.past[0], float(found.gain[0]))
    slope = (z[0, -1] - z[0, 0]) / np.log(5)
    assert mean[0] == pytest.approx(true[0], rel=1e-3)
    assert deviation[0] ** 2 == pytest.approx(
        true[1] + (posterior._SHARE * slope * np.log(2)) ** 2, rel=1e-2
    )


def test_monotone_curves_do_not_fall() -> None:
    falling = np.linspace(0.5, 0.3, 5)[None] + np.array([[0.0, 0.01, 0, 0.01, 0]])
    found = shapes(tuple(FAMILIES), EPOCHS, 10)
    free, _ = gains(falling, EPOCHS, 10, found, monotone=False)
    kept, _ = gains(falling, EPOCHS, 10, found, monotone=True)
    assert free[0] < 0 < kept[0] + 0.05
    assert kept[0] > free[0]


def test_of_normals_cut_off_at_zero() -> None:
    from scipy.stats import truncnorm

    mean, deviation = np.array([-8.0, -0.5, 0.0, 2.0, 30.0]), np.array([1.0, 2.0, 1.0, 1.0, 1.0])
    mass, cut, variance = posterior._not_negative(mean, deviation**2)
    true = truncnorm(-mean / deviation, np.inf, loc=mean, scale=deviation)
    assert np.allclose(mass, norm.logcdf(mean / deviation))
    assert np.allclose(cut, true.mean(), rtol=1e-4)
    assert np.allclose(variance, true.var(), rtol=1e-2)


def test_shapes_of_a_family_compete_and_families_do_not() -> None:
    found = Shapes(np.zeros((3, 2)), np.ones(3), np.array([0.25, 0.25, 0.5]), np.array([0, 0, 1]))
    weight = posterior._averaged(np.array([[0.0, 20.0, -500.0]]), found)[0]
    assert weight[2] == pytest.approx(0.5)
    assert weight[1] / weight[0] == pytest.approx(np.exp(20 * posterior._POWER))


@pytest.mark.parametrize(
    ("metric", "scores", "errors"),
    [
        (Metric("val_accuracy", "percent", "validation"), [60.0, 90.0], [40.0, 10.0]),
        (Metric("val_accuracy", "fraction", "validation"), [0.5, 0.75], [0.5, 0.25]),
        (Metric("val_loss", "nats", "validation", True), [-4.0, -2.0], [4.0, 2.0]),
        (Metric("perplexity", "none", "validation", True), [-90.0, -70.0], [90.0, 70.0]),
    ],
)
def test_scores_are_seen_as_errors(
    metric: Metric, scores: list[float], errors: list[float]
) -> None:
    scale = Scale.of(metric)
    rising, unit = scale.rising(np.array([scores]))
    assert np.allclose(rising, -np.log(errors))
    mean, deviation = scale.back(rising[:, -1], np.array([0.2]), unit)
    assert mean[0] == pytest.approx(scores[-1])
    wide = errors[-1] * (np.exp(1.645 * 0.2) - np.exp(-1.645 * 0.2)) / 2
    assert 1.645 * deviation[0] == pytest.approx(wide)


def test_scores_without_bound_and_perfect_ones_are_finite() -> None:
    real = Scale.of(Metric("tau", "real", "validation"))
    rising, unit = real.rising(np.array([[-3.0, 1.0], [2.0, 2.0]]))
    mean, deviation = real.back(rising[:, -1], np.full(2, 0.1), unit)
    assert np.allclose(mean, [1.0, 2.0])
    assert np.allclose(deviation, [4.0, 0.0])
    perfect, _ = Scale(100.0).rising(np.array([[50.0, 100.0], [100.0, 100.0]]))
    assert np.isfinite(perfect).all()


@pytest.mark.parametrize("predictor", [LCE, LCEM])
def test_short_curves_fall_back_to_their_last_value(predictor: type[PerformancePredictor]) -> None:
    for epochs in (1, 2, 3):
        found = query(predictor(epochs))  # type: ignore[call-arg]
        assert np.array_equal(found.mean, BENCHMARK.query(GENES, "val_accuracy", epochs))
        assert found.deviation is None
    found = query(predictor(4))  # type: ignore[call-arg]
    assert found.deviation is not None
    assert (found.mean > BENCHMARK.query(GENES, "val_accuracy", 4)).all()


@pytest.mark.parametrize("predictor", [LCE, LCEM])
def test_the_end_of_the_training_is_known(predictor: type[PerformancePredictor]) -> None:
    found = query(predictor(10))  # type: ignore[call-arg]
    assert np.array_equal(found.mean, BENCHMARK.query(GENES, "val_accuracy"))
    assert np.array_equal(found.deviation, np.zeros(len(GENES)))  # type: ignore[arg-type]


@pytest.mark.parametrize("predictor", [LCE, LCEM])
@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss"])
def test_intervals_cover_on_both_scales(predictor: type[PerformancePredictor], metric: str) -> None:
    minimize = metric == "val_loss"
    found = query(predictor(), objective=Objective(metric, minimize))
    true = BENCHMARK.query(GENES, metric) * (-1 if minimize else 1)
    assert found.deviation is not None
    covered = np.abs(found.mean - true) <= 1.645 * found.deviation
    assert covered.mean() >= 0.7
    last = BENCHMARK.query(GENES, metric, 5) * (-1 if minimize else 1)
    assert np.abs(found.mean - true).mean() < np.abs(last - true).mean()


class Broken(TinyBenchmark):
    """Of the first architecture the third epoch diverged; the second curve is constant."""

    def curve(self, genes: Genes, metric: str, epochs: int, seed: int | None = 0) -> Floats:
        values = super().curve(genes, metric, epochs, seed).copy()
        values[0, 2], values[1] = np.nan, 40.0
        return values


@pytest.mark.parametrize("predictor", [LCE, LCEM])
def test_curves_that_are_not_finite_or_constant(predictor: type[PerformancePredictor]) -> None:
    found, whole = query(predictor(), Broken()), query(predictor())
    assert found.deviation is not None
    assert whole.deviation is not None
    assert np.isnan([found.mean[0], found.deviation[0]]).all()
    assert 39 < found.mean[1] < 60
    assert np.isfinite(found.deviation[1:]).all()
    assert np.allclose(found.mean[2:], whole.mean[2:], rtol=1e-12)


def test_families_are_chosen_by_name() -> None:
    study = query(LCE(families=LCE.presets["study"]["families"]))
    assert not np.allclose(study.mean, query(LCE()).mean)
    for wrong in ((), ("pow5",), "pow3"):
        with pytest.raises(InvalidSettingError, match=r"pow3, pow4.*got"):
            LCE(families=wrong)
    assert families.FAMILIES.keys() >= set(LCE.presets["study"]["families"])
