"""The one search loop."""

from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.runner import Budget, run
from nascast.stores.memory import Memory
from nascast.strategies.random import RandomSearch
from nascast.testing.doubles import TinyBenchmark

BENCH = TinyBenchmark()


def _run(store: Memory, evaluations: int, evaluator: Any = BENCH, seed: int = 0) -> list[Trial]:
    return run(
        RandomSearch(BENCH.space),
        evaluator,
        executor=Serial(),
        store=store,
        name="run",
        budget=Budget(evaluations),
        seed=seed,
    )


def _what(trials: list[Trial]) -> list[tuple[int, Candidate, Evaluation]]:
    return [(trial.id, trial.candidate, trial.evaluation) for trial in trials]


def test_a_run_ends_with_its_budget_and_is_stored() -> None:
    store = Memory()
    trials = _run(store, 12)
    assert [trial.id for trial in trials] == list(range(12))
    assert store.read("run") == trials
    row = trials[3].candidate.arch.row()
    assert trials[3].evaluation.metrics["val_accuracy"] == BENCH.query(row, "val_accuracy")[0]


def test_the_same_seed_gives_the_same_trials_also_after_a_resume() -> None:
    whole, parts = Memory(), Memory()
    _run(whole, 12)
    for evaluations in (1, 5, 12, 12):
        _run(parts, evaluations)
    assert _what(parts.read("run")) == _what(whole.read("run"))
    other = Memory()
    assert _what(_run(other, 12, seed=1)) != _what(whole.read("run"))


def test_resuming_with_other_settings_is_refused() -> None:
    store = Memory()
    _run(store, 2)
    with pytest.raises(StoreError, match="seed was 0, is 1"):
        _run(store, 3, seed=1)


class _FailsEveryThird:
    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        if seed % 3 == 2:
            raise FloatingPointError("diverged")
        return Evaluation({"val_accuracy": float(seed)}, 1.0)


def test_a_failed_evaluation_is_a_trial_and_the_run_goes_on() -> None:
    trials = _run(Memory(), 9, _FailsEveryThird())
    errors = [trial.evaluation.error for trial in trials]
    assert errors == [None, None, "FloatingPointError: diverged"] * 3
    assert not trials[2].evaluation.metrics


def test_a_budget_of_seconds_counts_what_trials_cost() -> None:
    trials = run(
        RandomSearch(BENCH.space),
        _FailsEveryThird(),
        executor=Serial(),
        store=Memory(),
        name="run",
        budget=Budget(seconds=5.0),
    )
    assert sum(trial.evaluation.seconds for trial in trials) == 5.0
    with pytest.raises(InvalidSettingError, match="budget"):
        Budget()


def test_two_workers_evaluate_everything_once() -> None:
    with Processes(2) as executor:
        trials = run(
            RandomSearch(BENCH.space),
            BENCH,
            executor=executor,
            store=Memory(),
            name="run",
            budget=Budget(20),
        )
    assert sorted(trial.id for trial in trials) == list(range(20))
    candidates = [trial.candidate for trial in trials]
    assert len(set(candidates)) == 20  # pending ones are not proposed again


def test_random_search_draws_uniformly() -> None:
    trials = _run(Memory(), 100)
    share = np.mean([trial.candidate.arch.genes[-1] for trial in trials])
    assert 0.35 < share < 0.65
