"""Zero-cost scores before a search: each computed once, or read where they are on record."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.spec import Spec
from nascast.core.types import Batch, ImageTask, Objective, TextTask
from nascast.spaces.nasbench201 import NasBench201
from nascast.studies.journal import Journal
from nascast.studies.progress import Progress
from nascast.studies.records import open_benchmark, recorded_scores
from nascast.studies.searches.untrained import is_zero_cost, untrained
from nascast.testing.doubles import TinyBenchmark

SPACE = NasBench201()
TASK = ImageTask((3, 8, 8), 3, {"channels": 4, "cells": 1, "stages": 2})


def test_zero_cost_predictors_are_told_from_others() -> None:
    assert all(map(is_zero_cost, ("az_nas", "vkdnw_agg(reference=5)", "jacov", "flops ")))
    assert not any(map(is_zero_cost, ("xgboost", "known", "nb201_seeds", "runs/old", "")))


def test_random_networks_are_scored_as_one_by_one() -> None:
    found = untrained(Spec("synflow"), SPACE, TASK, count=12, seed=3)
    assert len(found.rows) == len(np.unique(SPACE.canonical(found.rows), axis=0)) > 6
    assert found.seconds > 0
    ledger = Ledger(_Cells(), Objective("any", minimize=False), batch=Batch.random(TASK, 64))
    synflow = plugins.load("proxy", "synflow")
    with ledger.phase("query"):
        alone = [synflow.query(ledger, row[None]).mean[0] for row in found.rows]
    assert np.array_equal(found.scores, alone, equal_nan=True)
    other = untrained(Spec("synflow"), SPACE, TASK, count=12, seed=4)
    assert not np.array_equal(other.rows, found.rows)


class _Cells(TinyBenchmark):
    def __init__(self) -> None:
        super().__init__()
        self.space, self.task = SPACE, TASK


def test_scores_are_kept_and_none_is_computed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Journal(tmp_path / "scores.jsonl")
    spec = Spec.parse("predictor", "az_nas(reference=3)")
    steps: list[int] = []
    progress = Progress(advance=steps.append)
    first = untrained(spec, SPACE, TASK, count=12, kept=kept, progress=progress)
    assert sum(steps) == len(first.rows) + 3
    assert len(list(kept.read())) >= 4 * len(first.rows)

    def never(*given: Any, **named: Any) -> None:
        raise AssertionError("a network was built")

    monkeypatch.setattr(NasBench201, "build", never)
    second = untrained(spec, SPACE, TASK, count=12, kept=kept)
    assert np.array_equal(second.rows, first.rows)
    assert np.array_equal(second.scores, first.scores)
    assert second.seconds == pytest.approx(first.seconds, rel=0.5)  # those they took then


def test_recorded_scores_are_read_and_no_network_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NasBench201, "build", None)
    table = open_benchmark("nb201_seeds")
    scores = recorded_scores(table)
    assert scores is not None
    found = untrained(Spec("az_nas"), table.space, table.task, count=60, recorded=scores)
    assert len(found.rows) == 60
    known = {row.tobytes() for row in scores.genes}
    assert {row.tobytes() for row in found.rows} <= known
    accuracy = table.query(found.rows, "val_accuracy", None, None)
    assert kendalltau(found.scores, accuracy)[0] > 0.55


def test_spaces_without_networks_for_the_task_refuse() -> None:
    with pytest.raises(UnsupportedError):
        untrained(Spec("synflow"), SPACE, TextTask(), count=2)
