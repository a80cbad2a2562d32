"""Making a benchmark by training: nothing is trained twice, nothing that failed is lost."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.table import read_table, write_table
from nascast.core.errors import InvalidSettingError, MissingDataError, NascastError, StoreError
from nascast.core.types import ImageTask
from nascast.executors.serial import Serial
from nascast.spaces.nasbench201 import NasBench201
from nascast.studies.build import BuildPlan, pack, records, train_one, trainings
from nascast.training.data import Split
from nascast.training.recipe import Recipe

SKELETON = {"channels": 2, "cells": 1, "stages": 2, "stem_stride": 2, "reduction": "pool"}


class Watched(Serial):
    """Runs calls here and notes which; those of some tasks fail."""

    def __init__(self, fails: Callable[[Any], bool] = lambda task: False) -> None:
        super().__init__()
        self.tasks: list[Any] = []
        self.fails = fails

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self.tasks.append(task)
        super().submit(task, _fail if self.fails(task) else call)


def _fail() -> None:
    raise MemoryError("no room")


@pytest.fixture
def plan(images: Callable[..., str]) -> BuildPlan:
    split, recipe = Split(24, 12, 12, 4), Recipe(2, 8, 0.05)
    return BuildPlan("nasbench201", images(), split, SKELETON, recipe, 4, 2, seed=3)


def finish(plan: BuildPlan, folder: Path, executor: Serial | None = None) -> list[tuple[int, int]]:
    return list(trainings(plan, folder, executor or Serial()))


def without_seconds(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "seconds"}


def test_every_cell_is_trained_and_the_first_ones_twice(plan: BuildPlan, tmp_path: Path) -> None:
    executor = Watched()
    assert finish(plan, tmp_path, executor) == [(k, 6) for k in range(7)]
    found = records(tmp_path)
    cells = [tuple(record["genes"]) for record in found]
    assert [record["seed"] for record in found] == [0, 1, 0, 1, 0, 0]
    assert cells[0] == cells[1] != cells[2] == cells[3]
    assert len(set(cells)) == 4
    space = NasBench201()
    genes = np.asarray(cells, dtype=np.int16)
    assert np.array_equal(space.canonical(genes), genes)
    for record in found:
        assert record.keys() >= {"train_loss", "val_loss", "val_accuracy", "seconds"}
        assert {len(record[key]) for key in ("train_loss", "val_accuracy", "seconds")} == {2}
        assert 0 <= record["test_accuracy"] <= 100
        assert record["parameters"] > 0
    assert without_seconds(found[0]) != {**without_seconds(found[1]), "seed": 0}


def test_a_training_is_a_function_of_plan_cell_and_seed(plan: BuildPlan, tmp_path: Path) -> None:
    finish(plan, tmp_path)
    for record in records(tmp_path)[:2]:
        again = train_one(plan, tuple(record["genes"]), record["seed"])
        assert without_seconds(again) == without_seconds(record)


def test_a_finished_build_trains_nothing(plan: BuildPlan, tmp_path: Path) -> None:
    finish(plan, tmp_path)
    before = (tmp_path / "trainings.jsonl").read_bytes()
    executor = Watched()
    assert finish(plan, tmp_path, executor) == [(6, 6)]
    assert executor.tasks == []
    assert (tmp_path / "trainings.jsonl").read_bytes() == before


@pytest.mark.parametrize("stop_after", [0, 1, 3, 5])
def test_a_resumed_build_repeats_nothing(plan: BuildPlan, tmp_path: Path, stop_after: int) -> None:
    run = trainings(plan, tmp_path, Serial())
    for _ in range(stop_after + 1):
        next(run)
    run.close()  # type: ignore[attr-defined]
    kept = records(tmp_path)
    assert len(kept) == stop_after
    executor = Watched()
    assert finish(plan, tmp_path, executor) == [(k, 6) for k in range(stop_after, 7)]
    assert len(executor.tasks) == 6 - stop_after
    assert records(tmp_path)[:stop_after] == kept
    tasks = [(tuple(record["genes"]), record["seed"]) for record in records(tmp_path)]
    assert len(set(tasks)) == len(tasks) == 6


def test_a_record_that_was_cut_off_is_made_again(plan: BuildPlan, tmp_path: Path) -> None:
    finish(plan, tmp_path)
    whole = [without_seconds(record) for record in records(tmp_path)]
    journal = tmp_path / "trainings.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    executor = Watched()
    assert finish(plan, tmp_path, executor) == [(5, 6), (6, 6)]
    assert len(executor.tasks) == 1
    assert [without_seconds(record) for record in records(tmp_path)] == whole


def test_more_cells_go_on_where_fewer_stopped(plan: BuildPlan, tmp_path: Path) -> None:
    finish(plan, tmp_path)
    first = records(tmp_path)
    executor = Watched()
    finish(replace(plan, cells=6, repeated=3), tmp_path, executor)
    assert len(executor.tasks) == 3
    assert records(tmp_path)[:6] == first
    assert sum(record["seed"] for record in records(tmp_path)) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": Recipe(3, 8, 0.05)}, "recipe.epochs was 2, is 3"),
        ({"seed": 4}, "seed was 3, is 4"),
        ({"split": Split(24, 12, 12, 8)}, "split.size was 4, is 8"),
        ({"skeleton": {**SKELETON, "channels": 3}}, "skeleton.channels was 2, is 3"),
    ],
)
def test_other_settings_are_refused(
    plan: BuildPlan, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    finish(replace(plan, cells=1, repeated=0), tmp_path)
    before = (tmp_path / "trainings.jsonl").read_bytes()
    with pytest.raises(StoreError, match=f"other settings: {message}.*choose another folder"):
        finish(replace(plan, **changes), tmp_path)
    assert (tmp_path / "trainings.jsonl").read_bytes() == before


def test_a_training_that_fails_is_recorded_and_not_repeated(
    plan: BuildPlan, tmp_path: Path
) -> None:
    executor = Watched(lambda task: task[1] == 1)
    assert finish(plan, tmp_path, executor)[-1] == (6, 6)
    failed = [record for record in records(tmp_path) if "error" in record]
    assert [record["error"] for record in failed] == ["MemoryError: no room"] * 2
    assert all(record["seed"] == 1 for record in failed)
    assert len(records(tmp_path)) == 6
    again = Watched()
    assert finish(plan, tmp_path, again) == [(6, 6)]
    assert again.tasks == []


def test_a_training_that_diverges_is_a_failed_one(plan: BuildPlan, tmp_path: Path) -> None:
    hot = replace(plan, recipe=Recipe(2, 8, 1e38, momentum=0.0), cells=1, repeated=0)
    finish(hot, tmp_path)
    (record,) = records(tmp_path)
    assert record["error"].startswith("DivergedError: the training loss is")


def test_a_finished_build_becomes_a_table(plan: BuildPlan, tmp_path: Path) -> None:
    finish(plan, tmp_path)
    write_table(pack(plan, tmp_path, "ours"), tmp_path / "ours.nascast")
    table = read_table(tmp_path / "ours.nascast")
    assert (table.name, len(table), table.canonical) == ("ours", 4, True)
    assert isinstance(table.task, ImageTask)
    assert table.task.input_shape == (1, 4, 4)
    assert table.task.classes == 3
    for record in records(tmp_path):
        row, seed = np.asarray([record["genes"]], dtype=np.int16), record["seed"]
        for name in ("train_loss", "val_loss", "val_accuracy"):
            expected = np.asarray(record[name], dtype=np.float32)
            assert np.array_equal(table.curve(row, name, 2, seed)[0], expected)
        assert table.query(row, "test_accuracy", None, seed) == np.float32(record["test_accuracy"])
        assert table.seconds(row, 2, seed) == pytest.approx(sum(record["seconds"]))
        assert table.query(row, "parameters")[0] == record["parameters"]
    build = table.provenance["build"]
    assert BuildPlan.like(table.provenance, plan.images) == replace(plan, cells=4)
    assert build["recipe"]["epochs"] == 2


def test_a_cell_whose_first_training_failed_is_left_out(plan: BuildPlan, tmp_path: Path) -> None:
    first = []

    def fails(task: Any) -> bool:
        first.append(task)
        return task in (first[0], first[-1]) and len(first) in (1, 4)

    finish(plan, tmp_path, Watched(fails))  # the first cell's seed 0 and the second's seed 1
    source = pack(plan, tmp_path, "partial")
    assert len(source.genes) == 3
    assert len(source.provenance["failed"]) == 2
    assert list(first[0][0]) not in source.genes.tolist()
    write_table(source, tmp_path / "partial.nascast")
    table = read_table(tmp_path / "partial.nascast")
    assert np.isfinite(table.query(source.genes, "val_accuracy")).all()
    assert len(table.genes()) == 3


def test_nothing_finished_is_no_table(plan: BuildPlan, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no finished training"):
        pack(plan, tmp_path, "none")


def test_a_table_from_elsewhere_has_no_plan(plan: BuildPlan) -> None:
    with pytest.raises(InvalidSettingError, match="not made by"):
        BuildPlan.like({"source": "a paper"}, plan.images)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"cells": 5391}, InvalidSettingError, "has 5390 distinct architectures; 5391 asked for"),
        ({"images": "none.npz"}, MissingDataError, r"no file none\.npz"),
        ({"skeleton": {"width": 3}}, InvalidSettingError, "the skeleton takes"),
        ({"space": "nasbench"}, NascastError, "unknown space"),
        ({"split": Split(99, 12, 12, 8)}, InvalidSettingError, "111 training"),
    ],
)
def test_a_mistake_in_the_plan_shows_before_anything_is_trained(
    plan: BuildPlan, tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    executor = Watched()
    with pytest.raises(error, match=message):
        finish(replace(plan, **changes), tmp_path / "build", executor)
    assert executor.tasks == []
    assert not (tmp_path / "build").exists()


def test_no_number_of_cells_means_all(plan: BuildPlan, tmp_path: Path) -> None:
    run = trainings(replace(plan, cells=0, repeated=0), tmp_path, Watched())
    assert next(run) == (0, 5390)
    run.close()  # type: ignore[attr-defined]
