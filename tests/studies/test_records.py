"""Opening benchmarks by name, with a setting, or by path."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast import benchmarks
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnknownComponentError,
)
from nascast.core.spec import Spec
from nascast.studies.records import (
    among,
    benchmark_named,
    open_benchmark,
    recorded_contents,
    recorded_scores,
    recorded_space,
)
from nascast.testing.doubles import TinyBenchmark

TABLES = Path(benchmarks.__file__).parent


def test_a_setting_of_a_benchmark_follows_a_colon(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def make(setting: str = "default") -> TinyBenchmark:
        made.append(setting)
        return TinyBenchmark()

    def component(kind: str, name: str) -> Any:
        assert (kind, name) == ("benchmark", "some")
        return make

    monkeypatch.setattr(plugins, "resolve", component)
    opened = [open_benchmark(name) for name in ("some", "some:other", "some(setting=other)")]
    assert made == ["default", "other"]
    assert opened[1] is opened[2]
    assert open_benchmark(Spec("some", {"setting": "other"})) is opened[1]


def test_a_path_is_a_table(tmp_path: Path) -> None:
    assert benchmark_named(str(tmp_path)) == tmp_path
    assert benchmark_named("my.nascast") == Path("my.nascast")
    with pytest.raises(MissingDataError):
        open_benchmark(tmp_path / "none.nascast")


def test_a_table_and_its_scores_that_were_written_anew_are_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "my.nascast"
    found = []
    for name in ("nb201_mini", "nbnlp_logs"):
        for suffix in (".nascast", ".scores"):
            shutil.copyfile(TABLES / f"{name}{suffix}", path.with_suffix(suffix))
        benchmark, scores = open_benchmark(path), recorded_scores(open_benchmark(path))
        assert scores is not None
        assert scores.space == benchmark.space.name
        assert open_benchmark(path) is benchmark
        assert recorded_scores(benchmark) is scores
        found.append(benchmark.space.name)
    assert found == ["nasbench201", "nasbench_nlp"]


def test_scores_of_another_space_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.nascast"
    shutil.copyfile(TABLES / "nb201_mini.nascast", path)
    shutil.copyfile(TABLES / "nbnlp_logs.scores", path.with_suffix(".scores"))
    for read in (recorded_scores, recorded_contents):
        with pytest.raises(CorruptDataError, match=r"my\.scores has scores of nasbench_nlp"):
            read(open_benchmark(path))


def test_rows_among_others() -> None:
    rows = np.asarray([[0, 0], [0, 256], [1, 0], [2, 0]], dtype=np.int16)
    assert among(rows[1:3], rows).tolist() == [False, True, True, False]
    assert among(rows[::-2], rows[::-1]).tolist() == [True, False, True, False]
    assert among(rows[:0], rows).tolist() == [False] * 4
    assert among(rows, rows[:0]).tolist() == []


def test_names_that_are_no_benchmarks() -> None:
    with pytest.raises(InvalidSettingError, match="at most 0 settings of nb201_mini"):
        open_benchmark("nb201-mini:other")
    with pytest.raises(UnknownComponentError, match="unknown benchmark 'nb202'"):
        open_benchmark("nb202:other")
    with pytest.raises(UnknownComponentError, match="nb201_mini"):
        open_benchmark("nb202")


def test_a_sample_is_not_all_of_its_space_however_it_was_drawn() -> None:
    """The rows of this table are those that a generator of the seed 0 draws."""
    benchmark = open_benchmark("nb301_sample")
    space = recorded_space(benchmark)
    rows = space.sample(50, np.random.default_rng(1))
    assert np.isfinite(benchmark.query(rows, "val_accuracy")).all()
