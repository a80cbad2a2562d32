"""What is made once and kept: results of pure functions, and artefacts such as supernets."""

import pickle
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Protocol, TypeVar

import numpy.typing as npt

__all__ = ["Artefact", "Artefacts", "Kept"]

T = TypeVar("T")

Artefact = Mapping[str, npt.NDArray[Any]]  # arrays by name, such as the weights of a supernet


class Artefacts(Protocol):
    """Where artefacts are kept, each with the seconds that making it took.

    A dictionary is one, for as long as the process lives.
    """

    def get(self, key: str, /) -> tuple[Artefact, float] | None:
        """Returns the artefact kept under a key and its seconds, or None."""
        ...

    def __setitem__(self, key: str, value: tuple[Artefact, float], /) -> None: ...


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
