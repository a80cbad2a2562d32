"""Test and training sets, also of benchmarks without a list of rows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.types import STEPS, Genes, ImageTask, TextTask
from nascast.spaces.darts import Darts
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.split import batch_of, split
from nascast.studies.records import open_benchmark
from nascast.testing.doubles import TinyBenchmark

STUDY = Study("nb201-mini", ("xgboost",), axes={"train_size": (5, 30)}, test_size=40)

LISTED = Study("nb201-mini", ("xgboost",), axes={"train_size": (5, 20)}, trials=3, test_size=30)


class Function(TinyBenchmark):
    def genes(self) -> Genes:
        raise UnsupportedError("no list")


def test_rows_of_a_function_are_canonical_distinct_and_seeded() -> None:
    benchmark = Function()
    benchmark.space = Darts()
    for trial in range(3):
        test, train = split(STUDY, benchmark, trial)
        assert test.shape == (40, 24)
        assert train.shape == (30, 24)
        rows = np.concatenate([test, train])
        assert np.array_equal(benchmark.space.canonical(rows), rows)
        assert len(np.unique(rows, axis=0)) == 70
        assert np.array_equal(split(STUDY, benchmark, trial)[0], test)
    assert not np.array_equal(split(STUDY, benchmark, 0)[0], test)
    assert not np.array_equal(split(replace(STUDY, seed=1), benchmark, 2)[0], test)


def test_a_small_space_is_drawn_to_the_last_row() -> None:
    benchmark = Function()
    every = len(np.unique(benchmark.space.canonical(TinyBenchmark().genes()), axis=0))
    test, train = split(replace(STUDY, test_size=every - 40), benchmark, 0)
    assert len(np.unique(np.concatenate([test, train]), axis=0)) == every - 10
    with pytest.raises(InvalidSettingError, match=f"has {every} distinct ones"):
        split(replace(STUDY, test_size=every), benchmark, 0)


def test_no_architecture_of_the_test_set_is_equivalent_to_one_of_the_training_set() -> None:
    class AllCells(type(open_benchmark("nb201-mini"))):  # type: ignore[misc]
        def measured(self, metric: str) -> Any:
            return self.space.all()

    bench = open_benchmark("nb201-mini")
    everything = AllCells.__new__(AllCells)
    everything.__dict__.update(bench.__dict__)
    for trial in range(3):
        test, train = split(replace(LISTED, axes={"train_size": (500,)}), everything, trial)
        both = bench.space.canonical(np.concatenate([test, train]))
        assert len(np.unique(both, axis=0)) == 530
        raw = np.concatenate([test, train])
        assert (both != raw).any()  # so rows that are not canonical were drawn too


def test_no_training_architecture_is_a_test_architecture_written_otherwise() -> None:
    bench = open_benchmark("nb201-mini")
    genes, space = bench.genes(), bench.space
    assert len(np.unique(space.networks(genes))) == len(genes) - 22  # there are twins to leak
    study = replace(LISTED, test_size=200, axes={"train_size": (700,)})
    for trial in range(3):
        test, train = split(study, bench, trial)
        assert not np.isin(space.networks(train), space.networks(test)).any()
        assert len(np.unique(np.concatenate([test, train]), axis=0)) == 900
        rng = np.random.default_rng([study.seed, trial])
        assert np.array_equal(rng.permutation(genes)[:200], test)  # twins cost training rows only


def test_what_is_left_beside_twins_is_not_enough() -> None:
    bench = open_benchmark("nb201-mini")
    study = replace(LISTED, test_size=500, axes={"train_size": (506,)})
    with pytest.raises(InvalidSettingError, match=r"1006 distinct ones, of which 500 and 49\d are"):
        split(study, bench, 0)


def test_trials_differ_and_repeat() -> None:
    bench = open_benchmark("nb201-mini")
    first, again = split(LISTED, bench, 0), split(LISTED, bench, 0)
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    assert (split(LISTED, bench, 1)[0] != first[0]).any()
    assert (split(replace(LISTED, seed=1), bench, 0)[0] != first[0]).any()


class OfText(TinyBenchmark):
    """Records of networks that read text; only the task is looked at."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.task = TextTask(words)  # type: ignore[assignment]


def test_the_batch_is_of_the_kind_of_the_benchmark(tmp_path: Path) -> None:
    text, images = tmp_path / "text.txt", tmp_path / "images.npz"
    text.write_text("the cat sat on the mat\n" * 50)
    rng = np.random.default_rng(0)
    x, y = rng.integers(256, size=(40, 8, 8, 3), dtype=np.uint8), np.arange(40) % 3
    np.savez(images, x_train=x, y_train=y, x_test=x, y_test=y)
    study = replace(STUDY, batch_size=6)
    drawn = batch_of(study, OfText(9))
    assert (drawn.kind, drawn.inputs.shape) == ("text", (STEPS, 6))
    assert drawn.source.startswith("random uniform words")
    read = batch_of(replace(study, images=str(text)), OfText(9))
    assert (read.kind, read.inputs.shape) == ("text", (STEPS, 6))
    assert read.source.startswith("6 pieces of 35 words of text")
    assert batch_of(study, TinyBenchmark()).kind == ImageTask.kind
    seen = batch_of(replace(study, images=str(images)), TinyBenchmark())
    assert (seen.kind, seen.inputs.shape) == ("images", (6, 3, 8, 8))


def test_a_text_of_more_words_than_the_networks_know(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat\n" * 50)
    with pytest.raises(InvalidSettingError, match=r"has 7 different words; .* know 6"):
        batch_of(replace(STUDY, images=str(text)), OfText(6))
