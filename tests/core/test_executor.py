from collections.abc import Callable, Hashable
from typing import Any

import pytest

from nascast.core.executor import Done, Executor


class Recorder(Executor):
    """Notes that it was closed."""

    workers = 1
    closed = 0

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        raise NotImplementedError

    def collect(self) -> list[Done]:
        return []

    def close(self) -> None:
        self.closed += 1


def test_leaving_the_block_closes() -> None:
    recorder = Recorder()
    with recorder as inside:
        assert inside is recorder
        assert recorder.closed == 0
    assert recorder.closed == 1


def test_an_error_in_the_block_closes_and_passes_on() -> None:
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError), recorder:
        _ = 1 / 0
    assert recorder.closed == 1
