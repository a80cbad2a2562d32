import numpy as np
import pytest
from sklearn.model_selection import KFold, cross_val_score
from sklearn.svm import NuSVR

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Objective
from nascast.predictors.hybrid.lcsvr import LcSVR
from nascast.predictors.hybrid.lcsvr.regressor import Ranges, SearchedSVR
from nascast.predictors.learning_curve.features import CurveMoments, CurvePoints
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)
RANGES = Ranges((0.1, 100.0), (1e-3, 0.1))


def rows(n: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3)) * [1, 100, 0.01] + [0, 5, -3]
    return x, x[:, 0] + x[:, 1] / 100 + 0.1 * rng.normal(size=n)


def predicted(predictor: LcSVR, n: int, benchmark: TinyBenchmark = BENCHMARK) -> Floats:
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, GENES[:n], np.random.default_rng(0))
    with ledger.phase("query"):
        return predictor.query(ledger, GENES[n:]).mean


def test_the_chosen_settings_are_the_best_of_those_tried() -> None:
    x, y = rows(40)
    found = SearchedSVR(20, RANGES, 3).fit(x, y)
    z = (x - x.mean(0)) / x.std(0)
    rng, folds = np.random.default_rng(3), KFold(3, shuffle=True, random_state=3)
    tried = [{"C": 1.0, "nu": 0.5, "gamma": 0.1}, *(RANGES.draw(rng) for _ in range(20))]
    scores = [cross_val_score(NuSVR(**settings), z, y, cv=folds).mean() for settings in tried]
    assert found.chosen == tried[int(np.argmax(scores))]
    assert np.allclose(found.predict(x), NuSVR(**found.chosen).fit(z, y).predict(z))


def test_few_rows_and_ties_keep_the_default_settings() -> None:
    x, y = rows(9)
    assert SearchedSVR(20, RANGES, 0).fit(x, y).chosen["nu"] == 0.5
    x, y = rows(12)
    assert SearchedSVR(20, RANGES, 0).fit(np.ones_like(x), y * 0).chosen["nu"] == 0.5


def test_a_feature_without_spread_does_not_count() -> None:
    x, y = rows(30)
    wide = np.c_[x, np.full(30, 7.0)]
    asked = np.c_[x, np.linspace(-1e6, 1e6, 30)]
    fitted = SearchedSVR(3, RANGES, 0)
    assert np.allclose(
        fitted.fit(wide, y).predict(asked), SearchedSVR(3, RANGES, 0).fit(x, y).predict(x)
    )


@pytest.mark.parametrize("epochs", [1, 2, 3, 6])
def test_moments_and_points_of_curves(epochs: int) -> None:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        moments, points = CurveMoments(epochs)(ledger, GENES), CurvePoints(epochs)(ledger, GENES)
    for i in (0, 7):
        curve = [
            float(BENCHMARK.query(GENES[[i]], "val_accuracy", e + 1)[0]) for e in range(epochs)
        ]
        assert np.allclose(points[i], curve)
        expected = []
        for order in range(min(3, epochs)):
            differences = np.asarray(np.diff(curve, order))
            expected += [
                differences.mean(),
                np.sqrt(((differences - differences.mean()) ** 2).mean()),
            ]
        assert np.allclose(moments[i], expected)


def test_equal_architectures_with_different_labels_and_short_curves() -> None:
    twice = np.repeat(GENES[:8], 2, axis=0)
    ledger = Ledger(TinyBenchmark(noise=2.0), Objective("val_accuracy"), clock=lambda: 0.0)
    predictor = LcSVR(1)
    with ledger.phase("init"):
        predictor.initialize(ledger, twice, np.random.default_rng(0))
    with ledger.phase("query"):
        assert np.isfinite(predictor.query(ledger, GENES).mean).all()


def test_the_study_reads_moments_and_draws_are_seeded() -> None:
    study = LcSVR(**{**LcSVR.presets["study"], "draws": 5})
    assert isinstance(study.features[0], CurveMoments)
    assert np.array_equal(predicted(LcSVR(), 20), predicted(LcSVR(), 20))
    assert not np.allclose(predicted(study, 20), predicted(LcSVR(), 20))


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="points or moments; got 'mean'"):
        LcSVR(curve="mean")
    with pytest.raises(InvalidSettingError, match="ranges should be positive"):
        LcSVR(C=(0.0, 1.0))
