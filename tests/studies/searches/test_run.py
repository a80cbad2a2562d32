"""Running searches, on a benchmark and by training."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from nascast.core import plugins
from nascast.core.errors import StoreError
from nascast.core.restricted import Restricted
from nascast.core.setup import Setup
from nascast.core.spec import Spec
from nascast.core.types import Architecture, Candidate, Evaluation, ImageTask, Objective, Trial
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.runner import Step
from nascast.stores.memory import Memory
from nascast.stores.sqlite import Sqlite
from nascast.studies.limits import Limits, TaskNetworks, limited
from nascast.studies.records import open_benchmark, recorded_space
from nascast.studies.searches import run
from nascast.studies.searches.design import Search
from nascast.studies.searches.run import simulate, simulations, train_children
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

    metrics = ("val_accuracy",)
    task = ImageTask((3, 8, 8), 10, {"channels": 4, "cells": 1})

    def __init__(self) -> None:
        self.asked = 0
        networks = TaskNetworks(plugins.load("space", "nasbench201"), self.task)
        self.network, self.example = networks.network, networks.example

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        self.asked += 1
        return Evaluation({"val_accuracy": float(sum(candidate.arch.genes))}, 1.0)


def _what(trials: list[Trial]) -> list[tuple[int, Candidate, Evaluation]]:
    return [(trial.id, trial.candidate, trial.evaluation) for trial in trials]


def test_runs_are_simulated_once_and_are_the_same_again() -> None:
    store = Memory()
    first = dict(simulations(MINI, store, Serial()))
    assert sorted(first) == ["local_search-0", "local_search-1", "random-0", "random-1"]
    assert all([trial.id for trial in trials] == list(range(12)) for trials in first.values())
    assert _what(first["random-0"]) != _what(first["random-1"])
    counted = _Counting()
    assert dict(simulations(MINI, store, counted)) == first
    assert counted.submitted == 0
    assert _what(simulate(MINI, Spec("random"), 1).trials) == _what(first["random-1"])


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
    assert store.read("random-0") == longer["random-0"]
    unbroken = simulate(replace(MINI, evaluations=20), Spec("random"), 0)
    assert _what(longer["random-0"]) == _what(unbroken.trials)


def test_a_run_resumed_with_more_workers_is_one_history() -> None:
    """What one worker did in 163 s and four went on with once had finish times from 45 s on."""
    store = Memory()
    short = dict(simulations(replace(MINI, evaluations=20), store, Serial()))
    dict(simulations(replace(MINI, evaluations=60, workers=4), store, Serial()))
    for name, before in short.items():
        trials = store.read(name)
        assert trials[:20] == before
        assert sorted(trial.id for trial in trials) == list(range(60))
        assert len({trial.candidate for trial in trials}) == 60
        times = [trial.finished for trial in trials]
        assert times == sorted(times)
        more = sum(trial.evaluation.seconds for trial in trials[20:])
        assert more / 4 < times[-1] - times[19] < more / 2  # four workers share the seconds


class _Dying(Memory):
    """A store that ends with the process that wrote so many trials."""

    def append(self, run: str, trials: Sequence[Trial]) -> None:
        super().append(run, trials)
        if trials:
            raise KeyboardInterrupt


def test_a_simulation_saves_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_SAVED", -1.0)
    store = _Dying()
    with pytest.raises(KeyboardInterrupt):
        simulate(MINI, Spec("random"), 0, store)
    assert 0 < len(store.read("random-0")) < 12
    monkeypatch.setattr(_Dying, "append", Memory.append)
    simulate(MINI, Spec("random"), 0, store)
    assert _what(store.read("random-0")) == _what(simulate(MINI, Spec("random"), 0).trials)


def test_workers_write_into_the_file_and_nothing_is_stored_twice(tmp_path: Path) -> None:
    store, search = Sqlite(tmp_path / "trials.sqlite"), replace(MINI, seeds=(0,))
    with Processes(2) as executor:
        short = dict(simulations(search, store, executor))
        longer = dict(simulations(replace(search, evaluations=15), store, executor))
    assert {name: store.read(name) for name in store.runs()} == longer
    assert all(longer[name][:12] == trials for name, trials in short.items())


def test_a_run_of_other_settings_is_refused() -> None:
    store = Memory()
    dict(simulations(MINI, store, Serial()))
    other = replace(MINI, evaluations=20, objectives=(Objective("val_loss", minimize=True),))
    with pytest.raises(StoreError, match=r"random-0: StoreError: .*other settings: objectives was"):
        dict(simulations(other, store, Serial()))
    assert len(store.read("random-0")) == 12


def test_a_run_goes_on_with_a_budget_of_another_kind() -> None:
    """A time has `guided` train shortly, a number of evaluations not; a run stays what it was."""
    full = replace(MINI, strategies=("guided",), seeds=(0,), evaluations=4, fidelities=(1, 10))
    timed = replace(full, evaluations=None, seconds=40.0)
    for first, later, lengths in ((full, timed, {None}), (timed, full, {1, 10})):
        store = Memory()
        began = dict(simulations(first, store, Serial()))["guided-0"]
        more = replace(later, seconds=80.0, evaluations=later.evaluations and len(began) + 2)
        after = dict(simulations(more, store, Serial()))["guided-0"]
        assert after[: len(began)] == began
        assert len(after) > len(began)
        assert {trial.candidate.epochs for trial in after} == lengths


def test_two_settings_of_one_strategy_run_side_by_side() -> None:
    texts = ("regularized_evolution(population=4)", "regularized_evolution")
    store = Memory()
    found = dict(simulations(replace(MINI, strategies=texts, seeds=(0,)), store, Serial()))
    names = ["regularized_evolution-0", "regularized_evolution-population=4-0"]
    assert sorted(found) == names
    specs = [Setup.from_json(store.info(name)).strategy for name in names]
    assert [str(spec) for spec in specs] == list(reversed(texts))


def test_searches_keep_to_what_the_benchmark_recorded() -> None:
    benchmark = open_benchmark("nb201-mini")
    space = recorded_space(benchmark)
    assert isinstance(space, Restricted)
    rng = np.random.default_rng(0)
    rows = space.mutate(space.sample(50, rng), rng)
    assert np.isfinite(benchmark.query(rows, "val_accuracy")).all()
    tiny = TinyBenchmark()
    assert recorded_space(tiny) is tiny.space  # which recorded all of it


def test_children_are_trained_until_the_budget_and_a_run_goes_on() -> None:
    search = Search(
        space="nasbench201", strategies=("random",), training={}, evaluations=5, seeds=(3,)
    )
    store, children = Memory(), _Children()
    seen: list[tuple[str, int]] = []

    def watch(name: str, step: Step) -> None:
        seen.append((name, len(step.trials)))

    train_children(search, children, store=store, executor=Serial(), watch=watch)
    train_children(
        replace(search, evaluations=8), children, store=store, executor=Serial(), watch=watch
    )
    assert children.asked == 8
    assert [trial.id for trial in store.read("random-3")] == list(range(8))
    assert ("random-3", 5) in seen  # what was on record was shown when the run went on


def test_what_counts_alike_is_built_once() -> None:
    from nascast.networks.counting import count

    space = plugins.load("space", "nasbench201")
    networks, built = _Children(), []

    class Counted(_Children):
        def __init__(self) -> None:
            super().__init__()
            self.network = self._counted

        def _counted(self, arch: Architecture) -> nn.Module:
            built.append(arch)
            return networks.network(arch)

    inside = limited(space, Counted(), Limits(parameters=8_000))
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.permuted(row) for row in space.sample(5, rng).repeat(30, 0)])
    fine = inside.is_valid(rows.reshape(-1, 6)).reshape(5, 30)
    assert len(built) <= 5
    last = rows.reshape(5, 30, 6)[:, -1]  # of which the first is not the one that was built
    alone = [count(space.build(space.architecture(row), networks.task), (3, 8, 8)) for row in last]
    assert fine[:, -1].tolist() == [one.parameters <= 8_000 for one in alone]
    assert 0 < fine[:, -1].sum() < 5


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
    train_children(search, children, store=store, executor=Serial(), watch=lambda name, step: None)
    space = plugins.load("space", "nasbench201")
    sizes = [
        count(space.build(trial.candidate.arch, children.task), (3, 8, 8)).parameters
        for trial in store.read(f"{strategy}-0")
    ]
    assert len(sizes) == 6
    assert max(sizes) <= limit


def test_a_controller_tells_about_itself(tmp_path: Path) -> None:
    search = replace(MINI, strategies=(Spec("reinforce", {"minibatch": 4}),))
    assert len(dict(simulations(search, Memory(), Serial(), tmp_path))) == 2
    kept = json.loads((tmp_path / "diagnostics.json").read_text())
    del kept["sha256"]
    assert sorted(kept) == ["reinforce-minibatch=4-0", "reinforce-minibatch=4-1"]
    assert len(kept["reinforce-minibatch=4-0"]["entropy"]) == 3  # updates of 4 trials in 12
