"""Numbers, times and budgets in words."""

import pytest

from nascast.report.words import axis_words, budget_words, count, duration, either, number
from nascast.studies.predictors.design import Budget


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *[(0.0, "< 1 ms"), (0.0009, "< 1 ms"), (0.0032, "3.2 ms"), (0.0316, "32 ms")],
        *[(0.9994, "999 ms"), (0.9996, "1.0 s"), (41.2, "41 s"), (119.0, "119 s")],
        *[(600.0, "10 min"), (8280.0, "2.3 h"), (86400.0, "24 h"), (1e6, "12 d")],
        *[(float("nan"), "unknown"), (float("inf"), "unknown")],
    ],
)
def test_durations_are_in_units_for_people(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({}, ""),
        ({"train_size": 1}, "1 label"),
        ({"train_size": 1000, "epochs": 1}, "1,000 labels, 1 epoch"),
        ({"supernet_epochs": 20}, "20 supernet epochs"),
    ],
)
def test_budgets_are_in_words(budget: dict[str, int], words: str) -> None:
    assert budget_words(Budget(budget)) == words


def test_an_axis_without_words_has_those_of_its_name() -> None:
    words = axis_words("supernet_epochs")
    assert words.title == "Supernet epochs"
    assert words.given.format("20", s="s") == "Those with supernet epochs had 20."


def test_numbers() -> None:
    assert number(-0.12345) == "−0.123"
    assert number(float("nan")) == "–"
    assert [count(1, "study"), count(2, "study"), count(1000, "run")] == [
        *("1 study", "2 studies", "1,000 runs")
    ]
    assert [either([2]), either([2, 6]), either([2, 6, 1200])] == ["2", "2 or 6", "2, 6 or 1,200"]
