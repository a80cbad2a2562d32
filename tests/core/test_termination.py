import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from nascast.core.termination import Terminated, Termination, keeping_handler


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def test_it_is_an_interrupt() -> None:
    termination = Termination()
    termination.watch()
    assert not termination.came
    with pytest.raises(KeyboardInterrupt) as ended:
        os.kill(os.getpid(), signal.SIGTERM)
    assert isinstance(ended.value, Terminated)
    assert termination.came


def test_a_second_one_soon_after_is_the_same_and_a_later_one_ends_the_process() -> None:
    """As ``timeout`` sends two, of which the second would else cut off what the first began."""
    code = (
        "import os, signal\n"
        "from nascast.core import termination\n"
        "termination.time.monotonic = lambda: now\n"
        "now = 5.0\n"
        "termination.Termination().watch()\n"
        "try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "except KeyboardInterrupt: os.kill(os.getpid(), signal.SIGTERM)\n"
        "print('it goes on', flush=True)\n"
        "now = 6.1\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "print('it still goes on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "it goes on\n")


def test_who_ignores_it_goes_on() -> None:
    """As under nohup, or where a program that uses this one handles it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Termination().watch()
    os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_other_threads_handle_nothing() -> None:
    thread = threading.Thread(target=Termination().watch)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def ended_while_it_starts(handler: Callable[..., None]) -> None:
    with keeping_handler():
        signal.signal(signal.SIGTERM, handler)
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_library_that_starts_does_not_take_the_signal() -> None:
    def silent(*_: object) -> None:
        raise SystemExit(1)

    termination = Termination()
    termination.watch()
    own = signal.getsignal(signal.SIGTERM)
    with keeping_handler():
        signal.signal(signal.SIGTERM, silent)
    assert signal.getsignal(signal.SIGTERM) == own
    with pytest.raises(Terminated):
        ended_while_it_starts(silent)
    assert termination.came


def test_a_library_keeps_its_handler_where_there_was_none() -> None:
    with keeping_handler():
        signal.signal(signal.SIGTERM, print)
    assert signal.getsignal(signal.SIGTERM) is print
