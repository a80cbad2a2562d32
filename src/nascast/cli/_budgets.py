"""Budgets of a comparison, from the options that name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nascast.cli._options import whole_numbers
from nascast.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from nascast.core.spec import Spec
    from nascast.studies.predictors.design import Study

__all__ = ["BudgetOptions"]

_USUAL = {"train_size": (20, 100), "epochs": (2, 6)}  # amounts where nothing is said; chosen
_OPTIONS = {"train_size": "--train-sizes", "epochs": "--epochs"}  # of their own; others: --axis


@dataclass(frozen=True, slots=True)
class BudgetOptions:
    """The options about budgets, as they were written.

    Attributes:
        own: texts of the options that axes have of their own, None where one is not given.
        axes: texts ``NAME=1,2,3`` of other axes.
        grid: name of a grid, or None.
    """

    own: Mapping[str, str | None]
    axes: Sequence[str]
    grid: str | None

    def usual(self, predictors: "Sequence[Spec]") -> dict[str, tuple[int, ...]]:
        """Returns the amounts by axis: those given, or the usual ones.

        Raises:
            InvalidSettingError: see `given`.
        """
        return {**_USUAL, **self.given(predictors)}

    def of_benchmark(self, study: "Study") -> "Study":
        """Returns a study with the amounts of the grid, or usual ones that the benchmark has.

        Where no number of epochs is given, they are recorded ones next to the usual.

        Raises:
            InvalidSettingError: see `given` and `grids.grid`; or an axis is given beside a grid.
        """
        from nascast.studies.predictors.grids import grid, near
        from nascast.studies.predictors.split import with_scores
        from nascast.studies.records import open_benchmark

        benchmark, given = open_benchmark(study.benchmark), self.given(study.specs)
        if self.grid is None:
            epochs = near(benchmark, study.metric, _USUAL["epochs"])
            if "epochs" in given or not epochs:
                return study
            return replace(study, axes={**study.axes, "epochs": epochs})
        if both := [axis for axis in given if axis in _OPTIONS]:
            written = [_OPTIONS[a] if self.own.get(a) else f"--axis {a}" for a in both]
            raise InvalidSettingError(
                f"--grid chooses labels and epochs; leave out {' and '.join(written)}"
            )
        within = with_scores(study, benchmark)
        amounts = grid(self.grid, benchmark, study.metric, study.test_size, within)
        return replace(study, axes={**amounts, **given})

    def of_children(
        self, predictors: "Sequence[Spec]", benchmarks: Sequence[str] | None
    ) -> dict[str, tuple[int, ...]]:
        """Returns the amounts by axis for children that are still to be trained.

        Raises:
            InvalidSettingError: see `given`; or a grid or benchmarks are named besides, which are
                for recorded trainings.
        """
        if benchmarks:
            raise InvalidSettingError(
                "--space trains children, and --benchmark reads recorded trainings; leave one out"
            )
        if self.grid is not None:
            raise InvalidSettingError(
                "--grid is for recorded trainings; with --space give --train-sizes and --epochs"
            )
        return self.usual(predictors)

    def given(self, predictors: "Sequence[Spec]") -> dict[str, tuple[int, ...]]:
        """Returns the amounts that were written, by axis.

        Raises:
            InvalidSettingError: a text cannot be read, or no predictor declares an axis.
        """
        from nascast.studies.predictors.design import axes_of

        amounts = {axis: text for axis, text in self.own.items() if text is not None}
        declared = sorted(frozenset().union(*map(axes_of, predictors)))
        for text in self.axes:
            name, equals, numbers = text.partition("=")
            if not equals or name.strip() not in declared:
                raise InvalidSettingError(
                    f"--axis: expected NAME=1,2,3 with an axis that a predictor declares, "
                    f"{', '.join(declared) or 'of which there is none'}; got {text!r}"
                )
            if name.strip() in amounts:
                raise InvalidSettingError(f"{name.strip()} is given twice; leave out {text!r}")
            amounts[name.strip()] = numbers
        return {
            axis: whole_numbers(text, _OPTIONS.get(axis, f"--axis {axis}"))
            for axis, text in amounts.items()
        }
