"""The model of BOHB: when it is fitted, to what, and where it leads."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Candidate, Evaluation, Genes, Trial
from nascast.spaces.nasbench101.space import NasBench101
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.bohb import Bohb
from nascast.strategies.hyperband import Hyperband

SPACE = NasBench201()


# Nothing is told for 1 epoch here: the first rung of the first bracket stays open.
def told(strategy: Hyperband, rows: Genes, scores: list[float], epochs: int) -> None:
    strategy.tell(
        [
            Trial(
                i,
                Candidate(strategy.space.architecture(row), epochs),
                Evaluation({"val_accuracy": score}, 1.0),
                0.0,
            )
            for i, (row, score) in enumerate(zip(rows, scores, strict=True))
        ]
    )


def share(strategy: Bohb, gene: int, value: int) -> float:
    """How often what is asked for has the value."""
    rows = [strategy.ask(1, np.random.default_rng(s))[0].arch.genes for s in range(60)]
    return float(np.mean([row[gene] == value for row in rows]))


def test_it_proposes_what_the_good_ones_have_in_common() -> None:
    strategy = Bohb(SPACE, random_share=0.0)
    rows = SPACE.sample(60, np.random.default_rng(0))
    told(strategy, rows, (10.0 * (rows[:, 3] == 2)).tolist(), 9)
    assert share(strategy, 3, 2) > 0.9
    mixed = Bohb(SPACE)
    told(mixed, rows, (10.0 * (rows[:, 3] == 2)).tolist(), 9)
    assert 0.5 < share(mixed, 3, 2) < 0.9  # a third is random: 2/3 + 1/15 expected


def test_the_largest_number_of_epochs_with_enough_trials_counts() -> None:
    strategy = Bohb(SPACE, random_share=0.0)
    rows = SPACE.sample(60, np.random.default_rng(0))
    told(strategy, rows, (10.0 * (rows[:, 3] == 2)).tolist(), 3)
    told(strategy, rows[:8], (10.0 * (rows[:8, 3] == 4)).tolist(), 9)
    assert share(strategy, 3, 2) > 0.9  # N_min + 2 are 9
    told(strategy, rows[8:40], (10.0 * (rows[8:40, 3] == 4)).tolist(), 9)
    assert share(strategy, 3, 4) > 0.9


def test_without_enough_successes_it_is_hyperband() -> None:
    strategy, plain = Bohb(SPACE, random_share=0.0), Hyperband(SPACE)
    rows = SPACE.sample(40, np.random.default_rng(0))
    for s in (strategy, plain):
        told(s, rows, [float("nan")] * 34 + [1.0] * 6, 3)
    for seed in range(5):
        asked = strategy.ask(3, np.random.default_rng(seed))
        assert asked == plain.ask(3, np.random.default_rng(seed))


def test_failed_candidates_are_bad_ones() -> None:
    strategy = Bohb(SPACE, random_share=0.0)
    rows = SPACE.sample(60, np.random.default_rng(0))
    bad = rows[:, 3] != 2
    told(strategy, rows, np.where(bad, np.nan, 1.0).tolist(), 3)
    assert 7 <= (~bad).sum() < 30
    assert share(strategy, 3, 2) > 0.9


def test_samples_that_are_not_valid_are_dropped() -> None:
    space = NasBench101()
    strategy = Bohb(space, random_share=0.0)
    rows = space.sample(80, np.random.default_rng(0))
    told(strategy, rows, rows[:, :10].sum(1).astype(float).tolist(), 3)
    for seed in range(10):
        for candidate in strategy.ask(1, np.random.default_rng(seed)):
            space.check(candidate.arch.row())


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"random_share is from 0 to 1; got 1\.5"):
        Bohb(SPACE, random_share=1.5)
