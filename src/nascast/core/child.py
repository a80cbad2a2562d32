"""A process of its own for work that may crash, never end, or take all memory.

What it runs is named by module and name, arguments and results pickle. It ends with this process,
and Ctrl-C does not reach it.
"""

import math
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from nascast.core.bounds import Bounds, too_large
from nascast.core.errors import CorruptDataError, UnsupportedError
from nascast.core.memory import more_memory

__all__ = ["Child", "serve"]

_WALL = 10  # seconds of waiting for each second of processor time; chosen, for busy machines
_CODE = "import sys; sys.path[:] = {path!r}; from nascast.core.child import serve; serve()"
_MOMENT = 0.2  # seconds for the system to tell that a process has ended; chosen
_TOLD, _DONE, _FAILED = "told", "done", "failed"


class Child:
    """A process that runs one call after the other within bounds; the first call starts it."""

    def __init__(
        self,
        where: object,
        size: int = 0,
        bounds: Bounds | None = None,
        *,
        begin: tuple[Any, ...] | None = None,
    ) -> None:
        """Names a file; nothing is started yet.

        Args:
            where: names the file in messages.
            size: of the file, in bytes.
            bounds: None are those of the environment.
            begin: a function and its arguments, with which every process of this begins.
        """
        bounds = bounds or Bounds.from_environment()
        self._where, self._size = where, size
        self._mib, self._seconds = bounds.memory(size), bounds.time(size)
        self._begin = begin
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        told: Callable[..., None] | None = None,
    ) -> Any:
        """Returns what a function returns there.

        Args:
            function: of a module, or a partial of such a one.
            arguments: for it.
            told: is told what the function tells the last argument that it is given then.

        Raises:
            CorruptDataError: it crashed, or took more memory or time than it may.
            UnsupportedError: no process can be started.
        """
        with self._lock:
            if self._process is None:
                self._process = _start()
                weakref.finalize(self, _stop, self._process)
                if self._begin is not None:
                    self._result(self._begin[0], self._begin[1:], None)
            return self._result(function, arguments, told)

    def _result(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        told: Callable[..., None] | None,
    ) -> Any:
        """Runs one call in the process that there is."""
        assert self._process is not None
        request = pickle.dumps((function, arguments, told is not None, self._mib, self._seconds))
        overdue = threading.Event()
        timer = threading.Timer(self._seconds * _WALL, _kill, (self._process, overdue))
        timer.daemon = True
        timer.start()
        try:
            kind, value = _answer(self._process, request, told)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise self._died(overdue.is_set()) from error
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
        if kind == _DONE:
            return value
        if isinstance(value, MemoryError):
            raise too_large(self._where, self._mib) from value
        raise value

    def close(self) -> None:
        """Ends the process; a later call starts another."""
        process, self._process = self._process, None
        if process is not None:
            _stop(process)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _died(self, overdue: bool) -> CorruptDataError:
        """Returns the error for a process that is gone."""
        process, self._process = self._process, None
        assert process is not None
        _end(process)
        code = process.returncode
        if overdue or code == -getattr(signal, "SIGXCPU", 0):
            return CorruptDataError(
                f"{self._where}: reading it takes more than {self._seconds:,.0f} seconds, which no "
                "sound file of its size should; if you trust it, set NASCAST_READ_SECONDS to more"
            )
        name = signal.Signals(-code).name if code < 0 else f"status {code}"
        return CorruptDataError(
            f"{self._where}: the process that read it crashed ({name}); the file is damaged, or "
            "made to do harm; get it again"
        )


def _start() -> "subprocess.Popen[bytes]":
    """Returns a new process that waits for calls."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries write there before they give up
            start_new_session=True,
        )
    except OSError as error:
        raise UnsupportedError(f"cannot start a process to read in: {error}") from error
    assert process.stdout is not None
    if process.stdout.read(1) != b"\n":
        _end(process)
        raise UnsupportedError(
            "cannot start a process to read in: Python or NumPy does not start there; is memory "
            "limited (ulimit -v)?"
        )
    return process


def _answer(
    process: "subprocess.Popen[bytes]", request: bytes, told: Callable[..., None] | None
) -> tuple[str, Any]:
    """Sends a request, passes on what is told, and returns how it ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(request).to_bytes(8, "little") + request)
    process.stdin.flush()
    while True:
        kind, value = pickle.load(process.stdout)
        if kind != _TOLD:
            return kind, value
        assert told is not None
        told(*value)


def _kill(process: "subprocess.Popen[bytes]", overdue: threading.Event) -> None:
    overdue.set()
    process.kill()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Waits a moment for a process that has ended of itself, and ends one that has not."""
    try:
        process.wait(_MOMENT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # what was not sent yet has nobody to go to
            if pipe is not None:
                pipe.close()


def serve() -> None:
    """Runs the calls that come on standard input, until it ends; what runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    answers.write(b"\n")
    answers.flush()
    while True:
        _run(requests.get(), answers)


def _listen(file: IO[bytes], requests: "queue.SimpleQueue[bytes]") -> None:
    """Takes requests; the process ends when nobody is there any more to send them."""
    while head := file.read(8):
        requests.put(file.read(int.from_bytes(head, "little")))
    os._exit(1)


def _run(request: bytes, answers: IO[bytes]) -> None:
    def tell(*value: Any) -> None:
        pickle.dump((_TOLD, value), answers)
        answers.flush()

    try:
        function, arguments, wanted, mib, seconds = pickle.loads(request)
        _limit_time(seconds)
        with more_memory(mib):
            answer = _DONE, function(*arguments, *((tell,) if wanted else ()))
    except Exception as error:  # it is for the one who called
        answer = _FAILED, _sendable(error)
    answers.write(pickle.dumps(answer))
    answers.flush()


def _limit_time(seconds: float) -> None:
    """Has the system end this process after so much more processor time, where it can."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    ends = math.ceil(used.ru_utime + used.ru_stime + seconds)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    ends = ends if hard == resource.RLIM_INFINITY else min(ends, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (ends, hard))


def _sendable(error: Exception) -> Exception:
    """Returns an exception that can be sent; one of a kind that cannot is told in words."""
    text = "".join(traceback.format_exception(error))
    try:
        found = pickle.loads(pickle.dumps(error))
        assert type(found) is type(error)
    except Exception:  # whatever its constructor raises
        return RuntimeError(text)
    error.add_note(f"In the process that read the file:\n{text}")
    return error
