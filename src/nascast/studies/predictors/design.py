"""The design of a predictor study: settings, axes, budgets and cells."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import product
from numbers import Integral
from pathlib import Path
from typing import Any, cast

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import PerformancePredictor, Proxy
from nascast.core.spec import Spec
from nascast.studies.predictors.test_sets import DESIGNS
from nascast.studies.records import benchmark_named

__all__ = [
    "LABELS",
    "RANDOM",
    "RECORDED",
    "Budget",
    "Cell",
    "Study",
    "axes_of",
    "budgets",
    "cells",
    "modules_of",
    "predictor_of",
    "proxies_of",
]

# The axis that is spent as labelled architectures at initialization. What is spent on any other
# axis is given to the predictor as the setting of that name.
LABELS = "train_size"
RANDOM = "random"  # the source of a random batch
RECORDED = "recorded"  # the source of what is recorded alone
_LEAST = {"trials": 1, "seed": 0, "test_size": 2, "batch_size": 2}  # of two there is an order


class Budget(Mapping[str, int]):
    """Amounts that a predictor may spend, by axis; hashable, and equal in any order of axes."""

    __slots__ = ("_amounts",)

    def __init__(self, amounts: Mapping[str, int] | None = None) -> None:
        self._amounts = dict(amounts or {})

    def __getitem__(self, axis: str) -> int:
        return self._amounts[axis]

    def __iter__(self) -> Iterator[str]:
        return iter(self._amounts)

    def __len__(self) -> int:
        return len(self._amounts)

    def __hash__(self) -> int:
        return hash(frozenset(self._amounts.items()))

    def __repr__(self) -> str:
        return f"Budget({self._amounts})"


@dataclass(frozen=True, slots=True)
class Study:
    """All settings that decide the results of a comparison.

    Attributes:
        benchmark: spec of a registered benchmark, or path of a table; a text is read as one of
            the two.
        predictors: specs of the predictors, texts that are read as specs, or registered predictors;
            one text is read as a list of specs.
        axes: amounts to try, by axis. A predictor is run with every combination on the axes that
            it declares, such as ``train_size`` (labels at initialization) and ``epochs`` (partial
            training at query); one that its spec sets stays as it is.
        trials: number of trials, each with other test and training sets.
        seed: seed of the study; trial t has the seed ``(seed, t)``.
        test_size: number of architectures in a test set.
        test_set: design of test and training sets: ``uniform``, ``rows``, ``top`` or ``mutation``,
            see `test_sets`.
        metric: name of the metric to predict, after full training.
        images: source of images or text for zero-cost proxies, and of images for supernets, see
            `training.data.open_data` and `training.text.open_text`. ``random`` is a seeded random
            batch, ``recorded`` that of the scores recorded beside the benchmark, to which no others
            are computed, and None that batch or, where there is none, a random one; all three
            without supernets.
        batch_size: number of images, or of columns of text, in that batch.
    """

    benchmark: Spec | Path | str
    predictors: tuple[Spec | str | PerformancePredictor, ...] | str
    axes: Mapping[str, tuple[int, ...]] = field(
        default_factory=lambda: {LABELS: (20, 100), "epochs": (2, 6)}
    )
    trials: int = 5
    seed: int = 0
    test_size: int = 200
    test_set: str = "uniform"
    metric: str = "val_accuracy"
    images: str | None = None
    batch_size: int = 64

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = _whole(name, getattr(self, name))
            object.__setattr__(self, name, value)
            if value < least:
                raise InvalidSettingError(f"{name} should be at least {least}; got {value}")
        if self.test_set not in DESIGNS:
            raise InvalidSettingError(
                f"the test set should be one of {', '.join(DESIGNS)}; got {self.test_set!r}"
            )
        axes = {axis: _amounts(axis, given) for axis, given in self.axes.items()}
        for axis, amounts in axes.items():
            if not amounts or min(amounts) < 1 or len(set(amounts)) != len(amounts):
                raise InvalidSettingError(
                    f"{axis} should be different whole numbers of at least 1; "
                    f"got {', '.join(map(str, amounts)) or 'none'}"
                )
        if isinstance(self.predictors, str):
            specs = Spec.parse_list("predictor", self.predictors)
        else:
            specs = tuple(map(_spec, self.predictors))
        if not specs or len(set(specs)) != len(specs):
            raise InvalidSettingError("name at least one predictor, and each only once")
        for spec in specs:
            spec.check("predictor")
            if LABELS in axes_of(spec) - axes.keys():
                raise InvalidSettingError(
                    f"{spec} learns from labels; give {LABELS} among the axes"
                )
        object.__setattr__(self, "benchmark", benchmark_named(self.benchmark))
        object.__setattr__(self, "predictors", specs)
        object.__setattr__(self, "axes", axes)

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The specs of the predictors, all texts read."""
        return cast(tuple[Spec, ...], self.predictors)

    def described(self) -> dict[str, Any]:
        """Returns the settings as JSON values, with specs in their written form."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            **plain,
            "benchmark": str(self.benchmark),
            "predictors": [str(spec) for spec in self.specs],
            "axes": {axis: list(amounts) for axis, amounts in self.axes.items()},
        }


def _amounts(axis: str, given: Any) -> tuple[int, ...]:
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise InvalidSettingError(f"{axis}: expected several whole numbers; got {given!r}")
    return tuple(_whole(axis, amount) for amount in given)


def _whole(name: str, given: Any) -> int:
    """Returns a whole number as one of Python, which JSON knows, where it is one of NumPy."""
    if not isinstance(given, Integral):
        raise InvalidSettingError(f"{name}: expected a whole number; got {given!r}")
    return int(given)


def _spec(given: Spec | str | PerformancePredictor) -> Spec:
    """Returns the spec of a predictor."""
    if isinstance(given, str):
        return Spec.parse("predictor", given)
    return given if isinstance(given, Spec) else Spec.of("predictor", given)


@dataclass(frozen=True, slots=True)
class Cell:
    """One predictor with one budget in one trial."""

    predictor: Spec
    budget: Budget
    trial: int

    @property
    def settings(self) -> Budget:
        """The part of the budget that is settings of the predictor: all but the labels."""
        return Budget({axis: n for axis, n in self.budget.items() if axis != LABELS})


def cells(study: Study) -> list[Cell]:
    """Returns every predictor with every budget it can spend, in every trial."""
    return [
        Cell(spec, budget, trial)
        for spec in study.specs
        for budget in budgets(study, spec)
        for trial in range(study.trials)
    ]


def budgets(study: Study, spec: Spec) -> list[Budget]:
    """Returns the budgets of a predictor: every combination on the axes that it declares."""
    declared = axes_of(spec)
    amounts = {
        axis: (fixed,) if isinstance(fixed := spec.settings.get(axis), int) else free
        for axis, free in study.axes.items()
        if axis in declared
    }
    return [
        Budget(dict(zip(amounts, chosen, strict=True))) for chosen in product(*amounts.values())
    ]


def axes_of(spec: Spec) -> frozenset[str]:
    """Returns the axes that a predictor declares.

    They are an attribute of its class; where they depend on its settings, as those of a combinator
    do, they are a property, and read from the predictor itself.
    """
    declared = plugins.resolve("predictor", spec.name).axes
    if not isinstance(declared, frozenset):
        declared = _made(spec, Budget()).axes
    return frozenset(declared)


def predictor_of(cell: Cell) -> PerformancePredictor:
    """Returns the predictor of a cell; the same one each time, so initialize it first."""
    return _made(cell.predictor, cell.settings)


@lru_cache(maxsize=32)
def _made(spec: Spec, settings: Budget) -> PerformancePredictor:
    predictor: PerformancePredictor = spec.load("predictor", **settings)
    return predictor


def proxies_of(cell: Cell) -> list[Proxy]:
    """Returns the proxies among the features of a cell's predictor."""
    features = predictor_of(cell).features
    return [feature for feature in features if isinstance(feature, Proxy)]


def modules_of(study: Study) -> tuple[str, ...]:
    """Returns modules that cells import and that take long to, for the workers of `Processes`."""
    predictors = (_made(spec, Budget()) for spec in study.specs)
    return ("scipy.stats", *(module for made in predictors for module in made.modules))
