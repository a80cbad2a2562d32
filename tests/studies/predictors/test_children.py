"""A study on children that are really trained."""

from pathlib import Path

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import StoreError
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.stores.sqlite import Sqlite
from nascast.studies.predictors.children import Children
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.run import compare
from nascast.studies.progress import Progress
from nascast.training.data import Split
from nascast.training.evaluator import TrainingEvaluator
from nascast.training.recipe import Recipe

SMALL = {"channels": 2, "cells": 1}


def _children(path: Path, cells: int = 8, epochs: int = 2) -> Children:
    split = Split(train=32, validation=32, test=32)
    recipe = Recipe(epochs=epochs, batch_size=16)
    made = TrainingEvaluator("nasbench201", "digits", recipe, SMALL, split=split)
    return Children(made, cells, 0, path)


def test_children_are_trained_once_and_their_trainings_are_what_is_charged(tmp_path: Path) -> None:
    children = _children(tmp_path / "children.sqlite")
    with Processes(2) as executor:
        children.train(executor, Progress())
    trials = Sqlite(children.path).read("children")
    assert sorted(trial.id for trial in trials) == list(range(8))
    told: list[int] = []
    more = _children(children.path, cells=9)
    more.train(Serial(), Progress(lambda name, steps: told.append(steps), told.append))
    assert told == [9, 8, 1]  # of nine, eight were there
    with pytest.raises(StoreError, match="begun with other settings"):
        _children(children.path, epochs=3).train(Serial(), Progress())

    study = Study(
        children.spec,
        ("xgboost", "sotl_e"),
        {"train_size": (3,), "epochs": (1,)},
        trials=1,
        test_size=4,
    )
    results = compare(study, tmp_path / "out", records=children)
    assert [result.error for result in results] == [None, None]
    labels, curves = results
    space = plugins.load("space", "nasbench201")
    known = {t.candidate.arch: t.evaluation for t in Sqlite(children.path).read("children")}
    rows = space.canonical(space.from_text(list(labels.architectures)))
    found = [known[space.architecture(row)] for row in rows]
    assert labels.true == tuple(e.metrics["val_accuracy"] for e in found)
    half = np.mean([e.seconds / 2 for e in found])  # one epoch of two
    assert half <= curves.query_seconds_each <= half + 0.1
    assert labels.init_seconds_total >= 3 * min(e.seconds for e in known.values())
