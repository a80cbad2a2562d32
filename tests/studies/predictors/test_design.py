"""Settings of a predictor study, its axes, budgets and cells."""

import importlib
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnknownComponentError
from nascast.core.predictor import FeaturePredictor
from nascast.core.spec import Spec
from nascast.studies.predictors.design import (
    Budget,
    Cell,
    Study,
    axes_of,
    budgets,
    cells,
    modules_of,
    predictor_of,
)

STUDY = Study(
    "nb201-mini",
    ("xgboost", "sotl_e"),
    axes={"train_size": (5, 20), "epochs": (1, 3)},
    trials=3,
)


def test_every_predictor_is_run_with_every_budget_it_can_spend() -> None:
    grid = cells(replace(STUDY, predictors=("xgboost", "synflow", "sotl_e", "omni")))
    found = [(cell.predictor.name, dict(cell.budget)) for cell in grid[:: STUDY.trials]]
    assert found == [
        *(("xgboost", {"train_size": n}) for n in (5, 20)),
        ("synflow", {}),
        *(("sotl_e", {"epochs": e}) for e in (1, 3)),
        *(("omni", {"train_size": n, "epochs": e}) for n in (5, 20) for e in (1, 3)),
    ]
    assert len(set(grid)) == len(grid) == len(found) * STUDY.trials


def test_an_axis_that_a_spec_sets_is_not_varied() -> None:
    specs = ("sotl_e(epochs=2)", "omni(epochs=4)")
    study = replace(STUDY, predictors=specs)
    assert [budgets(study, spec) for spec in study.specs] == [
        [Budget({"epochs": 2})],
        [Budget({"train_size": n, "epochs": 4}) for n in (5, 20)],
    ]


def test_an_axis_of_which_the_study_has_no_amounts_is_left_to_the_predictor() -> None:
    study = replace(STUDY, axes={"train_size": (5,)})
    assert budgets(study, Spec("sotl_e")) == [Budget()]


def test_axes_may_depend_on_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Either(FeaturePredictor):
        def __init__(self, curve: bool = False) -> None:
            self.curve = curve
            super().__init__(plugins.load("encoding", "adjacency_one_hot"))

        @property
        def axes(self) -> frozenset[str]:  # type: ignore[override]
            return frozenset({"epochs"} if self.curve else ())

    resolve = plugins.resolve
    monkeypatch.setattr(
        plugins, "resolve", lambda kind, name: Either if name == "either" else resolve(kind, name)
    )
    assert axes_of(Spec("either")) == frozenset()
    assert axes_of(Spec("either", {"curve": True})) == {"epochs"}


def test_a_predictor_is_made_with_its_budget() -> None:
    cell = Cell(Spec("sotl_e"), Budget({"epochs": 3}), 0)
    predictor: Any = predictor_of(cell)
    assert predictor.features[0].epochs == 3
    assert predictor_of(replace(cell, trial=1)) is predictor
    labels = Cell(Spec("xgboost"), Budget({"train_size": 20}), 0)
    assert predictor_of(labels) is predictor_of(replace(labels, budget=Budget({"train_size": 5})))


def test_budgets_are_values() -> None:
    one, other = Budget({"epochs": 2, "train_size": 5}), Budget({"train_size": 5, "epochs": 2})
    assert one == other
    assert hash(one) == hash(other)
    assert list(one) == ["epochs", "train_size"]
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != Budget({"epochs": 2})
    amounts = {"epochs": 2}
    kept = Budget(amounts)
    amounts["epochs"] = 3
    assert kept["epochs"] == 2


def test_texts_are_read_as_specs_and_written_again() -> None:
    specs = (Spec("xgboost", {"encoding": "path"}), "xgboost(encoding=wl(depth=3))")
    study = replace(STUDY, predictors=specs)
    assert all(isinstance(spec, Spec) for spec in study.predictors)
    assert study.benchmark == Spec("nb201_mini")
    again = Study(**json.loads(json.dumps(study.described())))
    assert again.specs == study.specs
    assert again == replace(study, axes=again.axes)
    assert pickle.loads(pickle.dumps(study)) == study
    assert replace(STUDY, benchmark="a/b.nascast").benchmark == Path("a/b.nascast")


def test_numbers_of_numpy_are_those_of_python() -> None:
    sizes: Any = np.array([5, 20])
    count: Any = np.int64(3)
    study = replace(STUDY, axes={**STUDY.axes, "train_size": sizes}, trials=count, seed=count)
    assert study == replace(STUDY, seed=3)
    assert json.loads(json.dumps(study.described()))["trials"] == 3


def test_predictors_may_be_one_text_or_made() -> None:
    assert replace(STUDY, predictors="xgboost, sotl_e") == STUDY
    assert replace(STUDY, predictors="xgboost").specs == (Spec("xgboost"),)
    made = plugins.load("predictor", "sotl_e", epochs=2)
    assert replace(STUDY, predictors=(made,)).specs == (Spec("sotl_e", {"epochs": 2}),)

    class Mine(FeaturePredictor):
        def __init__(self) -> None: ...

    with pytest.raises(UnknownComponentError, match=r"Mine is no registered predictor; an entry"):
        replace(STUDY, predictors=(Mine(),))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axes": {"train_size": (0,)}}, "train_size"),
        ({"axes": {"train_size": ()}}, "none"),
        ({"axes": {"train_size": (5,), "epochs": (2, 2)}}, "different"),
        ({"axes": {"epochs": (2,)}}, "xgboost learns from labels; give train_size"),
        ({"axes": {"train_size": 10}}, "train_size: expected several whole numbers; got 10"),
        ({"benchmark": 3}, "the name of a benchmark or a path; got 3"),
        ({"axes": {"train_size": (5.5,)}}, "train_size: expected a whole number; got 5.5"),
        ({"trials": 2.5}, "trials: expected a whole number; got 2.5"),
        ({"test_size": 30.0}, "test_size: expected a whole number; got 30.0"),
        ({"seed": "0"}, "seed: expected a whole number; got '0'"),
        ({"trials": 0}, "trials"),
        ({"test_size": 1}, "test_size should be at least 2; got 1"),
        ({"seed": -1}, "seed should be at least 0; got -1"),
        ({"predictors": ()}, "at least one"),
        ({"predictors": ("xgboost", "xgboost")}, "once"),
        ({"predictors": ("xgboost()", "xgboost")}, "once"),
        ({"predictors": ("xgboost(depth=3)",)}, "no setting 'depth'"),
        ({"predictors": (Spec("xgboost", {"depth": 3}),)}, "no setting 'depth'"),
    ],
)
def test_settings_are_checked(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words):
        replace(STUDY, **change)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownComponentError, match="sotl_e"):
        replace(STUDY, predictors=("xgbost",))
    with pytest.raises(UnknownComponentError, match="nb201_mini"):
        replace(STUDY, benchmark="nb202")


def test_workers_are_told_what_cells_import() -> None:
    found = modules_of(replace(STUDY, predictors=("xgboost", "jacov", "ngboost")))
    assert {"scipy.stats", "xgboost", "torch"} <= set(found)
    for module in found:
        importlib.import_module(module)
