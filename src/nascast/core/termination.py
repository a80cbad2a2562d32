"""SIGTERM, by which systems and clusters ask a program to end, met as Ctrl-C is."""

import signal
import threading
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


class Terminated(KeyboardInterrupt):
    """The end that SIGTERM asks for; caught wherever Ctrl-C is.

    It is no KeyboardInterrupt itself, for Python may end with that one's status though it was
    caught: where it passed through an ``exec`` of a text, as there are in imports.
    """


class Termination:
    """Whether SIGTERM has come, which raises `Terminated`.

    Whoever catches that may raise another KeyboardInterrupt in its place, as Ray does.
    """

    def __init__(self) -> None:
        self.came = False

    def watch(self) -> None:
        """Handles SIGTERM from now on, unless somebody else handles or ignores it."""
        if may_handle() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        self.came = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends the process at once
        raise Terminated


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
