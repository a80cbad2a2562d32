"""One architecture of NAS-Bench-201 or NATS-Bench, as the official files write it.

All trainings of one architecture with one number of epochs make a *group*: a dictionary of
``arch_index``, ``arch_str`` and ``all_results``, which maps (official data set, seed) to a
training. A training maps epochs, from 0, to losses, accuracies in percent and seconds of that
epoch; those of an evaluation have keys such as ``x-valid@199``. Parameters and multiply-adds are in
millions.

The official data sets and splits, as the authors' API reads them
(https://github.com/D-X-Y/NATS-Bench, ``get_metrics``):

- ``cifar10-valid``: trained on 25,000 images of CIFAR-10's training set; ``x-valid`` is the other
  25,000, ``ori-test`` the test set.
- ``cifar10``: trained on all 50,000; ``ori-test`` is the test set; there is no validation.
- ``cifar100`` and ``ImageNet16-120``: trained on the training set; ``x-valid`` and ``x-test`` are
  the two halves of the data set's own test set, ``ori-test`` is both together.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError
from nascast.core.types import ImageTask

__all__ = ["DATASETS", "SEEDS", "Dataset", "Group", "Trainings", "read_group"]

SEEDS = 3  # the authors trained an architecture up to three times
_ROUNDING = 1e-3  # percent, chosen: means over batches end a little above 100
_SIDES = ("loss", "accuracy")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A training set, and the sets on which its networks were evaluated.

    Attributes:
        official: name in the official files.
        sets: official names of the evaluation sets, by the first word of our metrics.
        task: task with input shape and classes.
        splits: training and evaluation sets in words.
    """

    official: str
    sets: Mapping[str, str]
    task: ImageTask
    splits: str


_HALVES = {"val": "x-valid", "test": "x-test", "valtest": "ori-test"}
_HALVES_TEXT = (
    "trained on the training set; val and test are the two halves of the data set's own test set, "
    "valtest is both together and the only one evaluated after every epoch of the full training"
)

DATASETS = {
    "cifar10": Dataset(
        "cifar10-valid",
        {"val": "x-valid", "test": "ori-test"},
        ImageTask(),
        "trained on 25,000 training images; val is the other 25,000, test the 10,000 test images",
    ),
    "cifar100": Dataset("cifar100", _HALVES, ImageTask(classes=100), _HALVES_TEXT),
    "imagenet16_120": Dataset(
        "ImageNet16-120", _HALVES, ImageTask(input_shape=(3, 16, 16), classes=120), _HALVES_TEXT
    ),
    "cifar10_full": Dataset(
        "cifar10",
        {"test": "ori-test"},
        ImageTask(),
        "trained on all 50,000 training images; test is the 10,000 test images; no validation",
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Trainings:
    """The trainings of one architecture on one data set.

    Attributes:
        seeds: official seed numbers, ascending.
        curves: ``(seeds, epochs)`` float32 for each metric, NaN where it was not evaluated.
        sizes: ``(seeds, 2)`` parameters and multiply-adds, as recorded with each training.
    """

    seeds: tuple[int, ...]
    curves: Mapping[str, npt.NDArray[np.float32]]
    sizes: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The trainings of one architecture with one number of epochs, by our names of data sets."""

    index: int
    text: str
    epochs: int
    trainings: Mapping[str, Trainings]


def read_group(group: Any, where: str) -> Group:
    """Returns a group as the files have it, checked.

    Raises:
        CorruptDataError: a field is missing or cannot be right; the message says which and where.
    """
    index, text = _field(group, "arch_index", int, where), _field(group, "arch_str", str, where)
    where = f"{where}, architecture {index}"
    results = _field(group, "all_results", dict, where)
    for key in results:
        if not isinstance(key, tuple) or len(key) != 2:
            raise CorruptDataError(
                f"{where}: expected trainings by (data set, seed); got {key!r:.60}"
            )
    lengths = {_field(training, "epochs", int, where) for training in results.values()}
    if len(lengths) != 1 or min(lengths) < 1:
        raise CorruptDataError(
            f"{where}: expected trainings of one number of epochs; got {sorted(lengths) or 'none'}"
        )
    (epochs,) = lengths
    trainings = {}
    for name, dataset in DATASETS.items():
        found = sorted(_seed(key, where) for key in results if key[0] == dataset.official)
        if not 1 <= len(found) <= SEEDS:
            raise CorruptDataError(
                f"{where}: expected 1 to {SEEDS} trainings of {epochs} epochs on "
                f"{dataset.official}; got seeds {found}"
            )
        each = [results[dataset.official, seed] for seed in found]
        places = [f"{where}, {dataset.official} with seed {seed}" for seed in found]
        curves = [_curves(t, dataset, epochs, p) for t, p in zip(each, places, strict=True)]
        trainings[name] = Trainings(
            tuple(found),
            {metric: np.stack([curve[metric] for curve in curves]) for metric in curves[0]},
            np.array([_sizes(t, p) for t, p in zip(each, places, strict=True)], dtype=np.int64),
        )
    return Group(index, text, epochs, trainings)


def _field(record: Any, name: str, kind: type, where: str) -> Any:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        got = f"{record.get(name)!r:.40}" if isinstance(record, dict) else type(record).__name__
        raise CorruptDataError(
            f"{where}: expected the field {name!r} of a NATS-Bench v1.0 or NAS-Bench-201 v1.1 "
            f"record ({kind.__name__}); got {got}. Other versions are not read"
        )
    return value


def _seed(key: Any, where: str) -> int:
    if type(key[1]) is not int:
        raise CorruptDataError(f"{where}: expected trainings by (data set, seed); got {key!r:.60}")
    seed: int = key[1]
    return seed


def _curves(
    training: Any, dataset: Dataset, epochs: int, where: str
) -> dict[str, npt.NDArray[np.float32]]:
    """Returns ``(epochs,)`` values for every metric of one training."""
    marks = range(epochs)
    found = {
        f"train_{side}": _numbers(training, field, marks, where, partial=False)
        for side, field in zip(_SIDES, ("train_losses", "train_acc1es"), strict=True)
    }
    for ours, official in dataset.sets.items():
        keys = [f"{official}@{mark}" for mark in marks]
        for side, field in zip(_SIDES, ("eval_losses", "eval_acc1es"), strict=True):
            found[f"{ours}_{side}"] = _numbers(training, field, keys, where, partial=True)
    seconds = _numbers(training, "train_times", marks, where, partial=False)
    if "val" in dataset.sets:
        keys = [f"{dataset.sets['val']}@{mark}" for mark in marks]
        seconds = seconds + _numbers(training, "eval_times", keys, where, partial=False)
    if not (seconds > 0).all():
        raise CorruptDataError(f"{where}: an epoch took {seconds.min()} seconds")
    found["seconds"] = seconds.cumsum()
    for name, values in found.items():
        if "accuracy" in name:
            _check_percent(values, f"{where}, {name}")
    return {name: values.astype(np.float32) for name, values in found.items()}


def _check_percent(values: npt.NDArray[np.float64], where: str) -> None:
    wrong = (values < 0) | (values > 100 + _ROUNDING)
    if wrong.any():
        raise CorruptDataError(f"{where}: expected percent from 0 to 100; got {values[wrong][0]}")
    np.minimum(values, 100, out=values)  # keeps NaN


def _numbers(
    training: Any, field: str, keys: Iterable[Any], where: str, *, partial: bool
) -> npt.NDArray[np.float64]:
    """Returns ``(epochs,)`` values of one field; if `partial`, only the last must be there."""
    values, keys = _field(training, field, dict, where), list(keys)
    there = [key in values for key in keys]
    if not there[-1] or not (partial or all(there)):
        missing = keys[-1] if partial else keys[there.index(False)]
        raise CorruptDataError(f"{where}: {field} has no value for {missing!r}")
    try:
        numbers = np.array([values.get(key, math.nan) for key in keys], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise CorruptDataError(f"{where}: {field} should hold numbers; {error}") from error
    if not np.isfinite(numbers[there]).all():
        raise CorruptDataError(f"{where}: {field} should hold finite numbers")
    return numbers


def _sizes(training: Any, where: str) -> tuple[int, int]:
    """Returns parameters and multiply-adds."""
    millions = [training.get(name) for name in ("params", "flop")]
    if not all(isinstance(value, (int, float)) and 0 < value < 1e6 for value in millions):
        raise CorruptDataError(f"{where}: params and flop should be millions; got {millions}")
    parameters, multiply_adds = (round(value * 1e6) for value in millions)
    return parameters, multiply_adds
