"""Regrets of searches on recorded trainings."""

from pathlib import Path

import numpy as np
import pytest

from nascast.studies.claims.claim import Desk, Scale
from nascast.studies.claims.regrets import behind_random, curves_of, strategy
from nascast.studies.records import open_benchmark


def test_regrets_fall_to_what_the_best_found_lacks() -> None:
    desk = Desk(Scale(2, 5), Path("nowhere"))
    found = curves_of(desk, "nb201_mini", "random", 30)
    assert found.shape == (2, 30)
    assert (np.diff(found, axis=1) <= 0).all()
    values = open_benchmark("nb201_mini").query(
        open_benchmark("nb201_mini").genes(), "val_accuracy"
    )
    gaps = values.max() - values
    assert np.isclose(found[:, -1:], gaps).any(1).all()
    np.testing.assert_array_equal(found, curves_of(desk, "nb201_mini", "random", 30))


def test_a_strategy_of_the_same_name_is_not_behind_itself() -> None:
    desk = Desk(Scale(2), Path("nowhere"))
    (part,) = behind_random(desk, {"mini": "nb201_mini"}, ("random",), 5)
    assert part.estimate.value == 0
    assert not part.holds


def test_a_preset_is_part_of_the_strategy() -> None:
    assert strategy("random").settings == {}
    assert strategy("ppo small").settings
    with pytest.raises(LookupError):
        strategy("nothing small")
