"""Worker processes that raise, die and hang."""

import multiprocessing
import operator
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.executor import Done, Executor
from nascast.executors.processes import Processes

CALLS = '''
"""Calls for workers, in a module that they can import."""

import os
import signal
import threading


def die_first(folder, how):
    """Dies as long as no attempt was noted before; returns how many there were."""
    attempts = len(os.listdir(folder))
    open(os.path.join(folder, str(attempts)), "w").close()
    if not attempts:
        die(how)
    return attempts


def die_always(folder, how):
    open(os.path.join(folder, str(len(os.listdir(folder)))), "w").close()
    die(how)


def die(how):
    if how == "exit":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGKILL)


def exit_politely():
    raise SystemExit("no more")


def lock():
    return threading.Lock()


def threads():
    """How many threads the libraries of a worker take that loads them itself."""
    import numpy
    import torch
    from threadpoolctl import threadpool_info

    return [torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())]
'''


@pytest.fixture(autouse=True)
def _never_hang() -> Iterator[None]:
    """A test that waits for a worker in vain fails after a minute instead of blocking the rest."""

    def give_up(*arguments: object) -> None:
        raise TimeoutError("waited a minute for a worker")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 60)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)
    assert multiprocessing.active_children() == []


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "calls_for_workers.py").write_text(CALLS)
    monkeypatch.syspath_prepend(tmp_path)  # workers are started with this path
    import calls_for_workers  # type: ignore[import-not-found]

    return calls_for_workers  # type: ignore[no-any-return]


def collect(executor: Executor, count: int) -> dict[Any, Done]:
    found: dict[Any, Done] = {}
    while len(found) < count:
        done = executor.collect()
        assert done, f"{count - len(found)} of {count} tasks never came back"
        for one in done:
            assert one.task not in found, "a task came back twice"
            found[one.task] = one
    return found


def test_workers_by_default_are_all_cores() -> None:
    assert Processes().workers == os.cpu_count()
    assert Processes(3).workers == 3


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker(workers: int) -> None:
    with pytest.raises(InvalidSettingError, match=f"at least 1 worker; got {workers}"):
        Processes(workers)


def test_no_process_is_started_before_there_is_work() -> None:
    with Processes(2) as executor:
        assert multiprocessing.active_children() == []
        executor.submit("a", os.getpid)
        assert len(multiprocessing.active_children()) == 1
        collect(executor, 1)


def test_more_tasks_than_workers_share_the_workers() -> None:
    with Processes(2) as executor:
        for k in range(9):
            executor.submit(k, os.getpid)
        found = collect(executor, 9)
        pids = {done.value for done in found.values()}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


def test_one_worker_runs_calls_in_their_order() -> None:
    with Processes(1) as executor:
        for k in range(5):
            executor.submit(k, partial(operator.neg, k))
        assert list(collect(executor, 5)) == [0, 1, 2, 3, 4]


def test_the_clock_is_read_when_a_call_is_finished() -> None:
    times = iter([8.0, 10.0, 10.5, 12.5])
    with Processes(1, clock=lambda: next(times)) as executor:
        executor.submit("a", partial(abs, 1))
        executor.submit("b", partial(abs, 1))
        found = list(collect(executor, 2).values())
    assert [done.finished for done in found] == [10.0, 12.5]
    assert [done.seconds for done in found] == [2.0, 2.0]


def test_large_calls_and_results() -> None:
    with Processes(1) as executor:
        executor.submit("call", partial(len, bytes(5_000_000)))
        executor.submit("result", partial(bytes, 5_000_000))
        found = collect(executor, 2)
    assert found["call"].value == len(found["result"].value) == 5_000_000


@pytest.mark.parametrize(
    ("name", "error"), [("exit_politely", "SystemExit: no more"), ("lock", "result cannot be sent")]
)
def test_what_goes_wrong_in_a_call_comes_back(calls: ModuleType, name: str, error: str) -> None:
    with Processes(1) as executor:
        executor.submit("bad", getattr(calls, name))
        executor.submit("good", partial(operator.add, 1, 2))
        found = collect(executor, 2)
    assert error in (found["bad"].error or "")
    assert found["good"].value == 3


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_the_call_of_a_worker_that_died_runs_once_more(
    calls: ModuleType, tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "attempts"
    folder.mkdir()
    with Processes(1) as executor:
        executor.submit("unlucky", partial(calls.die_first, str(folder), how))
        executor.submit("next", partial(operator.add, 1, 2))
        found = collect(executor, 2)
    assert (found["unlucky"].value, found["unlucky"].error) == (1, None)
    assert len(list(folder.iterdir())) == 2
    assert found["next"].value == 3


@pytest.mark.parametrize(("how", "code"), [("exit", 7), ("kill", -signal.SIGKILL)])
def test_a_call_that_kills_two_workers_is_given_up(
    calls: ModuleType, tmp_path: Path, how: str, code: int
) -> None:
    folder = tmp_path / "attempts"
    folder.mkdir()
    with Processes(2) as executor:
        executor.submit("deadly", partial(calls.die_always, str(folder), how))
        for k in range(4):
            executor.submit(k, partial(operator.neg, k))
        found = collect(executor, 5)
    assert found["deadly"].error == f"its worker died twice (exit code {code})"
    assert found["deadly"].value is None
    assert len(list(folder.iterdir())) == 2
    assert [found[k].value for k in range(4)] == [0, -1, -2, -3]


def test_a_worker_that_died_while_idle_is_replaced() -> None:
    with Processes(1) as executor:
        executor.submit("who", os.getpid)
        pid = collect(executor, 1)["who"].value
        (process,) = multiprocessing.active_children()
        os.kill(pid, signal.SIGKILL)
        process.join()
        executor.submit("next", os.getpid)
        done = collect(executor, 1)["next"]
    assert done.error is None
    assert done.value not in (pid, os.getpid())


@pytest.mark.parametrize("workers", [1, 2])
def test_closing_stops_workers_in_the_middle_of_a_call(workers: int) -> None:
    forever: Callable[[], Any] = partial(select.select, [], [], [])
    executor = Processes(workers)
    for k in range(4):
        executor.submit(k, forever)
    assert len(multiprocessing.active_children()) == workers
    executor.close()
    assert multiprocessing.active_children() == []
    executor.close()
    assert executor.collect() == []


def test_a_closed_executor_starts_again_with_new_work() -> None:
    executor = Processes(1)
    executor.submit("dropped", partial(select.select, [], [], []))
    executor.close()
    with executor:
        executor.submit("new", partial(operator.add, 1, 2))
        assert collect(executor, 1)["new"].value == 3


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_a_worker_has_one_thread_in_every_library(
    calls: ModuleType, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "2")
    with Processes(1) as executor:
        executor.submit("threads", calls.threads)
        found = collect(executor, 1)["threads"].value
    assert len(found) >= 3  # of PyTorch, its OpenMP, and NumPy's BLAS
    assert set(found) == {1}


def test_workers_have_the_environment_of_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("first", "second"):
        monkeypatch.setenv("NASCAST_TEST", value)
        with Processes(1) as executor:
            executor.submit("there", partial(os.getenv, "NASCAST_TEST"))
            assert collect(executor, 1)["there"].value == value


def test_no_two_workers_draw_the_same_numbers_from_a_global_generator() -> None:
    draw, drawn = "__import__('numpy').random.randint(2**31)", []
    for _ in range(2):
        with Processes(1) as executor:
            executor.submit("draw", partial(eval, draw))
            drawn.append(collect(executor, 1)["draw"].value)
    assert drawn[0] != drawn[1]


PRELOADING = """
import sys
from functools import partial
from nascast.executors.processes import Processes

if __name__ == "__main__":
    import wave
    with Processes(1, preload=["colorsys", "no_such_module"]) as executor:
        executor.submit("loaded", partial(eval, "sorted(__import__('sys').modules)"))
        loaded = executor.collect()[0].value
        executor.submit("signal", partial(eval, "__import__('signal').getsignal(2).name"))
        print(executor.collect()[0].value)
    print([name in loaded for name in ("colorsys", "wave", "numpy")], "colorsys" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_workers_begin_with_what_was_asked_for(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(PRELOADING)
    found = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("SIG_IGN\n[True, False, False] False\n", "")


SERVER = """
import os
import numpy, torch
from functools import partial
from nascast.executors.processes import Processes

if __name__ == "__main__":
    with Processes(2) as executor:
        executor.submit("parent", os.getppid)
        (done,) = executor.collect()
        tasks = os.listdir(f"/proc/{done.value}/task")
        text = open(f"/proc/{done.value}/maps").read()
        print(done.value != os.getpid(), len(tasks), "libtorch_cpu" in text)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_what_is_forked_has_loaded_torch_and_has_one_thread(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(SERVER)
    found = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("True 1 True\n", "")


def test_a_call_that_cannot_be_sent_is_refused_and_harms_nothing() -> None:
    with Processes(1) as executor:
        with pytest.raises((AttributeError, TypeError, ValueError, OSError), match=r"pickle|local"):
            executor.submit("bad", lambda: 1)
        executor.submit("good", partial(operator.add, 1, 2))
        assert collect(executor, 1)["good"].value == 3
        assert executor.collect() == []


OWNER = """
import os, select, sys
from functools import partial
from nascast.executors.processes import Processes

if __name__ == "__main__":
    executor = Processes(1)
    executor.submit("who", os.getpid)
    print(executor.collect()[0].value, flush=True)
    executor.submit("long", partial(select.select, [], [], [], 50))
    executor.collect()
"""


def test_a_worker_does_not_outlive_a_process_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        owner.kill()
    for _ in range(200):
        if not is_running(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the worker went on for 10 seconds after its parent was killed")


def is_running(pid: int) -> bool:
    """Whether a process lives, and is not just waiting for its parent to notice."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
