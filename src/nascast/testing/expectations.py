"""Expectations of several checks: refusals, untouched generators, better than chance."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from nascast.core.types import Floats

__all__ = ["better_than_chance", "refuses", "untouched_generators"]

_DEVIATIONS = 3.0  # deviations of τ of independent rankings; chosen: a chance of about 0.1 %


def refuses(error: type[Exception], what: str, call: Callable[..., Any], *arguments: Any) -> str:
    """Returns the message with which a call raises.

    Args:
        error: exception that the call should raise.
        what: fault of the call, in words.
        call: function that is called.
        arguments: arguments of the call.

    Raises:
        AssertionError: the call did not raise, or without a message.
    """
    try:
        call(*arguments)
    except error as raised:
        message = str(raised)
    else:
        name = getattr(call, "__name__", call)
        raise AssertionError(f"{name} accepted {what}; expected {error.__name__}")
    assert message, f"{error.__name__} for {what} should say what is wrong"
    return message


@contextmanager
def untouched_generators() -> Iterator[None]:
    """Expects that nothing inside draws from the global generators of Python and numpy."""
    before = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    yield
    after = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002
    assert before[0] == after[0], "Python's global generator was drawn from or seeded"
    assert repr(before[1]) == repr(after[1]), "numpy's global generator was drawn from or seeded"


def better_than_chance(predicted: Floats, true: Floats) -> None:
    """Expects that Kendall's τ of two ``(n,)`` arrays is too large to be chance."""
    upper = np.triu_indices(len(true), 1)
    signs = [np.sign(x[:, None] - x[None, :])[upper] for x in (predicted, true)]
    found = float((signs[0] * signs[1]).mean())
    n = len(true)
    least = _DEVIATIONS * float(np.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1))))
    assert found > least, (
        f"Kendall's τ with the truth over {n} architectures is {found:.2f}; expected more than "
        f"{least:.2f}, which chance hardly reaches (larger scores should be better)"
    )
