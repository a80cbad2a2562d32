import numpy as np
import pytest
from scipy.stats import norm, rankdata

from nascast.predictors._normal_scores import NormalScores

LABELS = np.asarray([3.0, 1.0, 10.0, 3.0, 7.0])


def test_quantiles_of_the_ranks_become_the_labels() -> None:
    scores = norm.ppf((rankdata(LABELS) - 0.5) / 5)
    assert NormalScores(LABELS, unit=True).labels(scores / scores.std()) == pytest.approx(LABELS)


def test_the_map_increases_also_beyond_the_labels() -> None:
    scores = np.linspace(-5, 5, 101)
    found = NormalScores(LABELS, unit=True).labels(scores)
    assert (np.diff(found) > 0).all()
    slopes = np.diff(found)[[0, -1]] / 0.1
    assert slopes == pytest.approx(LABELS.std())
