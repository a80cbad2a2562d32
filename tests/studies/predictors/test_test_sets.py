"""Designs of test and training sets, on records of all rows and of a few."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Floats, Genes
from nascast.spaces.nasbench201 import NasBench201
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.split import split
from nascast.studies.records import open_benchmark
from nascast.testing.doubles import TinyBenchmark

STUDY = Study("nb201-mini", ("xgboost",), axes={"train_size": (5, 60)}, test_size=40)


class AllCells(TinyBenchmark):
    """All cells of NAS-Bench-201; a cell is worth the sum of its numbers."""

    space = NasBench201()

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        return np.asarray(genes.sum(1), dtype=np.float64)

    def genes(self) -> Genes:
        return self.space.all()


def edits(a: Genes, b: Genes) -> Any:
    """Returns ``(len(a), len(b))`` numbers of different decisions."""
    return (a[:, None] != b[None]).sum(-1)


def test_mutations_of_a_whole_space_are_as_in_the_study() -> None:
    bench = AllCells()
    # Equivalent cells are as many edits apart as their canonical forms, which may be more.
    bench.space.canonical = lambda genes: genes  # type: ignore[method-assign]
    study = replace(STUDY, test_set="mutation")
    test, train = split(study, bench, 0)
    assert (len(test), len(train)) == (40, 60)
    parents, rest = test[:5], test[5:]
    assert set(edits(rest, parents).min(1)) == {1, 2, 3}
    assert (edits(train, test).min(1) == 1).all()
    keys = bench.space.networks(np.concatenate([test, train]))
    assert len(np.unique(keys)) == 100
    ten = parents.sum(1).min()
    drawn = bench.genes().sum(1)
    assert ten > np.quantile(drawn, 0.2)  # the worst of the best 5 of 10
    assert np.array_equal(split(study, bench, 0)[1], train)
    assert not np.array_equal(split(study, bench, 1)[0], test)


def test_mutations_keep_to_the_records_of_a_table() -> None:
    bench = open_benchmark("nb201-mini")
    known = {row.tobytes() for row in bench.genes()}
    test, train = split(replace(STUDY, test_set="mutation", test_size=200), bench, 0)
    assert {row.tobytes() for row in np.concatenate([test, train])} <= known
    networks = bench.space.networks
    assert not np.isin(networks(train), networks(test)).any()
    near = edits(test[5:], test[:5]).min(1).mean()
    apart = edits(split(replace(STUDY, test_size=200), bench, 0)[0][5:], test[:5]).min(1).mean()
    assert near < apart  # closer to the parents than cells at random are
    with pytest.raises(InvalidSettingError, match=r"60 architectures by mutation asked for"):
        split(replace(STUDY, test_set="mutation", test_size=940), bench, 0)


def test_the_top_is_tested_alone_and_training_sets_are_of_all() -> None:
    bench = open_benchmark("nb201-mini")
    test, train = split(replace(STUDY, test_set="top"), bench, 0)
    every = bench.query(bench.genes(), "val_accuracy", seed=None)
    tested = bench.query(test, "val_accuracy", seed=None)
    assert tested.min() >= np.quantile(every, 0.9) - 1e-9
    assert bench.query(train, "val_accuracy", seed=None).mean() < np.quantile(every, 0.9)
    assert not np.isin(bench.space.networks(train), bench.space.networks(test)).any()
    with pytest.raises(InvalidSettingError, match="the best tenth of nb201-mini has 1"):
        split(replace(STUDY, test_set="top", test_size=150), bench, 0)


def test_rows_apart_may_share_networks() -> None:
    bench = open_benchmark("nb201-mini")
    study = replace(STUDY, test_set="rows", test_size=200, axes={"train_size": (700,)})
    test, train = split(study, bench, 0)
    assert np.isin(bench.space.networks(train), bench.space.networks(test)).any()
    assert len(np.unique(np.concatenate([test, train]), axis=0)) == 900


def test_an_unknown_design_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidSettingError, match="uniform, rows, top, mutation; got 'hard'"):
        replace(STUDY, test_set="hard")
