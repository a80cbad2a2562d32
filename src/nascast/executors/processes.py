"""Calls in worker processes that may die without taking the run with them."""

import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from nascast.core.errors import DataWarning, InvalidSettingError
from nascast.core.executor import Done, Executor
from nascast.core.threads import hold_to_one_thread

__all__ = ["Processes"]

# What takes long to import. Workers have it from their first moment where this process has it.
_SLOW = ("numpy", "pyarrow", "scipy.stats", "sklearn", "torch", "xgboost", "lightgbm", "ngboost")


_METHOD: Literal["forkserver", "spawn"] = "forkserver" if sys.platform == "linux" else "spawn"


@dataclass
class _Worker:
    process: BaseProcess
    pipe: "Connection[Any, Any]"
    task: Hashable = None
    call: Callable[[], Any] | None = None
    began: float = 0.0


class Processes(Executor):
    """A pool of processes, each with one thread for numerical work.

    On Linux they are forked from a server, a process of its own that has imported modules that take
    long and never ran anything, so that a worker starts in milliseconds and shares their memory;
    elsewhere they are spawned. The server is started with the first worker and ends
    with this process.

    A worker that dies is replaced. Its call is run once more, on another worker; if that one dies
    too, the call comes back with an error. Calls and results must pickle. Workers end with this
    process however it ends, so that what is resumed after a kill does not compete with them.
    """

    def __init__(
        self,
        workers: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        preload: Sequence[str] = (),
    ) -> None:
        """Prepares the pool; no worker is started yet.

        Args:
            workers: number of workers, each with one call at a time; None is one for each core.
            clock: function that returns monotonic seconds.
            preload: names of modules that calls will import, besides those that this process has
                imported; only those of the first executor of a process count, since its server
                stays.
        """
        self.workers = workers if workers is not None else os.cpu_count() or 1
        if self.workers < 1:
            raise InvalidSettingError(f"expected at least 1 worker; got {workers}")
        self._clock = clock
        self._preload = tuple(preload)
        self._context = multiprocessing.get_context(_METHOD)
        self._queue: deque[tuple[Hashable, Callable[[], Any]]] = deque()
        self._pool: list[_Worker] = []
        self._died: set[Hashable] = set()

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self._queue.append((task, call))
        self._feed()

    def collect(self) -> list[Done]:
        self._feed()
        done: list[Done] = []
        while not done and any(worker.call for worker in self._pool):
            busy = {worker.pipe: worker for worker in self._pool if worker.call}
            for pipe in wait(list(busy)):
                done += self._receive(busy[pipe])  # type: ignore[index]
            self._feed()
        return done

    def now(self) -> float:
        return self._clock()

    def close(self) -> None:
        self._queue.clear()
        for worker in self._pool:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._pool:
            worker.process.join()
        self._pool.clear()

    def _feed(self) -> None:
        while self._queue:
            free = next((worker for worker in self._pool if worker.call is None), None)
            if free is None:
                if len(self._pool) == self.workers:
                    return
                free = self._start()
            task, call = self._queue.popleft()
            with suppress(OSError):  # it died while idle; collecting finds the end of its pipe
                free.pipe.send(call)
            free.task, free.call, free.began = task, call, self._clock()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        self._context.set_forkserver_preload(_modules(self._preload))  # nothing where it runs
        arguments = (theirs, dict(os.environ))
        make = self._context.Process  # type: ignore[attr-defined]  # both methods have it
        process: BaseProcess = make(target=_serve, args=arguments, daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._pool.append(worker)
        return worker

    def _receive(self, worker: _Worker) -> list[Done]:
        task, call = worker.task, worker.call
        assert call is not None
        try:
            value, error = worker.pipe.recv()
        except (EOFError, OSError):
            self._pool.remove(worker)
            worker.pipe.close()
            worker.process.join()
            if task not in self._died:
                self._died.add(task)
                self._incidents.append(f"the worker of {task} died; it runs again")
                self._queue.appendleft((task, call))
                return []
            value, error = None, f"its worker died twice (exit code {worker.process.exitcode})"
        worker.task = worker.call = None
        end = self._clock()
        return [Done(task, value, error, end, end - worker.began)]


def _modules(asked: Sequence[str]) -> list[str]:
    """Returns the modules that the server imports; the first lets it be forked."""
    slow = [name for name in _SLOW if name in sys.modules]
    own = [name for name in sys.modules if name.startswith("nascast.")]
    return ["nascast.executors._server", *slow, *sorted(own), *asked]


def _serve(pipe: "Connection[Any, Any]", environment: Mapping[str, str]) -> None:
    """Runs calls until the pipe closes."""
    os.environ.clear()  # a server may have been started long ago, with another environment
    os.environ.update(environment)
    hold_to_one_thread()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # a fork would draw what its sisters draw
    warnings.simplefilter("ignore", DataWarning)  # who gave the data is told once, by the parent
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    while True:
        try:
            call = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: tuple[Any, str | None] = call(), None
        except BaseException as failure:  # a failed call is data; the caller decides
            answer = None, f"{type(failure).__name__}: {failure}"
        try:
            pipe.send(answer)
        except OSError:  # the parent is gone
            return
        except Exception as failure:  # whatever pickling a result may raise
            pipe.send((None, f"its result cannot be sent, {type(failure).__name__}: {failure}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
