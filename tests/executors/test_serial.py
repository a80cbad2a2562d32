import operator
from functools import partial

import pytest

from nascast.executors.serial import Serial


def test_calls_run_in_their_order_when_collected() -> None:
    ran: list[int] = []
    executor = Serial()
    for k in range(3):
        executor.submit(k, partial(ran.append, k))
    assert ran == []
    assert [executor.collect()[0].task for _ in range(2)] == [0, 1]
    assert ran == [0, 1]


def test_a_call_may_submit_another() -> None:
    executor = Serial()
    executor.submit("first", lambda: executor.submit("second", lambda: 2))
    assert executor.collect()[0].error is None
    assert executor.collect()[0].value == 2
    assert executor.collect() == []


def test_the_clock_is_read_when_a_call_is_finished() -> None:
    times = iter([8.0, 10.0, 10.5, 12.5])
    executor = Serial(clock=lambda: next(times))
    executor.submit("a", lambda: 1)
    executor.submit("b", lambda: 1 // 0)
    found = [executor.collect()[0] for _ in range(2)]
    assert [done.finished for done in found] == [10.0, 12.5]
    assert [done.seconds for done in found] == [2.0, 2.0]


def test_an_error_names_its_kind_and_message() -> None:
    executor = Serial()
    executor.submit("bad", partial(operator.getitem, {}, "missing"))
    (done,) = executor.collect()
    assert (done.task, done.value, done.error) == ("bad", None, "KeyError: 'missing'")


def test_an_interrupt_is_not_a_failed_call() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    executor = Serial()
    executor.submit("interrupted", interrupt)
    with pytest.raises(KeyboardInterrupt):
        executor.collect()
