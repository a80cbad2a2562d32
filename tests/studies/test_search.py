"""Searches over strategies and seeds, on a benchmark and by training."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.restricted import Restricted
from nascast.core.types import Candidate, Evaluation, Task
from nascast.executors.serial import Serial
from nascast.runner import Step
from nascast.stores.memory import Memory
from nascast.studies.limits import Limits, TaskNetworks
from nascast.studies.records import open_benchmark
from nascast.studies.search import (
    Search,
    begin,
    recorded,
    simulate,
    simulations,
    strategy_of,
    train_children,
)
from nascast.testing.doubles import TinyBenchmark

MINI = Search(
    space="nasbench201",
    strategies=("random", "local_search"),
    benchmark="nb201-mini",
    evaluations=12,
    seeds=(0, 1),
)


class _Children:
    """Scores a child by its genes, and counts how often it was asked."""

    task = Task((3, 8, 8), 10, {"channels": 4, "cells": 1})

    def __init__(self) -> None:
        self.asked = 0
        networks = TaskNetworks(plugins.load("space", "nasbench201"), self.task)
        self.network, self.example = networks.network, networks.example

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        self.asked += 1
        return Evaluation({"val_accuracy": float(sum(candidate.arch.genes))}, 1.0)


def test_runs_are_simulated_once_and_are_the_same_again() -> None:
    store = Memory()
    first = dict(simulations(MINI, store, Serial()))
    assert sorted(first) == ["local_search-0", "local_search-1", "random-0", "random-1"]
    assert all([trial.id for trial in trials] == list(range(12)) for trials in first.values())
    assert first["random-0"] != first["random-1"]
    counted = _Counting()
    assert dict(simulations(MINI, store, counted)) == first
    assert counted.submitted == 0
    assert simulate(MINI, "random", 1).trials == first["random-1"]


class _Counting(Serial):
    submitted = 0

    def submit(self, task: object, call: object) -> None:
        self.submitted += 1
        super().submit(task, call)  # type: ignore[arg-type]


def test_a_longer_budget_goes_on_from_what_is_stored() -> None:
    store = Memory()
    short = dict(simulations(MINI, store, Serial()))
    longer = dict(simulations(replace(MINI, evaluations=20), store, Serial()))
    assert longer["random-0"][:12] == short["random-0"]
    assert len(store.read("random-0")) == 20


def test_searches_keep_to_what_the_benchmark_recorded() -> None:
    benchmark = open_benchmark("nb201-mini")
    space = recorded(benchmark)
    assert isinstance(space, Restricted)
    rng = np.random.default_rng(0)
    rows = space.mutate(space.sample(50, rng), rng)
    assert np.isfinite(benchmark.query(rows, "val_accuracy")).all()
    tiny = TinyBenchmark()
    assert recorded(tiny) is tiny.space  # which recorded all of it


def test_children_are_trained_until_the_budget_and_a_run_goes_on() -> None:
    search = Search(
        space="nasbench201", strategies=("random",), training={}, evaluations=5, seeds=(3,)
    )
    store, children = Memory(), _Children()
    seen: list[tuple[str, int]] = []

    def watch(run: str, step: Step) -> None:
        seen.append((run, len(step.trials)))

    train_children(search, children, store=store, executor=Serial(), watch=watch)
    train_children(
        replace(search, evaluations=8), children, store=store, executor=Serial(), watch=watch
    )
    assert children.asked == 8
    assert [trial.id for trial in store.read("random-3")] == list(range(8))
    assert ("random-3", 5) in seen  # what was on record was shown when the run went on


@pytest.mark.parametrize("strategy", ["random", "regularized_evolution"])
def test_limits_hold_for_every_trial(strategy: str) -> None:
    from nascast.networks.counting import count

    limit = 8_000
    search = Search(
        space="nasbench201",
        strategies=(strategy,),
        training={},
        evaluations=6,
        limits=Limits(parameters=limit),
    )
    store, children = Memory(), _Children()
    train_children(search, children, store=store, executor=Serial(), watch=lambda run, step: None)
    space = plugins.load("space", "nasbench201")
    sizes = [
        count(space.build(trial.candidate.arch, children.task), (3, 8, 8)).parameters
        for trial in store.read(f"{strategy}-0")
    ]
    assert len(sizes) == 6
    assert max(sizes) <= limit


def test_settings_reach_the_strategy_and_unknown_ones_are_refused() -> None:
    space = plugins.load("space", "nasbench201")
    search = replace(MINI, settings={"regularized_evolution": {"population": 7, "tournament": 3}})
    assert "7" in repr(vars(strategy_of(search, "regularized_evolution", space, 0)))
    wrong = replace(MINI, settings={"regularized_evolution": {"colour": 1}})
    with pytest.raises(InvalidSettingError, match=r"no setting colour; it has .*population"):
        strategy_of(wrong, "regularized_evolution", space, 0)


def test_a_folder_holds_one_search(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(StoreError, match="no search to resume"):
        begin(MINI, out, resume=True)
    begin(MINI, out, resume=False)
    begin(MINI, out, resume=False)  # nothing was tried yet
    (out / "trials.sqlite").touch()
    with pytest.raises(StoreError, match="add --resume"):
        begin(MINI, out, resume=False)
    begin(replace(MINI, evaluations=99, workers=4), out, resume=True)  # budgets may change
    with pytest.raises(StoreError, match="benchmark was nb201-mini, is other"):
        begin(replace(MINI, benchmark="other"), out, resume=True)
    (out / "search.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        begin(MINI, out, resume=True)
    wrong = replace(MINI, settings={"random": {"colour": 1}})
    with pytest.raises(InvalidSettingError, match="no setting colour"):
        begin(wrong, tmp_path / "other", resume=False)
    assert not (tmp_path / "other").exists()


def test_a_search_needs_one_source_of_evidence() -> None:
    with pytest.raises(InvalidSettingError, match="either a benchmark or data"):
        replace(MINI, benchmark=None)
    with pytest.raises(InvalidSettingError, match="each only once"):
        replace(MINI, strategies=("random", "random"))


def test_a_controller_tells_about_itself(tmp_path: Path) -> None:
    search = replace(MINI, strategies=("reinforce",), settings={"reinforce": {"minibatch": 4}})
    assert len(dict(simulations(search, Memory(), Serial(), tmp_path))) == 2
    kept = json.loads((tmp_path / "diagnostics.json").read_text())
    assert sorted(kept) == ["reinforce-0", "reinforce-1"]
    assert len(kept["reinforce-0"]["entropy"]) == 3  # updates of 4 trials in 12
