"""Grids of budgets on benchmarks of several kinds."""

import pytest

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.types import Genes
from nascast.studies.predictors.grids import grid, near, size_of_tests
from nascast.studies.records import open_benchmark
from nascast.testing.doubles import TinyBenchmark


def test_grids_of_the_shipped_table() -> None:
    mini = open_benchmark("nb201-mini")
    marks = mini.describe("val_accuracy").epochs
    paper = grid("paper", mini, "val_accuracy", 200)
    # 984 networks: the study's smaller list is the longest that fits.
    assert paper["train_size"] == (5, 8, 12, 20, 31, 50, 79, 126, 199, 316, 500)
    assert set(paper["epochs"]) == set(marks[:-1])
    quick = grid("quick", mini, "val_accuracy", 200)
    assert quick["train_size"] == (12, 50, 199, 500)
    assert len(quick["epochs"]) == 4
    assert set(quick["epochs"]) < set(marks[:-1])
    assert quick["epochs"][-1] == marks[-2]


def test_few_architectures_and_none_left() -> None:
    mini = open_benchmark("nb201-mini")
    few = grid("paper", mini, "val_accuracy", 938)["train_size"]
    assert (few[0], few[-1]) == (5, 46)
    assert list(few) == sorted(set(few))
    with pytest.raises(InvalidSettingError, match=r"needs 5 architectures beside 983.*leaves 1"):
        grid("paper", mini, "val_accuracy", 983)


def test_only_rows_that_may_be_drawn_count() -> None:
    mini = open_benchmark("nb201-mini")
    some = mini.space.canonical(mini.genes())[:60]
    labels = grid("paper", mini, "val_accuracy", 20, some)["train_size"]
    assert labels[-1] <= 40 < grid("paper", mini, "val_accuracy", 20)["train_size"][-1]


def test_a_benchmark_without_a_list_or_without_curves() -> None:
    class Function(TinyBenchmark):
        def genes(self) -> Genes:
            raise UnsupportedError("no list")

    function = Function()
    assert grid("paper", function, "val_accuracy", 200)["train_size"][-1] == 500
    assert "epochs" not in grid("quick", function, "parameters", 200)


def test_an_unknown_grid_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="one of quick, paper; got 'huge'"):
        grid("huge", open_benchmark("nb201-mini"), "val_accuracy", 200)


def test_usual_amounts_are_those_that_a_table_has() -> None:
    assert near(open_benchmark("nb201-mini"), "val_accuracy", (2, 6)) == (2, 6)
    assert near(open_benchmark("nb101_sample"), "val_accuracy", (2, 6)) == (4,)
    assert near(open_benchmark("nb201_seeds"), "test_accuracy", (2, 6)) == ()  # after the end alone


def test_test_sets_leave_half_of_a_small_table() -> None:
    small = open_benchmark("nbnlp_logs")
    assert size_of_tests(small, "val_loss") == 129  # of 258 networks
    assert size_of_tests(small, "val_loss", 50) == 50
    assert size_of_tests(small, "val_loss", within=small.measured("val_loss")[:30]) <= 15
    assert size_of_tests(small, "val_loss", within=small.measured("val_loss")[:1]) == 2
    assert size_of_tests(open_benchmark("nb201_seeds"), "val_accuracy") == 200
