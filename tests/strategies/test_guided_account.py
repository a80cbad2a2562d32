"""What `guided` tells about its predictions, against scikit-learn and by parts that are known."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from nascast.core.types import Candidate, Evaluation, Objective, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.guided import Guided
from nascast.strategies.guided.account import foreseen
from nascast.strategies.guided.prior import Prior
from nascast.strategies.guided.process import Process
from nascast.strategies.guided.targets import normal_scores

SPACE = NasBench201()
ROWS = SPACE.sample(60, np.random.default_rng(3))
CONVOLUTIONS = (ROWS == 3).sum(1) + np.random.default_rng(4).normal(0, 0.01, len(ROWS))


def _told(metric: str, values: np.ndarray, **settings: object) -> Guided:
    strategy = Guided(SPACE, (Objective(metric),), **settings)  # type: ignore[arg-type]
    strategy.tell(
        [
            Trial(
                *(k, Candidate(SPACE.architecture(row))),
                *(Evaluation({metric: float(value)}, 1.0), k + 1.0),
            )
            for k, (row, value) in enumerate(zip(ROWS, values, strict=True))
        ]
    )
    return strategy


def test_each_prediction_is_that_of_a_process_fitted_on_the_trials_before() -> None:
    rng = np.random.default_rng(0)
    points, scores = rng.normal(size=(30, 4)), rng.normal(size=30)
    scores[5] = np.nan
    process = Process(points, [], length=1.5, noise=0.2)
    found = foreseen(process, scores, lambda t: normal_scores(scores[:t]), first=3, noise=0.2)
    assert np.isnan(found["foreseen"][:3]).all()
    assert np.isfinite(found["foreseen"][3:]).all()
    assert np.flatnonzero(np.isnan(found["inside"])).tolist() == [0, 1, 2, 5]  # 5 has failed
    errors: list[float] = []
    for t in range(3, 30):
        model = GaussianProcessRegressor(RBF(1.5), alpha=0.2, optimizer=None)
        targets = normal_scores(scores[:t])
        mean, deviation = model.fit(points[:t], targets).predict(points[t : t + 1], return_std=True)
        scale = np.hypot(deviation[0], 0.2**0.5)
        supposed = ndtri((np.arange(10) + 0.5) / 10) / scale
        low, high = stats.mstats.mquantiles([*supposed, *errors], (0.05, 0.95), alphap=0, betap=0)
        ends = {"": mean[0], "_low": mean[0] + scale * low, "_high": mean[0] + scale * high}
        fine = np.isfinite(scores[:t])
        order = np.argsort(targets[fine])
        for name, value in ends.items():
            expected = np.interp(value, targets[fine][order], scores[:t][fine][order])
            assert found[f"foreseen{name}"][t] == pytest.approx(expected, abs=1e-6)
        if t != 5:
            own = normal_scores(scores[: t + 1])[t]
            assert found["inside"][t] == (ends["_low"] <= own <= ends["_high"])
            errors.append((own - mean[0]) / scale)


def test_intervals_hold_what_they_claim_where_the_process_is_far_too_sure() -> None:
    rng = np.random.default_rng(0)
    points, scores = rng.normal(size=(300, 4)), rng.normal(size=300)  # nothing can be learned
    process = Process(points, [], length=5.0, noise=0.001)
    found = foreseen(process, scores, lambda t: normal_scores(scores[:t]), first=3, noise=0.001)
    assert 0.82 < np.nanmean(found["inside"]) < 0.95  # its own deviations hold far fewer


def test_the_parts_that_make_the_score_lead() -> None:
    told = _told("val_accuracy", 50 + CONVOLUTIONS).diagnostics()
    parts = {name: value[0] for name, value in told.items() if name.startswith("parts/")}
    assert max(parts, key=lambda name: parts[name]) == "parts/nor_conv_3x3"
    assert parts["parts/nor_conv_3x3"] > 0.8


def test_a_metric_that_is_to_be_small_turns_the_scores_and_not_the_parts() -> None:
    large = _told("val_accuracy", 50 + CONVOLUTIONS).diagnostics()
    small = _told("val_loss", -CONVOLUTIONS).diagnostics()
    shifted = np.asarray(small["foreseen"]) + 50
    np.testing.assert_allclose(shifted, np.asarray(large["foreseen"]))
    assert small["parts/nor_conv_3x3"] == pytest.approx(large["parts/nor_conv_3x3"])


def test_a_good_prior_is_in_the_predictions_from_the_second_trial_on() -> None:
    values = 50 + CONVOLUTIONS
    prior = Prior.of(SPACE, [(ROWS[30:], values[30:])])
    found = np.asarray(_told("val_accuracy", values, prior=prior).diagnostics()["foreseen"])
    plain = np.asarray(_told("val_accuracy", values).diagnostics()["foreseen"])
    assert np.isfinite(found[1:]).all()
    early = slice(3, 15)
    errors = [float(np.abs(each - values)[early].mean()) for each in (found, plain)]
    assert errors[0] < errors[1]


@pytest.mark.parametrize("metrics", [("val_accuracy", "parameters"), ("val_accuracy",)])
def test_nothing_is_told_of_several_objectives_or_without_trials(metrics: tuple[str, ...]) -> None:
    assert Guided(SPACE, tuple(map(Objective, metrics))).diagnostics() == {}


def test_failures_alone_have_no_predictions() -> None:
    told = _told("val_accuracy", np.full(len(ROWS), np.nan)).diagnostics()
    assert np.isnan(told["foreseen"]).all()
    assert not [name for name in told if name.startswith("parts/")]
