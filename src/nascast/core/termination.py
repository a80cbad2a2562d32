"""SIGTERM, by which systems and clusters ask a program to end, met as Ctrl-C is."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "INTERRUPTED",
    "TERMINATED",
    "Terminated",
    "Termination",
    "keeping_handler",
    "may_handle",
]

INTERRUPTED = 128 + signal.SIGINT  # exit statuses, by convention of shells
TERMINATED = 128 + signal.SIGTERM
_ONCE = 1.0  # seconds in which several are one; chosen: timeout(1) sends two, a moment apart


class Terminated(KeyboardInterrupt):
    """The end that SIGTERM asks for; caught wherever Ctrl-C is.

    It is a subclass, since Python may end with the status of KeyboardInterrupt itself though that
    was caught: where it passed through an ``exec`` of a text, as there are in imports.
    """


class Termination:
    """Whether SIGTERM has come, which raises `Terminated`.

    Whoever catches that may raise another KeyboardInterrupt in its place, as Ray does.
    """

    def __init__(self) -> None:
        self.came = False
        self._first = 0.0

    def watch(self) -> None:
        """Handles SIGTERM from now on, unless somebody else handles or ignores it."""
        if may_handle() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        if not self.came:
            self.came, self._first = True, time.monotonic()
            signal.signal(signal.SIGTERM, self._interrupt)  # an executor's has done its work
            raise Terminated
        if time.monotonic() - self._first > _ONCE:  # somebody lost patience
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)


def may_handle() -> bool:
    """Returns whether this thread may set handlers: Python allows it to the main one alone."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def keeping_handler() -> Iterator[None]:
    """Keeps the handler of SIGTERM while a library starts that would put its own in its place."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:  # what the library's own handler did meanwhile
        if callable(before):
            before(signal.SIGTERM, None)
        raise
    finally:
        if callable(before) and may_handle():
            signal.signal(signal.SIGTERM, before)
