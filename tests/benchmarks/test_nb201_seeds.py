"""NAS-Bench-201 inside the package: published figures, and seeds that are not the same."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from nascast.benchmarks.nb201_seeds import Nb201Seeds
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.spec import Spec
from nascast.core.types import Floats, ImageTask
from nascast.networks.counting import count
from nascast.studies.records import open_benchmark

SETS = ("cifar10", "cifar100", "imagenet16")
RECORDS = Path(__file__).parents[3] / "shared" / "data" / "nasbench201" / "all_seeds.csv.gz"


def seeds(table: Nb201Seeds) -> Floats:
    """The first two trainings of every cell, (n, 2)."""
    genes = table.genes()
    return np.stack([table.query(genes, "val_accuracy", seed=k) for k in (0, 1)], axis=1)


@pytest.mark.parametrize(
    ("dataset", "best", "tau", "top"),
    [
        ("cifar10", 91.607, 0.910, 0.577),  # the table itself has .9105 and .5778
        ("cifar100", 73.493, 0.886, 0.298),  # .8874 and .3017
        ("imagenet16", 46.733, 0.907, 0.379),  # .9082 and .3828
    ],
)
def test_published_figures(dataset: str, best: float, tau: float, top: float) -> None:
    table = Nb201Seeds(dataset)
    mean = table.query(table.genes(), "val_accuracy", seed=None)
    both = seeds(table)
    first = np.argsort(-mean, kind="stable")[: round(0.1 * len(both))]
    assert mean.max() == pytest.approx(best, abs=5e-4)
    assert kendalltau(*both.T)[0] == pytest.approx(tau, abs=2e-3)
    assert kendalltau(*both[first].T)[0] == pytest.approx(top, abs=5e-3)


def test_the_best_cell_by_validation_is_the_best_by_test() -> None:
    table = Nb201Seeds()
    genes = table.genes()
    test = table.query(genes, "test_accuracy", seed=None)
    assert test.max() == pytest.approx(94.373, abs=5e-4)
    assert test.argmax() == table.query(genes, "val_accuracy", seed=None).argmax()


def test_seeds_that_are_not_there_are_refused_and_those_of_tests_are_their_own() -> None:
    table = Nb201Seeds()
    assert len(table.recorded("val_accuracy", 2)) == 8169
    assert [len(table.recorded("test_accuracy", k)) for k in range(3)] == [15625, 13400, 7961]
    with pytest.raises(UnsupportedError, match="seed 2 is recorded for 8169 of 15625"):
        table.query(table.genes(), "val_accuracy", seed=2)
    assert table.metrics["test_accuracy"].own_seeds
    assert not table.metrics["val_accuracy"].own_seeds
    assert "not the training of seed k" in table.provenance["test_accuracy"]


def test_a_training_of_twelve_epochs_is_one_of_its_own() -> None:
    table = Nb201Seeds()
    genes = table.genes()
    early, late = (table.query(genes, "val_accuracy", epochs) for epochs in (12, 200))
    assert table.separate
    assert kendalltau(early, late)[0] == pytest.approx(0.65, abs=0.01)
    assert table.seconds(genes, 12) == pytest.approx(table.seconds(genes) * 12 / 200)


@pytest.mark.parametrize("dataset", SETS)
def test_sizes_are_those_of_the_networks(dataset: str) -> None:
    table = Nb201Seeds(dataset)
    assert isinstance(table.task, ImageTask)
    row = table.space.from_text(
        ["|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"]
    )
    network = table.space.build(table.space.architecture(row[0]), table.task)
    assert table.query(row, "parameters")[0] == sum(p.numel() for p in network.parameters())
    assert (
        table.query(row, "multiply_adds")[0] == count(network, table.task.input_shape).multiply_adds
    )


@pytest.mark.parametrize("dataset", SETS)
def test_every_value_is_the_recorded_one(dataset: str) -> None:
    if not RECORDS.is_file():
        pytest.skip(f"no {RECORDS}")
    with gzip.open(RECORDS, "rt") as file:
        rows = list(csv.DictReader(file))
    table = Nb201Seeds(dataset)
    genes = table.space.from_text([row["arch_str"] for row in rows])
    for column, metric in (("val", "val_accuracy"), ("test", "test_accuracy")):
        for seed in range(3 if metric in table.metrics else 0):
            there = [bool(row[f"{column}_{dataset}_{seed}"]) for row in rows]
            expected = [float(row[f"{column}_{dataset}_{seed}"] or "nan") for row in rows]
            found = table.query(genes[there], metric, seed=seed)
            assert np.array_equal(found, np.asarray(expected)[there])


def test_a_data_set_is_a_setting() -> None:
    found = open_benchmark("nb201_seeds:cifar100")
    assert isinstance(found, Nb201Seeds)
    assert found.dataset == "cifar100"
    assert Spec.of("benchmark", found) == Spec.parse("benchmark", "nb201_seeds:cifar100")
    assert found.settings() != open_benchmark("nb201_seeds").settings()
    with pytest.raises(InvalidSettingError, match=r"svhn.*cifar10, cifar100, imagenet16"):
        Nb201Seeds("svhn")
