"""What a prediction may hold."""

from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.prediction import Prediction

MEAN = np.arange(3.0)


@pytest.mark.parametrize("mean", [MEAN, MEAN.astype(np.float32), np.arange(3), np.zeros(0)])
def test_a_mean_is_any_real_numbers(mean: Any) -> None:
    assert len(Prediction(mean, np.ones(len(mean)))) == len(mean)


@pytest.mark.parametrize(
    ("mean", "deviation", "told"),
    [
        (MEAN[:, None], None, r"float64 of shape \(3, 1\)"),
        (np.float64(1), None, "a float64"),
        ([1.0, 2.0], None, "a list"),
        (MEAN + 1j, None, "complex128"),
        (np.array([None, 1.0]), None, "object"),
        (MEAN, np.ones(2), r"of shape \(3,\) and float64 of shape \(2,\)"),
        (MEAN, 1.0, "and a float"),
    ],
)
def test_what_is_no_prediction_is_refused(mean: Any, deviation: Any, told: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"real numbers of shape .*; got .*{told}"):
        Prediction(mean, deviation)


def test_a_negative_deviation_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="not negative"):
        Prediction(MEAN, -np.ones(3))
