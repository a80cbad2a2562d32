"""The clock of costs, against work whose processor time is known otherwise."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from nascast.core.clock import clock_of, processor_seconds
from nascast.core.ledger import Ledger
from nascast.core.plugins import load
from nascast.core.threads import one_thread
from nascast.core.types import Objective

BURN = "import time\nwhile time.process_time() < {}: pass"


def _cost(call: Callable[[], object]) -> float:
    began = processor_seconds()
    call()
    return processor_seconds() - began


def test_waiting_costs_nothing() -> None:
    assert _cost(lambda: time.sleep(0.3)) < 0.1


def test_children_that_were_waited_for_count() -> None:
    words = [sys.executable, "-c", BURN.format(0.4)]
    assert _cost(lambda: subprocess.run(words, check=True)) >= 0.39


def test_all_threads_count() -> None:
    spent: list[float] = []

    def work() -> None:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000)
        spent.append(time.thread_time())

    def both() -> None:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert _cost(both) >= 0.99 * sum(spent) > 0.01


def test_work_on_a_gpu_goes_by_the_wall() -> None:
    assert clock_of("cpu") is processor_seconds
    assert clock_of("cuda") is time.perf_counter


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Keeps this process and those it starts on one core, so that they cannot but share it."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not say which core a process runs on")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _other_programs(count: int) -> Iterator[Callable[[bool], None]]:
    """Starts programs that are always busy, and lends a switch that stops them and lets them go."""
    words = [sys.executable, "-c", BURN.format(60)]
    others = [subprocess.Popen(words) for _ in range(count)]

    def switch(run: bool) -> None:
        for other in others:
            other.send_signal(signal.SIGCONT if run else signal.SIGSTOP)

    try:
        yield switch
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_a_fit_beside_busy_programs_is_charged_the_same() -> None:
    benchmark = load("benchmark", "nb201-mini")
    predictor, rows = load("predictor", "xgboost"), benchmark.genes()[:100]

    def fit() -> tuple[float, float]:
        """Returns the compute that is charged, and how long it took by the wall."""
        ledger = Ledger(benchmark, Objective("val_accuracy"))
        began = time.perf_counter()
        with one_thread(), ledger.phase("init"):
            predictor.initialize(ledger, rows, np.random.default_rng(0))
        wall = time.perf_counter() - began
        return ledger.seconds["init"] - float(benchmark.seconds(rows).sum()), wall

    fit()  # imports
    quiet, loaded = [], []
    with _on_one_core(), _other_programs(1) as switch:
        for _ in range(40):  # by turns, and until they agree, since other load comes and goes
            switch(False)
            quiet.append(fit())
            switch(True)
            loaded.append(fit())
            (charged, _), (beside, wall) = np.median(quiet, axis=0), np.median(loaded, axis=0)
            if len(quiet) > 2 and 1 / 1.2 < beside / charged < 1.2:
                break
    assert 1 / 1.2 < beside / charged < 1.2
    assert wall > 1.3 * beside  # the load was there
