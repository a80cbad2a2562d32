"""A virtual clock, against times worked out by hand and by a loop over workers."""

import math
import operator
from functools import partial

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.types import Evaluation
from nascast.executors.simulated import Simulated


def lasting(seconds: float) -> Evaluation:
    return Evaluation({}, seconds)


def test_two_workers_share_tasks_in_order() -> None:
    executor = Simulated(2)
    for name, seconds in (("a", 3.0), ("b", 1.0), ("c", 1.0), ("d", 4.0)):
        executor.submit(name, partial(lasting, seconds))
    ends = []
    while done := executor.collect():
        ends.append(([one.task for one in done], executor.now()))
        assert {one.finished for one in done} == {executor.now()}
    # b frees a worker at 1 for c, c at 2 for d.
    assert ends == [(["b"], 1.0), (["c"], 2.0), (["a"], 3.0), (["d"], 6.0)]


def test_what_ends_together_comes_together_in_the_order_of_submission() -> None:
    executor = Simulated(3)
    for name, seconds in (("late", 2.0), ("x", 1.0), ("y", 1.0), ("z", 1.0)):
        executor.submit(name, partial(lasting, seconds))
    assert [done.task for done in executor.collect()] == ["x", "y"]
    assert [done.task for done in executor.collect()] == ["late", "z"]
    assert executor.collect() == []
    assert executor.now() == 2.0


def test_a_task_submitted_later_starts_later() -> None:
    executor = Simulated(1)
    executor.submit("a", partial(lasting, 5.0))
    executor.collect()
    executor.submit("b", partial(lasting, 2.0))
    (done,) = executor.collect()
    assert (done.finished, done.seconds) == (7.0, 2.0)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_against_a_loop_over_workers(workers: int) -> None:
    """A fresh candidate whenever one is finished, as the runner does it."""
    seconds = np.random.default_rng(workers).exponential(size=60)
    executor = Simulated(workers)
    found = []
    for k in range(workers):
        executor.submit(k, partial(lasting, seconds[k]))
    submitted = workers
    while done := executor.collect():
        for one in done:
            found.append((one.task, one.finished))
            if submitted < len(seconds):
                executor.submit(submitted, partial(lasting, seconds[submitted]))
                submitted += 1
    free = np.zeros(workers)
    expected = []
    for k, cost in enumerate(seconds):
        worker = int(free.argmin())
        free[worker] += cost
        expected.append((k, free[worker]))
    expected.sort(key=lambda pair: pair[1])
    assert [task for task, _ in found] == [task for task, _ in expected]
    np.testing.assert_allclose([end for _, end in found], [end for _, end in expected])


def test_thinking_begins_tasks_later_and_workers_that_are_busy_go_on() -> None:
    now = [3.0]
    executor = Simulated(2, clock=lambda: now[0])
    assert (executor.busy(), executor.now()) == (3.0, 0.0)
    executor.spend(1.0)
    for name in ("a", "b"):
        executor.submit(name, partial(lasting, 10.0 if name == "a" else 2.0))
    assert [(done.task, done.finished) for done in executor.collect()] == [("b", 3.0)]
    executor.spend(4.0)
    executor.submit("c", partial(lasting, 2.0))
    assert [(done.task, done.finished) for done in executor.collect()] == [("c", 9.0)]
    assert [(done.task, done.finished) for done in executor.collect()] == [("a", 11.0)]
    assert executor.now() == 11.0


def test_thinking_does_not_decide_what_ends_first() -> None:
    """Without thinking x ends at 5 and y at 6; with it y would by the clock be first."""
    executor = Simulated(2)
    executor.submit("first", partial(lasting, 1.0))
    executor.submit("y", partial(lasting, 6.0))
    executor.collect()
    executor.spend(100.0)
    executor.submit("x", partial(lasting, 4.0))
    found = [(done.task, done.finished) for _ in range(2) for done in executor.collect()]
    assert found == [("x", 105.0), ("y", 105.0)]


@pytest.mark.parametrize("workers", [1, 3])
def test_thinking_against_a_loop_over_workers(workers: int) -> None:
    """A candidate whenever one is finished, each thought of for as long as it then takes."""
    rng = np.random.default_rng(workers)
    seconds, thinking = rng.exponential(size=40) + 1, 0.01 * rng.random(40)
    executor = Simulated(workers)
    free, now, found = np.zeros(workers), 0.0, []
    waiting: list[tuple[float, int, int]] = []
    for k in range(40):
        if k >= workers:
            (done,) = executor.collect()
            end, task, worker = min(waiting)
            waiting.remove((end, task, worker))
            now = max(now, end)
            found.append((done.task, done.finished, task, now))
        else:
            worker = k
        executor.spend(thinking[k])
        executor.submit(k, partial(lasting, seconds[k]))
        now += thinking[k]
        free[worker] = now + seconds[k]
        waiting.append((free[worker], k, worker))
    assert [line[0] for line in found] == [line[2] for line in found]
    np.testing.assert_allclose([line[1] for line in found], [line[3] for line in found])


def test_a_call_runs_when_it_is_submitted() -> None:
    ran: list[int] = []
    executor = Simulated()
    executor.submit("a", partial(ran.append, 1))
    assert ran == [1]


def test_an_error_takes_no_time() -> None:
    executor = Simulated()
    executor.submit("bad", partial(operator.truediv, 1, 0))
    executor.submit("good", partial(lasting, 1.0))
    (bad,) = executor.collect()
    assert (bad.error, bad.finished) == ("ZeroDivisionError: division by zero", 0.0)
    assert executor.collect()[0].finished == 1.0


def test_after_closing_the_workers_are_free() -> None:
    executor = Simulated(2)
    for seconds in (1.0, 9.0, 9.0):
        executor.submit(seconds, partial(lasting, seconds))
    executor.collect()
    executor.close()
    executor.submit("new", partial(lasting, 1.0))
    assert executor.collect()[0].finished == 2.0


@pytest.mark.parametrize("seconds", [float("inf"), -1.0])
def test_seconds_that_no_clock_can_show_are_refused(seconds: float) -> None:
    with pytest.raises(UnsupportedError, match=rf"took some seconds, .*; 'a' took {seconds}"):
        Simulated().submit("a", partial(lasting, seconds))


def test_without_seconds_workers_go_on_in_rounds_and_there_is_no_clock() -> None:
    executor = Simulated(2)
    rounds = []
    for pair in ("ab", "cd", "e"):
        for name in pair:
            executor.submit(name, partial(lasting, math.nan))
        executor.spend(1.0)
        done = executor.collect()
        rounds.append("".join(str(one.task) for one in done))
        assert all(math.isnan(one.finished) for one in done)
    assert rounds == ["ab", "cd", "e"]
    assert math.isnan(executor.now())


def test_the_clock_stops_with_the_first_task_of_unknown_length() -> None:
    executor = Simulated(2)
    for name, seconds in (("a", 3.0), ("b", math.nan), ("c", 1.0)):
        executor.submit(name, partial(lasting, seconds))
    assert [done.task for done in executor.collect()] == ["b"]
    assert math.isnan(executor.now())
    assert [done.task for done in executor.collect()] == ["c"]
    (last,) = executor.collect()
    assert last.task == "a"
    assert math.isnan(last.finished)
    executor.close()
    executor.submit("d", partial(lasting, 1.0))
    assert math.isnan(executor.collect()[0].finished)


@pytest.mark.parametrize("workers", [0, -2])
def test_at_least_one_worker(workers: int) -> None:
    with pytest.raises(InvalidSettingError, match=f"at least 1 worker; got {workers}"):
        Simulated(workers)
