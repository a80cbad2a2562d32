"""A search that is asked and told: the same as the loop's, and safe from everybody's mistakes."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nascast
from nascast import AskTell, Plan, Result
from nascast.benchmarks.table import Table
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
    InvalidSettingError,
    MissingDataError,
    SearchWarning,
    StoreError,
)
from nascast.core.evaluator import Benchmark
from nascast.core.types import Objective, Trial
from nascast.strategies.random import RandomSearch
from nascast.studies.asktell.plan import keep_plan
from nascast.studies.asktell.results import results_in
from nascast.studies.limits import Limits
from nascast.studies.records import recorded_space

CELL = "4-3-3-3-3-2"


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    found: Benchmark = nascast.load("benchmark", "nb201-mini")
    return found


def plan(strategy: str = "random", **settings: object) -> Plan:
    return Plan("nasbench201", strategy=strategy, **settings)  # type: ignore[arg-type]


def result(number: int, value: float = 90.0, **more: object) -> Result:
    return Result(number, metrics={"val_accuracy": value}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("strategy", ["regularized_evolution(population=4)", "local_search"])
def test_with_one_at_a_time_its_trials_are_those_of_the_loop(
    bench: Benchmark, tmp_path: Path, strategy: str
) -> None:
    """Also where each call comes from a fresh process, as those of the command do."""
    AskTell(tmp_path, plan(strategy, benchmark="nb201-mini", evaluations=9, seed=3))
    while (asked := AskTell(tmp_path).ask()).given:
        (given,) = asked.given
        AskTell(tmp_path).tell([Result(given.id, metrics=bench.evaluate(given.candidate).metrics)])
    assert (asked.why, asked.left) == ("the budget is spent", 0)
    trials = nascast.run(
        nascast.core.spec.Spec.parse("strategy", strategy).load(
            "strategy", recorded_space(bench, ["val_accuracy"]), seed=3
        ),
        bench,
        executor=nascast.load("executor", "simulated"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(9),
        seed=3,
    )
    own = AskTell(tmp_path).trials()
    assert [trial.candidate for trial in own] == [trial.candidate for trial in trials]
    assert [trial.id for trial in own] == list(range(9))


def test_what_is_pending_is_not_given_out_again(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan(evaluations=7))
    first = search.ask(4).given
    again = AskTell(tmp_path)  # after a crash of whoever asked
    assert [one.id for one in again.state().pending] == [0, 1, 2, 3]
    assert list(again.state().pending) == list(first)
    rest = again.ask(9).given
    assert [one.id for one in rest] == [4, 5, 6]
    genes = np.array([one.candidate.arch.genes for one in (*first, *rest)])
    assert len({row.tobytes() for row in search.space.canonical(genes.astype(np.int16))}) == 7
    assert not again.ask().given


def test_a_larger_budget_goes_on_and_another_plan_is_refused(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan(evaluations=1))
    search.tell([result(search.ask().given[0].id)])
    assert search.ask().over
    AskTell(tmp_path, plan(evaluations=2))
    assert [one.id for one in search.ask().given] == [1]  # open before the budget grew
    for other in (plan(seed=1), plan("local_search"), plan(limits=Limits(10**6))):
        with pytest.raises(StoreError, match="another search"):
            AskTell(tmp_path, other)


def test_a_benchmark_of_another_space_begins_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match="of the space nasnet; nb201_mini is of nasb"):
        AskTell(tmp_path / "new", Plan("nasnet", benchmark="nb201-mini"))
    assert not (tmp_path / "new").exists()


def test_seconds_are_a_budget(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan(seconds=100.0))
    search.ask(3)
    with pytest.raises(InvalidSettingError, match="say how many"):
        search.tell([result(0)])
    assert search.tell([result(0, seconds=60)]).seconds_left == 40
    assert search.tell([result(1, seconds=60)]).over
    assert search.ask().why == "the budget is spent"
    assert search.tell([result(2, seconds=9)]).finished == 3  # what was given out is still taken


def test_a_budget_of_seconds_is_not_given_to_trials_that_took_unknown_ones(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan(evaluations=5))
    stale = AskTell(tmp_path)
    search.ask(3)
    search.tell([result(0)])
    with pytest.raises(InvalidSettingError, match="trial 0 was told without"):
        AskTell(tmp_path, plan(seconds=100.0))
    keep_plan(plan(seconds=100.0), tmp_path)  # as earlier versions did
    state = stale.ask()
    assert (state.given, state.over, "trial 0" in state.why) == ((), True, True)
    with pytest.raises(InvalidSettingError, match="say how many"):  # by the plan as it is now
        stale.tell([result(1)])


def test_a_result_in_another_order_is_the_same(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan())
    search.ask()
    metrics = {"val_accuracy": 90.0, "val_loss": math.nan}
    search.tell([Result(0, metrics=metrics)])
    assert search.tell([Result(0, metrics=dict(reversed(metrics.items())))]).trials == []


def test_short_trainings_are_not_the_best(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan("asha", full_epochs=9))
    for cell, epochs, value in (("0-0-0-1-0-0", 3, 99.0), ("0-0-0-2-0-0", 9, 70.0),
                                ("0-0-0-3-0-0", None, 60.0), (CELL, None, math.nan)):  # fmt: skip
        search.tell([Result(architecture=cell, epochs=epochs, metrics={"val_accuracy": value})])
    assert search.best() == search.trials()[1]  # of 9 epochs, which is full, as on the page


def test_learning_again_is_not_charged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that counts the trials told: each is learned from, and charged, once."""
    told: list[Trial] = []
    monkeypatch.setattr("nascast.studies.asktell.search.processor_seconds", lambda: len(told))
    monkeypatch.setattr(RandomSearch, "learn", lambda self, index: told.append(index))
    thinking = []
    for number in range(3):
        search = AskTell(tmp_path, plan())  # each time a fresh process's
        thinking += [one.thinking for one in search.ask().given]
        search.tell([result(number)])
    assert thinking == [0, 1, 1]


def test_a_plan_leads_to_its_table_from_every_folder(
    bench: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(bench, Table)
    shutil.copy(bench.path, tmp_path / "t.nascast")
    monkeypatch.chdir(tmp_path)
    AskTell("run", plan(benchmark="t.nascast"))
    monkeypatch.chdir("/")
    AskTell(tmp_path / "run", plan(benchmark=str(tmp_path / "t.nascast")))
    assert AskTell(tmp_path / "run").ask().given


def test_being_told_the_same_again_changes_nothing(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan())
    search.ask(2)
    both = [result(0), Result(1, error="out of memory"), Result(architecture=CELL,
            metrics={"val_accuracy": 91.0})]  # fmt: skip
    assert [t.id for t in search.tell(both).trials] == [0, 1, 2]
    assert search.tell([*both, *both]).trials == []
    assert search.tell(both).finished == 3
    for other in (result(0, 91.0), result(1), Result(architecture=CELL, error="no")):
        with pytest.raises(StoreError):
            search.tell([other])


def test_proposals_from_outside(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan(evaluations=3, limits=Limits(parameters=700_000)))
    small = "1-2-2-4-2-0"
    (given,) = search.propose(small, epochs=3).given
    assert (given.id, given.outside, given.candidate.epochs) == (0, True, 3)
    with pytest.raises(StoreError, match="pending as candidate 0"):
        search.propose(small, epochs=3)
    assert search.propose(small).given[0].id == 1  # for other epochs it is another training
    for wrong, told in ((CELL, "parameters"), ("no cell", "expected"), ("9-0-0-0-0-0", "gene")):
        with pytest.raises(InvalidArchitectureError, match=told):
            search.propose(wrong)
    for epochs in (0, -3, 2.5):
        with pytest.raises(InvalidSettingError, match="whole number from 1"):
            search.propose(small, epochs=epochs)  # type: ignore[arg-type]
    search.propose("0-0-0-1-0-0")
    with pytest.raises(StoreError, match="the budget is spent"):
        search.tell([Result(architecture="0-0-0-0-0-1", metrics={"val_accuracy": 9.0})])
    search.tell([result(0), result(1)])
    assert search.best() == search.trials()[1]  # the one of full training


def test_results_that_cannot_be_are_refused_and_nothing_of_them_is_kept(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan(objectives=(Objective("val_accuracy"),)))
    search.ask(2)
    for wrong, told in (
        (Result(1, metrics={"accuracy": 9.0}), "val_accuracy, which is searched for"),
        (Result(1), "got none"),
        (result(1, float("inf")), "^val_accuracy is inf, which no network can reach"),
        (result(1, "ninety"), "^expected a number"),  # type: ignore[arg-type]
        (result(1, 100.5), "from 0 to 100"),
        (result(1, -0.1), "from 0 to 100"),
        (result(1, curves={"val_accuracy": [9.0, 900.0]}), "from 0 to 100"),
        (Result(1, metrics={"val_accuracy": 9.0, "latency_ms": -1.0}), "in ms, from 0 to inf"),
        (result(1, seconds=-1.0), "at least 0 seconds"),
        (result(1, error="and metrics"), "not both"),
        (result(7), "pending are 1"),  # 0 is told by then
    ):
        with pytest.raises(InvalidSettingError, match=told):
            search.tell([result(0), wrong])
    assert search.trials() == []
    for settings in ({}, {"id": 1, "architecture": CELL}, {"id": -1}, {"id": 1, "epochs": 2}):
        with pytest.raises(InvalidSettingError):
            Result(**settings)
    assert search.tell([result(0, float("nan"))]).finished == 1  # a training that diverged
    assert search.best() is None


def test_a_folder_without_its_trials_is_refused(tmp_path: Path) -> None:
    search = AskTell(tmp_path / "a", plan())
    search.ask(1)
    search.tell([result(0)])
    for file in (tmp_path / "a").glob("trials.sqlite*"):
        file.unlink()
    with pytest.raises(StoreError, match=r"expected trials\.sqlite; restore it from a copy"):
        AskTell(tmp_path / "a")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="expected a folder"):
        AskTell(tmp_path / "file", plan())


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 0, "metrics": {"val_accuracy": 93.1, "val_accuracy": 9.31}}',
        '{"id": 0, "id": 1, "metrics": {"val_accuracy": 93.1}}',
        '{"id": 0, "metrics": {"val_accuracy": 1}}\n{"id": 1, "id": 2, "metrics": {}}',
    ],
)
def test_what_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettingError, match="is there twice"):
        results_in(text)


def test_true_is_no_number(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan())
    search.ask(1)
    with pytest.raises(InvalidSettingError, match="expected a number; val_accuracy is true"):
        search.tell(results_in('{"id": 0, "metrics": {"val_accuracy": true}}'))
    assert search.trials() == []


def test_fractions_are_told_with_a_warning(tmp_path: Path) -> None:
    search = AskTell(tmp_path, plan())
    search.ask(3)
    with pytest.warns(SearchWarning, match="at most 1; it is told in percent"):
        search.tell([result(0, 0.93)])
    search.tell([result(1, 93.0)])
    search.tell([result(2, 0.5)])  # a network that learned nothing


@pytest.mark.parametrize("strategy", ["hyperband", "asha", "ppo", "nsga2", "predictor_evolution"])
def test_strategies_learn_from_what_they_did_not_propose(tmp_path: Path, strategy: str) -> None:
    search = AskTell(tmp_path, plan(strategy, full_epochs=9, evaluations=30))
    rng = np.random.default_rng(0)
    while not (state := search.ask(2)).over:
        own = search.space.to_text(search.space.sample(1, rng))[0]
        told = [result(one.id, float(sum(one.candidate.arch.genes))) for one in state.pending]
        try:
            search.tell([*told, Result(architecture=own, error="failed")])
        except StoreError:  # met before
            search.tell(told)
    assert search.state().left == 0


def test_processes_take_turns(tmp_path: Path) -> None:
    """Four ask and tell at once; every number is given once, and no network twice."""
    AskTell(tmp_path, plan(evaluations=24))
    code = (
        "import sys; from nascast import AskTell, Result; s = AskTell(sys.argv[1])\n"
        "while (a := s.ask()).given:\n"
        "  s.tell([Result(a.given[0].id, metrics={'val_accuracy': 50.0 + a.given[0].id})])"
    )
    others = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [other.wait(60) for other in others] == [0] * 4
    trials = AskTell(tmp_path).trials()
    assert sorted(trial.id for trial in trials) == list(range(24))
    assert len({trial.candidate for trial in trials}) == 24


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    AskTell(tmp_path, plan())
    code = (
        "import sys; from nascast import AskTell, Result; s = AskTell(sys.argv[1])\n"
        "while True:\n"
        "  g = s.ask().given[0]; print('asked', g.id, flush=True)\n"
        "  s.tell([Result(g.id, metrics={'val_accuracy': 50.0})]); print('told', g.id, flush=True)"
    )
    words = [sys.executable, "-c", code, str(tmp_path)]
    lines: list[str] = []
    for k in range(3):
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            lines.append(other.stdout.readline())
            time.sleep(0.05 * k)
            os.kill(other.pid, signal.SIGKILL)
            lines += other.stdout.readlines()
    state, told = AskTell(tmp_path).state(), {trial.id for trial in AskTell(tmp_path).trials()}
    known = told | {one.id for one in state.pending}
    for line in filter(lambda line: line.endswith("\n"), lines):
        word, number = line.split()
        assert int(number) in (told if word == "told" else known)
    assert AskTell(tmp_path).ask().given[0].id == max(known) + 1


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nascast ask"):
        AskTell(tmp_path / "nothing")
    AskTell(tmp_path, plan())
    file = tmp_path / "search.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "versions": {}}))
    with pytest.raises(CorruptDataError, match="altered"):
        AskTell(tmp_path)
