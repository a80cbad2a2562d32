"""Normal scores, and the way back to labels."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import NormalRegressor
from nascast.core.types import Floats
from nascast.predictors._targets import OnNormalScores, aimed, check_targets


class Echo:
    """Remembers its targets, and predicts the first feature with one deviation."""

    def __init__(self, deviation: float = 0.5) -> None:
        self.deviation = deviation

    def fit(self, X: Floats, y: Floats) -> "Echo":
        self.y = y
        return self

    def predict(self, X: Floats) -> Floats:
        return np.asarray(X[:, 0])

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        return self.predict(X), np.full(len(X), self.deviation)


def fitted(y: Floats) -> tuple[OnNormalScores, Floats]:
    echo = Echo()
    scores = OnNormalScores(echo).fit(np.zeros((len(y), 1)), y)
    return scores, echo.y


def test_targets_are_normal_scores_of_the_ranks() -> None:
    y = np.random.default_rng(0).lognormal(size=50) ** 3
    _, targets = fitted(y)
    expected = norm.ppf((rankdata(y) - 0.5) / 50)
    assert targets == pytest.approx(expected / expected.std())


def test_equal_labels_have_equal_targets_of_deviation_one() -> None:
    _, targets = fitted(np.array([1.0, 2.0, 2.0, 5.0]))
    assert targets[1] == targets[2]
    assert targets.std() == pytest.approx(1)
    assert np.array_equal(np.argsort(targets, kind="stable"), [0, 1, 2, 3])


def test_the_way_back_gives_the_training_labels() -> None:
    y = np.random.default_rng(1).lognormal(size=30)
    scores, targets = fitted(y)
    assert scores.predict(targets[:, None]) == pytest.approx(y)


def test_predictions_keep_their_order_beyond_the_labels() -> None:
    y = np.array([-1.5, -0.5, 0.5, 1.5])
    scores, targets = fitted(y)
    asked = np.linspace(-9, 9, 200)
    found = scores.predict(asked[:, None])
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(1.5 + y.std() * (9 - targets[-1]))


def test_a_deviation_is_half_the_interval_of_ninety_percent() -> None:
    scores, _ = fitted(np.random.default_rng(2).lognormal(size=30))
    at = np.array([[-0.3], [1.0]])
    mean, deviation = scores.predict_normal(at)
    low, high = scores.predict(at - 1.645 * 0.5), scores.predict(at + 1.645 * 0.5)
    assert mean == pytest.approx(scores.predict(at))
    assert 2 * 1.645 * deviation == pytest.approx(high - low)


class Mean:
    """Predicts the first feature, without a deviation."""

    def fit(self, X: Floats, y: Floats) -> "Mean":
        return self

    def predict(self, X: Floats) -> Floats:
        return np.asarray(X[:, 0], dtype=np.float32)


def test_a_regressor_without_deviations_has_none_on_normal_scores() -> None:
    y = np.random.default_rng(3).lognormal(size=30)
    at = np.linspace(-1, 1, 9)[:, None]
    model = aimed(Mean(), "normal_scores")
    model.fit(at, y)
    assert model.predict(at) == pytest.approx(fitted(y)[0].predict(at))
    assert not isinstance(model, NormalRegressor)
    assert isinstance(aimed(Echo(), "normal_scores"), NormalRegressor)


def test_unknown_targets_are_refused() -> None:
    assert isinstance(aimed(Echo(), check_targets("labels")), Echo)
    with pytest.raises(InvalidSettingError, match=r"'ranks'; known are labels and normal_scores"):
        check_targets("ranks")


def test_next_to_no_deviation_is_not_rounded_below_zero() -> None:
    """As NGBoost's is where labels are few: its means are those of the training rows."""
    rng = np.random.default_rng(0)
    echo = Echo(3e-17)
    for _ in range(400):
        scores = OnNormalScores(echo).fit(np.zeros((7, 1)), rng.normal(size=7))
        assert (scores.predict_normal(echo.y[:, None])[1] >= 0).all()
