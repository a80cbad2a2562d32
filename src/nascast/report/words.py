"""Numbers, times and budgets in words."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nascast.studies.numerals import number
from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.summary import INSTANT

__all__ = ["AxisWords", "axis_words", "budget_words", "count", "duration", "either", "number"]

_UNITS = (  # shown below so many seconds, of so many seconds
    (0.9995, "ms", 1e-3),
    (120.0, "s", 1.0),
    (7200.0, "min", 60.0),
    (360_000.0, "h", 3600.0),
    (math.inf, "d", 86400.0),
)


@dataclass(frozen=True, slots=True)
class AxisWords:
    """Words for an axis of budgets.

    Attributes:
        title: title in the header of a table.
        about: description of what is spent.
        one: unit in the singular.
        many: unit in the plural.
        given: sentence on what predictors were given; ``{}`` are the amounts, ``{s}`` is the
            plural's letter.
    """

    title: str
    about: str
    one: str
    many: str
    given: str


_AXES = {
    "train_size": AxisWords(
        "Labels",
        "labels at initialization",
        "label",
        "labels",
        "Predictors that learn from labels were given {} trained architecture{s}, none of them in "
        "the test set.",
    ),
    "epochs": AxisWords(
        "Epochs",
        "partial training at query",
        "epoch",
        "epochs",
        "Those that read learning curves saw the first {} epoch{s} of every test architecture.",
    ),
}


def axis_words(axis: str) -> AxisWords:
    """Returns the words for an axis; one without words of its own has those of its name."""
    name = axis.replace("_", " ")
    plain = AxisWords(name.capitalize(), name, name, name, f"Those with {name} had {{}}.")
    return _AXES.get(axis, plain)


def budget_words(budget: Budget) -> str:
    """Returns a budget in words, such as ``100 labels, 6 epochs``; empty if there is none."""
    named = ((amount, axis_words(axis)) for axis, amount in budget.items())
    return ", ".join(f"{n:,} {words.one if n == 1 else words.many}" for n, words in named)


def duration(seconds: float) -> str:
    """Returns seconds as text, such as ``3.2 ms``, ``41 s`` or ``2.3 h``; two or three digits."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < INSTANT:
        return "< 1 ms"
    unit, size = next((unit, size) for below, unit, size in _UNITS if seconds < below)
    amount = seconds / size
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def count(amount: int, word: str) -> str:
    """Returns an amount of things in words, such as ``2 predictors`` or ``1 study``."""
    many = word[:-1] + "ies" if word.endswith("y") else word + "s"
    return f"{amount:,} {word if amount == 1 else many}"


def either(numbers: Iterable[int]) -> str:
    """Returns alternatives in words, such as ``2, 6 or 12``."""
    texts: Sequence[str] = [f"{amount:,}" for amount in numbers]
    return f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else "".join(texts)
