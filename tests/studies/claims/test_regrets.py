"""Regrets of searches on recorded trainings."""

from pathlib import Path

import numpy as np
import pytest

from nascast.core.types import Trial
from nascast.studies.claims.claim import Desk, Scale
from nascast.studies.claims.regrets import behind_random, curves_of, regrets_within, strategy
from nascast.studies.records import open_benchmark
from nascast.studies.searches.design import Search
from nascast.studies.searches.run import simulate


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


TABLE = open_benchmark("nb201_mini")
RECORDED = TABLE.measured("val_accuracy")
MEAN = float(np.nanmean(TABLE.seconds(RECORDED)))
MOST = TABLE.query(RECORDED, "val_accuracy").max()
SEEDS = (0, 1, 2, 3)


def searched(text: str, seed: int, evaluations: int) -> list[Trial]:
    """The trials of the one search of a desk of that seed."""
    number = int(np.random.SeedSequence([seed, 0]).generate_state(1)[0])
    search = Search("nasbench201", (text,), "nb201_mini", evaluations=evaluations)
    return simulate(search, search.specs[0], number).trials


def within(text: str, seed: int, seconds: float) -> float:
    """The best that is found within seconds."""
    desk = Desk(Scale(1, seed), Path("nowhere"))
    return float(MOST - regrets_within(desk, "nb201_mini", text, seconds / MEAN)[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_within_seconds_a_search_has_what_it_could_pay_for(seed: int) -> None:
    trials = searched("random", seed, 12)
    spent = np.cumsum([trial.evaluation.seconds for trial in trials])
    scores = np.asarray([trial.evaluation.metrics["val_accuracy"] for trial in trials])
    for paid in (4, 7, 12):
        assert within("random", seed, spent[paid - 1] + 1e-6) == scores[:paid].max()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_training_that_goes_on_pays_for_its_new_epochs(seed: int) -> None:
    text = "predictor_evolution(initial=8,predictor=early_stop_accuracy(epochs=9))"
    trials = searched(text, seed, 16)
    full = [trial.evaluation for trial in trials if trial.candidate.epochs is None]
    assert len(full) == 8
    scores = [one.metrics["val_accuracy"] for one in full]
    spent = sum(one.seconds for one in full)
    assert within(text, seed, spent + 1e-6) == max(scores)
    last = full[-1].seconds - trials[7].evaluation.seconds
    assert within(text, seed, spent - last / 2) == max(scores[:-1])


def test_trainings_that_are_separate_are_paid_for_whole() -> None:
    desk, name = Desk(Scale(1), Path("nowhere")), "nb201_seeds"
    text = "predictor_evolution(initial=8,predictor=early_stop_accuracy(epochs=12))"
    number = int(np.random.SeedSequence([0, 0]).generate_state(1)[0])
    search = Search("nasbench201", (text,), name, evaluations=16)
    trials = simulate(search, search.specs[0], number).trials
    table = open_benchmark(name)
    rows = table.measured("val_accuracy")
    mean = float(np.nanmean(table.seconds(rows)))
    most = table.query(rows, "val_accuracy").max()
    spent = np.cumsum([trial.evaluation.seconds for trial in trials])
    scores = [trial.evaluation.metrics["val_accuracy"] for trial in trials[8:]]
    for paid in range(1, 9):
        for change, count in ((1e-3, paid), (-1.0, paid - 1)):
            found = regrets_within(desk, name, text, float(spent[7 + paid] + change) / mean)[0]
            assert most - found == pytest.approx(max(scores[:count], default=-np.inf))
