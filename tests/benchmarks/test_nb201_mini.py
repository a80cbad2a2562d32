"""The benchmark inside the package."""

import numpy as np
import pytest

from nascast.benchmarks.nb201_mini import nb201_mini
from nascast.core.types import ImageTask
from nascast.spaces.nasbench201 import NasBench201


def test_it_holds_what_a_comparison_reads() -> None:
    table = nb201_mini()
    assert isinstance(table.space, NasBench201)
    assert table.canonical
    for name in ("train_loss", "val_loss", "val_accuracy", "seconds"):
        assert table.metrics[name].epochs == tuple(range(1, 11))
        assert table.metrics[name].seeds == 2
    assert table.metrics["test_accuracy"].split == "test"


def test_records_are_of_trainings_that_learned_something() -> None:
    table = nb201_mini()
    genes = table.genes()
    accuracy = table.query(genes, "val_accuracy")
    assert isinstance(table.task, ImageTask)
    chance = 100 / table.task.classes
    assert np.median(accuracy) > 2 * chance
    assert np.ptp(accuracy) > 10
    first, last = (table.query(genes, "train_loss", epoch) for epoch in (1, 10))
    assert (last < first).mean() > 0.9


def test_two_trainings_agree_better_than_chance_and_not_fully() -> None:
    table = nb201_mini()
    twice = table.recorded("val_accuracy", 1)
    assert len(twice) >= 50
    one, other = (table.query(twice, "val_accuracy", None, seed) for seed in (0, 1))
    assert 0.5 < np.corrcoef(one, other)[0, 1] < 1


def test_where_the_records_come_from_is_told() -> None:
    provenance = nb201_mini().provenance
    assert "SHA-256" in provenance["data"]
    assert provenance["build"]["recipe"]["epochs"] == 10
    assert provenance["seconds"]


def test_every_opening_is_a_table_of_its_own() -> None:
    one, other = nb201_mini(), nb201_mini()
    assert one is not other
    assert np.array_equal(one.genes(), other.genes())
    assert one.query(one.genes(), "seconds") == pytest.approx(other.seconds(one.genes()))
