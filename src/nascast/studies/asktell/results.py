"""What is told: results of evaluations, from Python or as JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from nascast.core.document import read_document
from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.evaluator import checked
from nascast.core.metric import bounds, unit_of
from nascast.core.types import Evaluation, Objective

__all__ = ["Result", "results_in"]

_SHAPE = (
    '{"id": 3, "metrics": {"val_accuracy": 93.1}, "seconds": 60}, with "architecture" for a '
    'proposal of your own in place of "id", and "error" for a failure in place of "metrics"'
)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an evaluation that happened elsewhere.

    Attributes:
        id: number of the candidate that was asked for; None for one proposed from outside.
        architecture: architecture in any notation of the space, where there is no number.
        metrics: values by name, as measured (accuracy in percent).
        seconds: seconds that it took; NaN where they are not known.
        error: reason why there are no metrics, or None.
        epochs: epochs of a proposal from outside; None is full training.
        curves: values after each epoch, by metric.
    """

    id: int | None = None
    architecture: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = math.nan
    error: str | None = None
    epochs: int | None = None
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole = (self.id, self.epochs)
        fine = all(n is None or (type(n) is int and n >= 0) for n in whole) and self.epochs != 0
        fine = fine and isinstance(self.architecture, str | None)
        fine = fine and isinstance(self.error, str | None)
        fine = fine and isinstance(self.metrics, Mapping) and isinstance(self.curves, Mapping)
        if not fine or (self.id is None) == (self.architecture is None):
            raise InvalidSettingError(
                f"expected a result such as {_SHAPE}; got id {self.id!r}, architecture "
                f"{self.architecture!r}, epochs {self.epochs!r} and error {self.error!r}"
            )
        if self.id is not None and self.epochs is not None:
            raise InvalidSettingError(
                f"the epochs of candidate {self.id} are those that it was asked for with; leave "
                "them out"
            )

    def evaluation(self, objectives: Sequence[Objective]) -> Evaluation:
        """Returns it as an evaluation.

        Raises:
            InvalidSettingError: it is no evaluation, or lacks an objective of the search.
        """
        if self.error is not None and self.metrics:
            raise InvalidSettingError("give metrics or an error, not both")
        missing = [o.metric for o in objectives if o.metric not in self.metrics]
        if self.error is None and missing:
            got = ", ".join(map(str, self.metrics)) or "none"
            raise InvalidSettingError(
                f"expected the metric {missing[0]}, which is searched for, or an error; got {got}"
            )
        if wrong := [name for name, value in self.metrics.items() if isinstance(value, bool)]:
            raise InvalidSettingError(
                f"expected a number; {wrong[0]} is {str(self.metrics[wrong[0]]).lower()}"
            )
        try:
            curves = {name: tuple(values) for name, values in dict(self.curves).items()}
            found = checked(
                Evaluation(dict(self.metrics), self.seconds, self.error, curves), objectives
            )
        except (CorruptDataError, TypeError, ValueError) as error:
            raise InvalidSettingError(str(error)) from error
        if self.error is None and found.error is not None:
            raise InvalidSettingError(found.error.removeprefix("CorruptDataError: "))
        for name, value in found.metrics.items():
            _check_within(name, (value,))
        for name, curve in found.curves.items():
            _check_within(name, curve)
        return found


def _check_within(name: str, values: Sequence[float]) -> None:
    """Raises if a value cannot be in the unit that the metric is told in."""
    unit = unit_of(name)
    least, most = bounds(unit)
    wrong = [value for value in values if value < least or value > most]  # NaN is none of them
    if wrong:
        raise InvalidSettingError(
            f"{name} is told in {unit}, from {least:g} to {most:g}, and is {wrong[0]:g}; tell an "
            "error where it was not measured"
        )


def results_in(text: str) -> list[Result]:
    """Returns the results in JSON: an object, a list of objects, or an object in each line.

    Raises:
        InvalidSettingError: it is none; the message shows the form.
    """
    try:
        found = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSettingError(f"expected JSON such as {_SHAPE}; {error}") from error
    known = [item.name for item in fields(Result)]
    if not found:
        raise InvalidSettingError(f"expected JSON such as {_SHAPE}; got no result")
    for item in found:
        if not isinstance(item, dict) or (unknown := item.keys() - {*known}):
            what = f"the unknown key {min(unknown)!r}" if isinstance(item, dict) else repr(item)
            raise InvalidSettingError(f"expected JSON such as {_SHAPE}; got {what}")
    return [Result(**_without_nulls(item)) for item in found]


def _without_nulls(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if value is not None}


def _parsed(text: str) -> list[Any]:
    try:
        found = read_document(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [read_document(line) for line in lines]
    return found if isinstance(found, list) else [found]
