"""What trials from one table share."""

import numpy as np
import pytest

from nascast.studies.overlap import variance_factor


@pytest.mark.parametrize(("trials", "share"), [(5, 0.5), (3, 0.1), (10, 0.75)])
def test_the_error_of_a_mean_is_that_over_many_tables(trials: int, share: float) -> None:
    """Tables of 40 numbers about 0, whose means over trials are about as far from 0 as said."""
    rng = np.random.default_rng(0)
    size = round(40 * share)
    means, said = [], []
    for _ in range(2_000):
        table = rng.normal(size=40)
        found = [rng.permutation(table)[:size].mean() for _ in range(trials)]
        means.append(np.mean(found))
        said.append(np.var(found, ddof=1) / trials * variance_factor(trials, share))
    assert np.mean(np.square(means)) == pytest.approx(np.mean(said), rel=0.1)


def test_independent_trials_have_no_factor() -> None:
    assert variance_factor(7, 0.0) == 1
