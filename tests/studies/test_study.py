"""Test and training sets of benchmarks without a list of rows, and the names of benchmarks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnknownComponentError, UnsupportedError
from nascast.core.types import STEPS, Genes, ImageTask, TextTask
from nascast.spaces.darts import Darts
from nascast.studies.study import Study, batch_of, open_benchmark, split
from nascast.testing.doubles import TinyBenchmark

STUDY = Study("function", ("xgboost",), train_sizes=(5, 30), test_size=40)


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


def test_a_setting_of_a_benchmark_follows_a_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def make(setting: str = "default") -> TinyBenchmark:
        made.append(setting)
        return TinyBenchmark()

    def component(kind: str, name: str) -> Any:
        assert (kind, name) == ("benchmark", "some")
        return make

    monkeypatch.setattr(plugins, "resolve", component)
    for name in ("some", "some:other"):
        open_benchmark(name)
    open_benchmark.cache_clear()
    assert made == ["default", "other"]


def test_names_that_are_no_benchmarks() -> None:
    with pytest.raises(InvalidSettingError, match="nb201-mini has no settings"):
        open_benchmark("nb201-mini:other")
    with pytest.raises(UnknownComponentError, match="unknown benchmark 'nb202'"):
        open_benchmark("nb202:other")


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
