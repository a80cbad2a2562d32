"""Ranges of settings, from which tuning draws."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nascast.core.errors import InvalidSettingError

__all__ = ["Choice", "Integers", "LogIntegers", "LogUniform", "Range", "Uniform"]

Setting = None | bool | int | float | str


class Range(Protocol):
    """A distribution over the values of a setting."""

    def draw(self, rng: np.random.Generator) -> Setting:
        """Returns a plain value, as a `Spec` has it."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Numbers from `low` to `high`, all equally likely."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check(self.low, self.high)

    def draw(self, rng: np.random.Generator) -> float:
        """Returns a number."""
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Positive numbers from `low` to `high`, whose logarithms are equally likely."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check(self.low, self.high, positive=True)

    def draw(self, rng: np.random.Generator) -> float:
        """Returns a number."""
        drawn = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return min(max(drawn, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Integers:
    """Whole numbers from `low` to `high`, both included, all equally likely."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _check(self.low, self.high)

    def draw(self, rng: np.random.Generator) -> int:
        """Returns a whole number."""
        return int(rng.integers(self.low, self.high, endpoint=True))


@dataclass(frozen=True, slots=True)
class LogIntegers:
    """Whole positive numbers from `low` to `high`: `LogUniform`, rounded."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _check(self.low, self.high, positive=True)

    def draw(self, rng: np.random.Generator) -> int:
        """Returns a whole number."""
        return round(LogUniform(self.low, self.high).draw(rng))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some values, all equally likely."""

    values: tuple[Setting, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise InvalidSettingError("a choice needs at least one value")

    def draw(self, rng: np.random.Generator) -> Setting:
        """Returns one of the values."""
        return self.values[int(rng.integers(len(self.values)))]


def _check(low: float, high: float, *, positive: bool = False) -> None:
    if not low <= high or (positive and low <= 0):
        kind = "positive numbers" if positive else "numbers"
        raise InvalidSettingError(f"a range is two {kind}, the lower first; got {low} and {high}")
