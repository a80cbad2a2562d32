"""The one search loop."""

import math
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError, UnsupportedError
from nascast.core.executor import Done, Executor
from nascast.core.store import Store
from nascast.core.types import Candidate, Evaluation, ImageTask, Trial
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.executors.simulated import Simulated
from nascast.runner import Budget, Step, run, steps
from nascast.stores.memory import Memory
from nascast.stores.sqlite import Sqlite
from nascast.strategies.random import RandomSearch
from nascast.testing.doubles import ConstantEvaluator, TinyBenchmark

BENCH = TinyBenchmark()


def _run(store: Store, evaluations: int, evaluator: Any = BENCH, seed: int = 0) -> list[Trial]:
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
    metrics, task = ("val_accuracy",), ImageTask()

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        if seed % 3 == 2:
            raise FloatingPointError("diverged")
        return Evaluation({"val_accuracy": float(seed)}, 1.0)


def test_a_failed_evaluation_is_a_trial_and_the_run_goes_on() -> None:
    trials = _run(Memory(), 9, _FailsEveryThird())
    errors = [trial.evaluation.error for trial in trials]
    assert errors == [None, None, "FloatingPointError: diverged"] * 3
    assert not trials[2].evaluation.metrics


class _Bare:
    """An evaluator that says neither what it measures nor what networks are built for."""

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        return Evaluation({"val_accuracy": 1.0}, 1.0)


def test_an_evaluator_without_a_task_leaves_the_usual_one() -> None:
    assert len(_run(Memory(), 3, _Bare())) == 3


def test_a_budget_of_seconds_counts_what_trials_cost() -> None:
    trials = run(
        RandomSearch(BENCH.space),
        _FailsEveryThird(),
        executor=Serial(),
        store=Memory(),
        name="run",
        budget=Budget(seconds=5.0),
    )
    assert len(trials) == 7  # five that cost a second, and two failures next to nothing
    assert sum(trial.evaluation.seconds for trial in trials) == pytest.approx(5.0, abs=0.5)
    with pytest.raises(InvalidSettingError, match="budget"):
        Budget()


class _Returns:
    """Evaluations of which every third is as given."""

    metrics, task = ("val_accuracy",), ImageTask()

    def __init__(self, came: Any) -> None:
        self.came = came

    def evaluate(self, candidate: Candidate, seed: int) -> Any:
        return self.came if seed % 3 == 1 else Evaluation({"val_accuracy": float(seed)}, 1.0)


@pytest.mark.parametrize("executor", [Serial, Simulated])
@pytest.mark.parametrize(
    ("came", "why"),
    [
        (None, "expected an Evaluation from the evaluator; got None"),
        (Evaluation({}, 1.0), "neither metrics nor an error"),
        (Evaluation(None, 1.0), "metrics by name; got None"),  # type: ignore[arg-type]
        (Evaluation({"val_accuracy": 10**400}, 1.0), "val_accuracy is too large"),
        (Evaluation({"val_accuracy": 10**5000}, 1.0), "val_accuracy is too large"),
        (Evaluation({"val_accuracy": "91"}, 1.0), "val_accuracy is '91'"),  # type: ignore[dict-item]
        (Evaluation({"val_accuracy": float("1e400")}, 1.0), "no network can reach"),
        (Evaluation({"val_accuracy": 1.0, "note": None}, 1.0), "note is None"),  # type: ignore[dict-item]
        (Evaluation({"val_accuracy": np.ones(3)}, 1.0), "of the type ndarray"),  # type: ignore[dict-item]
        (Evaluation({5: 1.0}, 1.0), "one is called"),  # type: ignore[dict-item]
        (Evaluation({"val_accuracy": 1.0}, 1.0, curves={"loss": ("a",)}), "curve loss is 'a'"),  # type: ignore[dict-item]
        (Evaluation({"val_accuracy": 1.0}, -5.0), "this one took -5"),
        (Evaluation({"val_accuracy": 1.0}, math.inf), "this one took inf"),
        (Evaluation({"val_accuracy": 1.0}, 10**400), "seconds is too large"),
        (Evaluation({"val_accuracy": 1.0}, "1 s"), "seconds is '1 s'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_an_evaluation_is_the_failure_of_its_trial(
    came: Any, why: str, executor: Any
) -> None:
    trials = run(
        RandomSearch(BENCH.space),
        _Returns(came),
        executor=executor(),
        store=Memory(),
        name="run",
        budget=Budget(evaluations=6, seconds=1e6),
    )
    assert [trial.evaluation.error is not None for trial in trials] == [False, True, False] * 2
    assert why in str(trials[1].evaluation.error)
    assert not trials[1].evaluation.metrics
    assert all(0 <= trial.evaluation.seconds <= 1 for trial in trials)


def test_numbers_of_any_kind_become_floats() -> None:
    came = Evaluation({"val_accuracy": np.float32(1.5), "parameters": 7}, np.int64(3))  # type: ignore[arg-type, dict-item]
    found = _run(Memory(), 3, _Returns(came))[1].evaluation
    assert found == Evaluation({"val_accuracy": 1.5, "parameters": 7.0}, 3.0)
    assert {type(value) for value in (*found.metrics.values(), found.seconds)} == {float}


def test_seconds_that_sum_to_infinity_do_not_end_a_run_that_counts_evaluations() -> None:
    store = Memory()
    many = [
        Trial(i, t.candidate, Evaluation(t.evaluation.metrics, 1e308), 1.0)
        for i, t in enumerate(_run(Memory(), 3))
    ]
    _run(store, 0)
    store.append("run", many)  # as an earlier version kept them
    assert len(_run(store, 5)) == 5


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


class _Clock:
    """Seconds that pass only when told, and after a stop begin at another time."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _Lasting:
    """Evaluations that take so many seconds by a clock, and cost twice as many."""

    metrics, task = ("val_accuracy",), ImageTask()

    def __init__(self, clock: _Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        self.clock.now += self.seconds
        if seed == 1:
            raise FloatingPointError("diverged")
        return Evaluation({"val_accuracy": 1.0}, 2 * self.seconds)


def _timed(store: Store, budget: Budget, start: float, seconds: float = 10.0) -> list[Trial]:
    clock = _Clock(start)
    return run(
        RandomSearch(BENCH.space),
        _Lasting(clock, seconds),
        executor=Serial(clock),
        store=store,
        name="run",
        budget=budget,
    )


def test_the_clock_goes_on_where_it_was_after_a_resume() -> None:
    store = Memory()
    _timed(store, Budget(evaluations=3), start=1000.0)
    trials = _timed(store, Budget(evaluations=5), start=77.0)
    assert [trial.finished for trial in trials] == [10.0, 20.0, 30.0, 40.0, 50.0]


def test_a_failed_evaluation_costs_what_its_worker_was_busy() -> None:
    trials = _timed(Memory(), Budget(evaluations=3), start=0.0)
    assert [trial.evaluation.seconds for trial in trials] == [20.0, 10.0, 20.0]


def test_a_budget_by_the_clock_counts_earlier_sessions() -> None:
    store = Memory()
    assert len(_timed(store, Budget(clock=25.0), start=0.0)) == 3  # the third goes beyond it
    assert len(_timed(store, Budget(clock=25.0), start=500.0)) == 3
    assert len(_timed(store, Budget(clock=45.0), start=900.0)) == 5


def test_a_budget_by_a_virtual_clock() -> None:
    trials = run(
        RandomSearch(BENCH.space),
        ConstantEvaluator(seconds=60.0),
        executor=Simulated(4, clock=_Clock()),
        store=Memory(),
        name="run",
        budget=Budget(clock=10 * 60.0),
    )
    assert len(trials) == 40
    assert trials[-1].finished == 600.0


def test_a_resumed_simulation_goes_on_with_its_clock() -> None:
    store = Memory()
    for evaluations in (10, 20):
        trials = run(
            RandomSearch(BENCH.space),
            ConstantEvaluator(seconds=1.0),
            executor=Simulated(2, clock=_Clock()),
            store=store,
            name="run",
            budget=Budget(evaluations),
        )
    assert [trial.finished for trial in trials] == [k // 2 + 1 for k in range(20)]


@pytest.mark.parametrize("evaluations", [5, None])
def test_unknown_seconds_and_a_budget_of_them(evaluations: int | None) -> None:
    store = Memory()
    with pytest.raises(UnsupportedError, match="say what they cost"):
        run(
            RandomSearch(BENCH.space),
            ConstantEvaluator(seconds=math.nan),
            executor=Serial(),
            store=store,
            name="run",
            budget=Budget(evaluations, seconds=100.0),
        )
    assert len(store.read("run")) == 1


def test_without_known_seconds_a_number_of_evaluations_is_a_budget() -> None:
    store = Memory()
    for evaluations in (3, 7):  # the second goes on with what the first left
        trials = run(
            RandomSearch(BENCH.space),
            ConstantEvaluator(seconds=math.nan),
            executor=Simulated(2),
            store=store,
            name="run",
            budget=Budget(evaluations),
        )
        assert sorted(trial.id for trial in trials) == list(range(evaluations))
        assert all(math.isnan(trial.finished) for trial in trials)


def test_a_simulated_clock_without_seconds_is_no_budget() -> None:
    store = Memory()
    for done in (1, 1):  # and going on with what is stored ends at once
        with pytest.raises(UnsupportedError, match="give a number of evaluations"):
            run(
                RandomSearch(BENCH.space),
                ConstantEvaluator(seconds=math.nan),
                executor=Simulated(),
                store=store,
                name="run",
                budget=Budget(clock=100.0),
            )
        assert len(store.read("run")) == done


def test_a_real_clock_is_a_budget_for_evaluations_of_unknown_seconds() -> None:
    times = iter(range(10_000))
    trials = run(
        RandomSearch(BENCH.space),
        ConstantEvaluator(seconds=math.nan),
        executor=Serial(clock=lambda: float(next(times))),
        store=Memory(),
        name="run",
        budget=Budget(clock=50.0),
    )
    assert 1 < len(trials) < 50


def _steps(store: Store, executor: Executor, budget: Budget) -> list[Step]:
    return list(
        steps(
            RandomSearch(BENCH.space),
            BENCH,
            executor=executor,
            store=store,
            name="run",
            budget=budget,
        )
    )


def test_steps_show_what_is_new_and_pending() -> None:
    store = Memory()
    first = _steps(store, Simulated(3, clock=_Clock()), Budget(5))
    assert (first[0].trials, first[0].pending, first[0].clock) == ([], 3, 0.0)
    assert [step.pending for step in first][-3:] == [2, 1, 0]
    assert [trial for step in first for trial in step.trials] == store.read("run")
    assert [step.clock for step in first[1:]] == [step.trials[-1].finished for step in first[1:]]
    again = _steps(store, Simulated(3), Budget(6))
    assert again[0].trials == [trial for step in first for trial in step.trials]
    assert [len(step.trials) for step in again[1:]] == [1]


class _Interrupted(Simulated):
    """Ctrl-C while waiting for the results after the third."""

    closed = 0
    collected = 0

    def collect(self) -> list[Done]:
        if self.collected == 3:
            raise KeyboardInterrupt
        self.collected += 1
        return super().collect()

    def close(self) -> None:
        self.closed += 1
        super().close()


def test_an_interrupt_keeps_what_finished_and_drops_the_rest() -> None:
    store, executor = Memory(), _Interrupted(2)
    with pytest.raises(KeyboardInterrupt):
        _steps(store, executor, Budget(20))
    assert executor.closed == 1
    assert len(store.read("run")) == 3
    assert executor._running == []


def test_asking_for_no_more_steps_stops_the_executor() -> None:
    store, executor = Memory(), _Interrupted(2)
    for step in steps(
        RandomSearch(BENCH.space),
        BENCH,
        executor=executor,
        store=store,
        name="run",
        budget=Budget(20),
    ):
        if step.trials:
            break
    del step
    assert executor.closed == 1
    assert len(store.read("run")) == 1


class _Reversed(Executor):
    """Gives back the last of three calls first, and after that nothing."""

    workers = 3

    def __init__(self) -> None:
        self.calls: list[tuple[Hashable, Callable[[], Any]]] = []

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self.calls.append((task, call))

    def collect(self) -> list[Done]:
        if len(self.calls) > 3:
            raise KeyboardInterrupt
        task, call = self.calls[-1]
        return [Done(task, call(), None, 1.0)]


def test_what_was_pending_is_asked_for_again_under_its_numbers() -> None:
    store = Memory()
    with pytest.raises(KeyboardInterrupt):
        _steps(store, _Reversed(), Budget(6))
    assert [trial.id for trial in store.read("run")] == [2]
    trials = _run(store, 6)
    assert [trial.id for trial in trials] == [2, 0, 1, 3, 4, 5]


class _Finite(RandomSearch):
    """Proposes three candidates, and then waits for nothing."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        if len(self.history) + len(pending) >= 3:
            return []
        return super().ask(n, rng, pending)


def test_a_strategy_with_nothing_left_to_ask_ends_the_run() -> None:
    trials = run(
        _Finite(BENCH.space),
        BENCH,
        executor=Simulated(2),
        store=Memory(),
        name="run",
        budget=Budget(10),
    )
    assert sorted(trial.id for trial in trials) == [0, 1, 2]


class _Exhausted(RandomSearch):
    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        if len(self.history):
            raise UnsupportedError("no more")
        return super().ask(n, rng, pending)


def test_what_a_strategy_raises_is_raised() -> None:
    store = Memory()
    with pytest.raises(UnsupportedError, match="no more"):
        run(
            _Exhausted(BENCH.space),
            BENCH,
            executor=Serial(),
            store=store,
            name="run",
            budget=Budget(10),
        )
    assert len(store.read("run")) == 1


class _WithSettings(RandomSearch):
    def __init__(self, *arguments: Any, size: int = 3, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.size = size


def test_settings_and_versions_are_stored() -> None:
    store = Memory()
    budget = Budget(1)
    run(
        _WithSettings(BENCH.space, size=7),
        BENCH,
        executor=Serial(),
        store=store,
        name="run",
        budget=budget,
        seed=5,
    )
    info = store.info("run")
    assert info["strategy"] == {"name": "_WithSettings", "settings": {"size": 7}}
    assert (info["space"], info["evaluator"], info["seed"]) == ("tiny", {"benchmark": "tiny"}, 5)
    assert info["versions"]["numpy"] == np.__version__
    with pytest.raises(StoreError, match=r"strategy was _WithSettings\(size=7\), is .*8"):
        run(
            _WithSettings(BENCH.space, size=8),
            BENCH,
            executor=Serial(),
            store=store,
            name="run",
            budget=budget,
            seed=5,
        )


def test_a_run_of_an_earlier_version_is_refused() -> None:
    store = Memory()
    old = {"strategy": "RandomSearch", "strategy_settings": {}, "space": "tiny", "seed": 0}
    store.begin("run", old)
    with pytest.raises(StoreError, match=r"begun by another version .* go on with that version"):
        _run(store, 3)


class _Thinks(RandomSearch):
    """Thinks 5 seconds for each question and 1 for each trial it is told, by a clock."""

    def __init__(self, clock: _Clock, ask: float = 5.0, tell: float = 1.0) -> None:
        super().__init__(BENCH.space)
        self._clock, self._ask, self._tell = clock, ask, tell
        self.asked: list[int] = []

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        self._clock.now += self._ask
        self.asked.append(n)
        return super().ask(n, rng, pending)

    def tell(self, trials: Sequence[Trial]) -> None:
        self._clock.now += self._tell * len(trials)
        super().tell(trials)


def _thinking(
    store: Store, budget: Budget, workers: int = 1, *, ask: float = 5.0, tell: float = 1.0
) -> tuple[list[Trial], _Thinks]:
    clock = _Clock()
    strategy = _Thinks(clock, ask, tell)
    trials = run(
        strategy,
        ConstantEvaluator(seconds=10.0),
        executor=Simulated(workers, clock=clock),
        store=store,
        name="run",
        budget=budget,
    )
    return trials, strategy


def test_thinking_is_on_a_virtual_clock_and_kept_with_each_trial() -> None:
    store = Memory()
    trials, _ = _thinking(store, Budget(3))
    assert [trial.thinking for trial in trials] == [5.0, 6.0, 6.0]
    assert [trial.finished for trial in trials] == [15.0, 31.0, 47.0]
    assert store.read("run") == trials
    more, _ = _thinking(store, Budget(5))  # being told again is not charged again
    assert [trial.thinking for trial in more[3:]] == [5.0, 6.0]
    assert [trial.finished for trial in more[3:]] == [62.0, 78.0]


def test_free_workers_are_asked_for_at_once() -> None:
    trials, strategy = _thinking(Memory(), Budget(7), workers=3)
    # Three at 5 end at 15; told until 18, asked for three until 23, which end at 33; told until 36,
    # and asked for the one that is left.
    assert strategy.asked == [3, 3, 1]
    assert [trial.finished for trial in trials] == [15.0] * 3 + [33.0] * 3 + [51.0]
    thinking = [trial.thinking for trial in trials]
    assert thinking == pytest.approx([5 / 3] * 3 + [8 / 3] * 3 + [8.0])


def test_a_budget_by_the_clock_sees_thinking_and_begins_nothing_after_it() -> None:
    assert len(_thinking(Memory(), Budget(clock=47.0))[0]) == 3  # 15, 31 and 47
    assert len(_thinking(Memory(), Budget(clock=36.0))[0]) == 2  # thought until 37: too late
    assert len(_thinking(Memory(), Budget(clock=38.0))[0]) == 3


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_run_that_thought_until_its_limit_is_finished(kind: str) -> None:
    store = plugins.load("store", kind)
    trials, _ = _thinking(store, Budget(clock=36.0))  # thinks until 37
    again, strategy = _thinking(store, Budget(clock=36.0), ask=0.0, tell=0.0)
    assert (again, strategy.asked) == (trials, [])
    more, _ = _thinking(store, Budget(clock=48.0), ask=0.0, tell=0.0)
    assert [trial.finished for trial in more] == [15.0, 31.0, 47.0, 57.0]  # of the clock at 37


def test_thinking_changes_no_trial_of_a_simulation() -> None:
    found = []
    for ask, tell in ((0.0, 0.0), (0.5, 0.25), (400.0, 7.0)):
        clock = _Clock()
        trials = run(
            _Thinks(clock, ask, tell),
            BENCH,
            executor=Simulated(4, clock=clock),
            store=Memory(),
            name="run",
            budget=Budget(40),
        )
        times = [trial.finished for trial in trials]
        assert times == sorted(times)
        assert times[-1] >= sum(trial.thinking for trial in trials)
        found.append(_what(trials))
    assert found[0] == found[1] == found[2]


def test_thinking_is_measured_beside_a_clock_that_goes_by_itself() -> None:
    clock = _Clock()

    class Measured(Serial):
        def busy(self) -> float:
            return clock.now

    trials = run(
        _Thinks(clock),
        _Lasting(clock, 10.0),
        executor=Measured(clock),
        store=Memory(),
        name="run",
        budget=Budget(2),
    )
    assert [trial.thinking for trial in trials] == [5.0, 6.0]
    assert [trial.finished for trial in trials] == [15.0, 31.0]


class _Busy(RandomSearch):
    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        return super().ask(n, rng, pending)


def test_real_thinking_is_processor_time() -> None:
    (trial,) = run(
        _Busy(BENCH.space),
        ConstantEvaluator(seconds=2.0),
        executor=Simulated(),
        store=Memory(),
        name="run",
        budget=Budget(1),
    )
    assert trial.thinking >= 0.05
    assert trial.finished == pytest.approx(2.0 + trial.thinking)


SEARCH = """
import sys, time
from nascast.core import plugins
from nascast.runner import Budget, run
from nascast.testing.doubles import TinyBenchmark

class Slow(TinyBenchmark):
    def evaluate(self, candidate, seed=0):
        time.sleep(0.003)
        return super().evaluate(candidate, seed)

if __name__ == "__main__":
    path, executor, count = sys.argv[1:]
    bench = Slow()
    settings = {"workers": 2} if executor == "processes" else {}
    with plugins.load("executor", executor, **settings) as workers:
        print("ready", flush=True)
        run(
            plugins.load("strategy", "random", bench.space),
            bench,
            executor=workers,
            store=plugins.load("store", "sqlite", path),
            name="run",
            budget=Budget(int(count)),
        )
"""


@pytest.mark.parametrize(("executor", "kills"), [("serial", 4), ("processes", 2)])
def test_killed_at_any_moment_a_search_goes_on(tmp_path: Path, executor: str, kills: int) -> None:
    """Trials are neither lost nor doubled; with one worker they are those of an unbroken run."""
    script, path, count = tmp_path / "search.py", tmp_path / "runs.sqlite", 120
    script.write_text(SEARCH)
    command = [sys.executable, str(script), str(path), executor, str(count)]
    before: list[Trial] = []
    rng = np.random.default_rng(kills)
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as search:
            assert search.stdout
            search.stdout.readline()
            wait_for_more(path, len(before))
            time.sleep(rng.uniform(0, 0.05))
            search.kill()
        found = Sqlite(path).read("run")
        assert found[: len(before)] == before
        before = found
    assert 0 < len(before) < count
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    trials = Sqlite(path).read("run")
    assert trials[: len(before)] == before
    assert sorted(trial.id for trial in trials) == list(range(count))
    times = [trial.finished for trial in trials]
    assert times == sorted(times)
    if executor == "serial":
        assert [trial.id for trial in trials] == list(range(count))
        assert _what(trials) == _what(_run(Memory(), count))


def wait_for_more(path: Path, known: int) -> None:
    """Waits until a run has more trials than are known; then it is at work."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        store = Sqlite(path)
        if store.runs() and len(store.read("run", known)):
            return
        time.sleep(0.002)
    raise TimeoutError("a search stored nothing for a minute")


def test_random_search_draws_uniformly() -> None:
    trials = _run(Memory(), 100)
    share = np.mean([trial.candidate.arch.genes[-1] for trial in trials])
    assert 0.35 < share < 0.65
