"""Columns of a file: which of them holds which metric, of which training."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nascast.benchmarks.table import SECONDS
from nascast.core.errors import InvalidSettingError
from nascast.core.metric import TIMES, UNITS, direction, is_turned, quantity, span_of, unit_of

__all__ = ["ColumnSpec", "Layout", "whole"]

_SPLITS = {"train": "train", "val": "validation", "valid": "validation", "test": "test"}
_FORM = (
    "METRIC=COLUMN[,epoch=N][,seed=K][,split=train|validation|test|none][,unit=U][,error]"
    "[,missing=VALUE][,minimize|maximize]"
)
_FLAGS = ("minimize", "maximize", "error")
_ALIASES = {"%": "percent", "s": "seconds"}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """The column of a file that holds a metric.

    Attributes:
        metric: name such as ``val_accuracy``; several columns may hold one metric at other epochs
            or seeds.
        column: name of the column in the file.
        epoch: epoch after which it was measured, or None for a property of the network, and where
            another column has the epochs.
        seed: number of the training, from 0.
        split: part of the data: ``train``, ``validation``, ``test`` or ``none``.
        unit: unit of the values in the file; ``fraction`` is turned into ``percent``.
        minimize: whether smaller is better.
        stated: whether somebody said the unit; a percent that nobody said is doubted where all
            values are at most 1.
        error: whether the column holds an error rate of which the accuracy, 100 % less it, is
            stored.
        missing: texts in the field of a training that is not there, besides an empty one.
    """

    metric: str
    column: str
    epoch: int | None = None
    seed: int = 0
    split: str = "none"
    unit: str = "none"
    minimize: bool = False
    stated: bool = True
    error: bool = False
    missing: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "ColumnSpec":
        """Returns the column of a text.

        The form is ``METRIC=COLUMN`` and after commas options: ``epoch=N``, ``seed=K``,
        ``split=S``, ``unit=U``, ``error``, ``missing=V`` (also several times), and ``minimize`` or
        ``maximize``. A column with a comma in its name stands in double quotes. By default the
        split follows from the metric's first word (train, val, test), the unit and the direction
        from what its words mean.

        Raises:
            InvalidSettingError: the text is not of that form, the unit is unknown, or the direction
                is neither given nor said by the metric's name.
        """
        head, options = _parted(text)
        metric, found, column = (part.strip() for part in head.partition("="))
        column = column[1:-1] if re.fullmatch('"[^"]*"', column) else column
        given = _Given(text, options)
        epoch, seed = given.number("epoch", None), given.number("seed", 0)
        first = re.split(r"[\W_]+", metric)[0].lower()
        split = given.word("split", "train" if metric == SECONDS else _SPLITS.get(first, "none"))
        error = given.flag("error")
        missing = tuple(given.every("missing"))
        minimize = given.minimize()
        unit = given.word("unit", "")
        if not (found and metric and column) or given.left or epoch == 0:
            given.refuse()
        if split not in (*_SPLITS.values(), "none"):
            given.refuse()
        made = _ALIASES.get(unit, unit) or _unit(text, metric, column)
        _check(text, metric, column, made, error)
        _check_direction(text, metric, column, minimize, error)
        if metric == SECONDS and not unit:
            _check_span(column, "training", f"{SECONDS}={column},epoch={epoch or '…'}")
        smaller = direction(metric) if minimize is None else minimize
        return cls(
            metric, column, epoch, seed or 0, split, made, smaller, bool(unit), bool(error), missing
        )


def _parted(text: str) -> tuple[str, list[str]]:
    """Returns what stands before the first comma that is not within quotes, and all behind it."""
    quoted = re.match(r'[^=,"]*=\s*"[^"]*"\s*(?=,|$)', text)
    head = quoted[0] if quoted else text.partition(",")[0]
    return head, text[len(head) + 1 :].split(",") if len(head) < len(text) else []


class _Given:
    """The options of a text, taken one by one; what is left is unknown."""

    def __init__(self, text: str, options: Sequence[str]) -> None:
        self._text = text
        self.left: dict[str, list[str]] = {}
        for option in options:
            key, equals, value = option.partition("=")
            key, value = key.strip(), value.strip()
            if not equals and key in _FLAGS:
                value = "true"
            if not key or not value:
                self.refuse()
            self.left.setdefault(key, []).append(value)

    def refuse(self) -> None:
        raise InvalidSettingError(f"expected {_FORM}, with N ≥ 1 and K ≥ 0; got {self._text!r}")

    def every(self, key: str) -> list[str]:
        return self.left.pop(key, [])

    def word(self, key: str, default: str) -> str:
        found = self.every(key) or [default]
        if len(found) > 1:
            self.refuse()
        return found[0]

    def number(self, key: str, default: int | None) -> int | None:
        text = self.word(key, "")
        if not text:
            return default
        if whole(text) is None:
            self.refuse()
        return whole(text)

    def flag(self, key: str) -> bool | None:
        text = self.word(key, "")
        if text not in ("", "true", "false"):
            self.refuse()
        return {"true": True, "false": False}.get(text)

    def minimize(self) -> bool | None:
        small, large = self.flag("minimize"), self.flag("maximize")
        if small is not None and large is not None:
            self.refuse()
        return (None if large is None else not large) if small is None else small


def whole(text: str) -> int | None:
    """Returns a whole number that is not negative, or None where the text is none."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _unit(text: str, metric: str, column: str) -> str:
    """Returns the unit that a metric's name and its column's tell, which must not disagree."""
    one, what = unit_of(metric, column), quantity(metric)
    if what is None:
        return one
    held = unit_of("time" if what.name == "seconds" else what.name, column)
    if metric == SECONDS:  # a name that says nothing about the unit of the file
        return held
    if held not in (one, what.unit):
        raise InvalidSettingError(
            f"{metric!r} is told in {one}, and its column {column!r} in {held}; say unit={held}, "
            f"or what the numbers are in; got {text!r}"
        )
    return one


def _check_direction(
    text: str, metric: str, column: str, minimize: bool | None, error: bool | None
) -> None:
    """Refuses a metric whose name and column say opposite directions, unless one is said."""
    if metric == SECONDS and minimize is False:
        raise InvalidSettingError(f"{SECONDS} are spent, and to be small; got {text!r}")
    what, held = quantity(metric), quantity(column)
    if what is None or minimize is not None or error is not None:
        return
    if is_turned(column, what.minimize):
        raise InvalidSettingError(
            f"{metric!r} would be read from the column {column!r}, whose name may turn it "
            f"round, or mean something else; if it does not, say "
            f"{'minimize' if what.minimize else 'maximize'}; got {text!r}"
        )
    if held is not None and what.minimize != held.minimize:
        raise InvalidSettingError(
            f"{metric!r} would be read from the column {column!r}, which sounds like "
            f"{held.name}; if they are right, say {'minimize' if what.minimize else 'maximize'}; "
            f"got {text!r}"
        )


def _check(text: str, metric: str, column: str, unit: str, error: bool | None) -> None:
    """Refuses units that are not known, and an accuracy that seems to be read from errors."""
    if unit not in UNITS:
        raise InvalidSettingError(
            f"unknown unit {unit!r} in {text!r}; known are {', '.join(UNITS)}, where real is any "
            "number and in the others none is below zero"
        )
    what, held = quantity(metric), quantity(column)
    accuracy = what is not None and what.name == "accuracy"
    if error and not accuracy:
        raise InvalidSettingError(
            f"error says that an accuracy is read from a column of errors; got {text!r}"
        )
    if accuracy and held is not None and held.name == "error" and error is None:
        raise InvalidSettingError(
            f"the accuracy {metric!r} would be read from the column {column!r}, which sounds like "
            "errors; add error to store 100 % less them, or error=false if they are accuracies"
        )
    if metric == SECONDS and unit not in TIMES:
        raise InvalidSettingError(f"{SECONDS} are in seconds, or in ns … days; got {text!r}")


def _check_span(column: str, expected: str, written: str) -> None:
    """Refuses times of epochs for those of trainings, or the other way round, if no unit is said.

    A wrong one is wrong by as much as there are epochs, and nothing else would show it.
    """
    said = span_of(column)
    if said in ("", expected):
        return
    if said == "rate":
        raise InvalidSettingError(
            f"the column {column!r} sounds like a speed, and no seconds; if they are, say in what "
            f"unit: {written},unit=seconds"
        )
    advice = {
        "training": f"give them as the metric {SECONDS}={column},epoch=…",
        "epoch": f"give them with --seconds-per-epoch {column}",
    }
    raise InvalidSettingError(
        f"the column {column!r} sounds like the times of "
        f"{'whole trainings' if said == 'training' else 'one epoch'}: {advice[said]}; if they are "
        f"those of {'one epoch' if said == 'training' else 'whole trainings'}, say in what unit: "
        f"{written},unit=seconds"
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file, by what they hold.

    Attributes:
        architecture: name of the column with architectures in the space's notation; ``one+two``
            puts a colon between the texts of two columns.
        columns: columns with metrics.
        seconds_per_epoch: name of the column with the training seconds of one epoch, or in the unit
            that its end tells, as in ``time_ms``; without one seconds are unknown.
        seconds_unit: their unit, where the name of the column does not tell it.
        seed: name of the column that tells the trainings of an architecture apart, one row for
            each; its values, in ascending order, are seed 0, 1, 2 …
        epoch: name of the column with the epoch after which a row was measured, one row for each.
        first_epoch: number of the first epoch in that column: 1, or 0 where a file counts from 0.
        missing: texts in the field of a training that is not there, besides an empty one.
        notation: name of the notation of the architectures, where a text could be read in several.
        decimal: decimal sign, ``point`` or ``comma``; None is a comma in files separated by
            semicolons that have one, and otherwise a point.
    """

    architecture: str
    columns: tuple[ColumnSpec, ...]
    seconds_per_epoch: str | None = None
    seconds_unit: str | None = None
    seed: str | None = None
    epoch: str | None = None
    first_epoch: int = 1
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    notation: str | None = None

    def __post_init__(self) -> None:
        if self.decimal not in (None, "point", "comma"):
            raise InvalidSettingError(f"a decimal is a point or a comma; got {self.decimal!r}")
        if self.seconds_unit not in (None, *TIMES):
            raise InvalidSettingError(
                f"{SECONDS} are in {', '.join(TIMES)}; got unit={self.seconds_unit}"
            )
        if self.first_epoch not in (0, 1):
            raise InvalidSettingError(f"a first epoch is 0 or 1; got {self.first_epoch}")
        if self.seconds_per_epoch is not None and self.seconds_unit is None:
            _check_span(self.seconds_per_epoch, "epoch", self.seconds_per_epoch)
        for spec in self.columns:
            if self.epoch is not None and spec.epoch is not None:
                raise InvalidSettingError(
                    f"the epochs of {spec.metric} stand in the column {self.epoch!r}; leave out "
                    f"epoch={spec.epoch}"
                )
            if self.seed is not None and spec.seed:
                raise InvalidSettingError(
                    f"the seeds of {spec.metric} stand in the column {self.seed!r}; leave out "
                    f"seed={spec.seed}"
                )

    @property
    def is_long(self) -> bool:
        """Whether an architecture has a row for each training or epoch."""
        return self.seed is not None or self.epoch is not None

    def by_metric(self) -> Iterator[tuple[str, list[ColumnSpec]]]:
        """Yields every metric with its columns.

        Raises:
            InvalidSettingError: columns of one metric contradict each other.
        """
        for name in dict.fromkeys(spec.metric for spec in self.columns):
            specs = [spec for spec in self.columns if spec.metric == name]
            self._check_same(name, specs)
            yield name, specs

    def _check_same(self, name: str, specs: Sequence[ColumnSpec]) -> None:
        one = specs[0]
        if any((s.split, s.minimize) != (one.split, one.minimize) for s in specs):
            raise InvalidSettingError(f"the columns of {name} disagree on split or direction")
        if len({"percent" if s.unit == "fraction" else s.unit for s in specs}) > 1:
            raise InvalidSettingError(f"the columns of {name} disagree on the unit")
        if len({s.epoch is None for s in specs}) > 1:
            raise InvalidSettingError(f"some columns of {name} have an epoch and some have none")
        places = [(s.seed, s.epoch) for s in specs]
        seeds, epochs = {s.seed for s in specs}, {s.epoch for s in specs}
        whole_grid = len(set(places)) == len(places) == len(seeds) * len(epochs)
        if not whole_grid or seeds != set(range(len(seeds))):
            raise InvalidSettingError(
                f"{name}: every seed from 0 and every epoch needs exactly one column; got "
                + ", ".join(f"{s.column} (seed {s.seed}, epoch {s.epoch})" for s in specs)
            )
        if name == SECONDS and self.epoch is None and one.epoch is None:
            raise InvalidSettingError(
                f"{SECONDS} are those of a training until an epoch; "
                f"say which: {name}={one.column},epoch=…"
            )
        if name == SECONDS and self.seconds_per_epoch is not None:
            raise InvalidSettingError(
                f"{SECONDS} stand in {one.column!r}; leave out the seconds of an epoch"
            )
