"""The promises of an executor. Every check takes a factory without arguments.

The calls can be pickled, so that executors with other processes or machines can be checked.
"""

import operator
import os
import signal
from collections.abc import Callable
from functools import partial

from nascast.core.executor import Done, Executor

Factory = Callable[[], Executor]


def check_every_task_once(factory: Factory) -> None:
    """More tasks than workers each come back once, under their own name with their own value."""
    with factory() as executor:
        count = 3 * executor.workers + 1
        for k in range(count):
            executor.submit(("square", k), partial(pow, k, 2))
        done = _collect(executor, count)
        assert {d.task: d.value for d in done} == {("square", k): k * k for k in range(count)}
        assert not [d.error for d in done if d.error], "a task that went well has an error"
        assert executor.collect() == [], "with nothing queued, collect should return nothing"


def check_finished_tells_the_order(factory: Factory) -> None:
    """Tasks carry the clock's seconds, which never go back."""
    with factory() as executor:
        for k in range(4):
            executor.submit(k, partial(abs, k))
        times = [done.finished for done in _collect(executor, 4)]
    assert times == sorted(times), f"the clock went back: {times}"


def check_one_clock(factory: Factory) -> None:
    """`now` and `finished` are read from the same clock, which never goes back."""
    with factory() as executor:
        times = [executor.now()]
        for k in range(3):
            executor.submit(k, partial(abs, k))
            (done,) = _collect(executor, 1)
            assert done.seconds >= 0, f"a task took {done.seconds} seconds"
            times += [done.finished, executor.now()]
    assert times == sorted(times), f"the clock went back: {times}"


def check_nothing_submitted(factory: Factory) -> None:
    """Collecting without tasks returns an empty list, and there is at least one worker."""
    with factory() as executor:
        assert executor.workers >= 1, f"{executor.workers} workers"
        assert executor.collect() == [], "with nothing queued, collect should return nothing"


def check_a_call_that_raises(factory: Factory) -> None:
    """A call that raises comes back with its error, and the tasks beside it are not touched."""
    with factory() as executor:
        executor.submit("good", partial(operator.add, 1, 2))
        executor.submit("bad", partial(operator.truediv, 1, 0))
        executor.submit("also good", partial(operator.add, 3, 4))
        done = {d.task: d for d in _collect(executor, 3)}
    error = done["bad"].error
    assert error is not None, "a call that raised came back without an error"
    assert "ZeroDivisionError" in error, f"the error does not say what was raised: {error}"
    assert done["bad"].value is None, "a call that raised came back with a value"
    values = (done["good"].value, done["also good"].value)
    assert values == (3, 7), f"tasks beside one that raised came back with {values}"


def check_usable_after_an_error(factory: Factory) -> None:
    """After a call that raised, the same executor runs the next one."""
    with factory() as executor:
        executor.submit("bad", partial(operator.truediv, 1, 0))
        _collect(executor, 1)
        executor.submit("good", partial(operator.add, 1, 2))
        (done,) = _collect(executor, 1)
    assert (done.value, done.error) == (3, None), f"the next call came back as {done}"


def check_a_worker_that_dies(factory: Factory) -> None:
    """A call that kills its worker comes back with an error, and the other tasks still run.

    Passed over by executors that run calls in the process they are used from.
    """
    with factory() as executor:
        executor.submit("who", os.getpid)
        (done,) = _collect(executor, 1)
        if done.value == os.getpid():
            return
        executor.submit("exits", partial(os._exit, 3))
        executor.submit("is killed", partial(signal.raise_signal, signal.SIGKILL))
        for k in range(executor.workers + 1):
            executor.submit(k, partial(operator.neg, k))
        found = {d.task: d for d in _collect(executor, executor.workers + 3)}
    for task in ("exits", "is killed"):
        assert found[task].error, f"the call that {task} came back without an error"
    for k in range(executor.workers + 1):
        assert found[k].value == -k, f"beside a dying worker, task {k} came back as {found[k]}"


def check_close_drops_what_is_queued(factory: Factory) -> None:
    """Closing with work pending returns, may be done twice, and leaves nothing to collect."""
    executor = factory()
    for k in range(2 * executor.workers + 1):
        executor.submit(k, partial(abs, k))
    executor.close()
    executor.close()
    assert executor.collect() == [], "a closed executor still had something to collect"


def _collect(executor: Executor, count: int) -> list[Done]:
    """Collects until `count` tasks are back."""
    done: list[Done] = []
    while len(done) < count:
        some = executor.collect()
        assert some, f"collect returned nothing with {count - len(done)} of {count} tasks missing"
        done += some
    assert len(done) == count, f"{count} tasks submitted, {len(done)} came back"
    return done
