"""What pure functions gave, kept by what they were given."""

import pickle
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept:
    """Results of pure functions, each made once, with the seconds that making it took.

    A result is found by the content of the function and of its arguments, as they pickle; of what
    does not pickle nothing is kept. Whoever gets a result may not change it.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[Any, float]] = {}

    def of(
        self, clock: Callable[[], float], make: Callable[..., T], *given: Any
    ) -> tuple[T, float]:
        """Returns what a function gives, and the seconds that it took when it was made.

        Args:
            clock: function that returns seconds.
            make: pure function; it may change what it is given.
            given: arguments of the function.
        """
        try:
            key = blake2b(pickle.dumps((make, given))).digest()
        except (pickle.PicklingError, AttributeError, TypeError):
            key = b""
        if key in self._found:
            return self._found[key]
        began = clock()
        value = make(*given)
        found = value, clock() - began
        if key:
            self._found[key] = found
        return found
