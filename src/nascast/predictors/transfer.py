"""A predictor that learned elsewhere."""

from collections.abc import Hashable
from functools import lru_cache
from pathlib import Path

import numpy as np

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark, alike
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.spec import Spec, component_of
from nascast.core.types import Genes, Objective
from nascast.predictors._combinator import Combinator, Part, part_of

__all__ = ["Transfer"]


class Transfer(Combinator):
    """A predictor initialized on another benchmark of the same space, such as another data set.

    Here it reads no labels: its means only rank, like those of a proxy. A few labels adapt it where
    it is a member of `auto`: ``auto(members=[transfer(benchmark=…),gp])``.

    The labels of the other benchmark are taken as known, and are not charged; the seconds of
    learning from them are. Without a benchmark it is the predictor itself, and learns from the
    labels here.
    """

    def __init__(
        self,
        predictor: Part = "blend",
        benchmark: str | Spec | Benchmark | None = None,
        *,
        labels: int = 1000,
        metric: str | None = None,
    ) -> None:
        """Chooses what learns, and where.

        Args:
            predictor: predictor that reads labels alone.
            benchmark: benchmark that it learns from, or the path of a table, which ends with
                ``.nascast``; None for the labels here.
            labels: number of labels that are read there, unless there are fewer.
            metric: metric of these labels; None is that of the labels here.

        Raises:
            InvalidSettingError: the predictor reads something else than labels, or there are none;
                at initialization, the benchmark has the labels that are predicted.
        """
        part = part_of(predictor)
        if part.axes != {"train_size"} or labels < 1:
            raise InvalidSettingError(
                "transfer needs a predictor that reads labels alone, and at least one label; got "
                f"{type(part).__name__} and {labels}"
            )
        super().__init__(part)
        self.predictor, self.benchmark = predictor, benchmark
        self.labels, self.metric = labels, metric

    @property
    def axes(self) -> frozenset[str]:  # type: ignore[override]
        """Budgets that it can spend: labels, unless they come from elsewhere."""
        return frozenset[str]() if self.benchmark else super().axes

    @property
    def ranks_only(self) -> bool:  # type: ignore[override]
        """Whether means are on the scale of other labels."""
        return self.benchmark is not None or super().ranks_only

    @property
    def calibrated(self) -> bool:  # type: ignore[override]
        """Whether its deviations claim to be calibrated, which is of labels here."""
        return self.benchmark is None and super().calibrated

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        if self.benchmark is None:
            return self._parts[0].initialize(ledger, train, rng)
        given = self.benchmark
        records = _opened(given) if isinstance(given, (str, Spec)) else given
        if records.space.name != ledger.space.name:
            raise UnsupportedError(
                f"the architectures of {records.name} are of {records.space.name}, and these are "
                f"of {ledger.space.name}: what is learned there says nothing here"
            )
        here, predicted = ledger.records, ledger.objective.metric
        if isinstance(here, Benchmark) and _alike(here, records, predicted):
            raise InvalidSettingError(
                f"{records.name} has the very trainings of {here.name} that are predicted: it "
                "would learn from what it is judged by; name another benchmark"
            )
        metric = self.metric or ledger.objective.metric
        objective = Objective(metric, records.describe(metric).minimize)
        there = Ledger(records, objective)
        rows = rng.permutation(records.measured(metric))[: self.labels]
        with there.phase("init"):
            self._parts[0].initialize(there, rows, rng)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return self._parts[0].query(ledger, genes)


_remembered = lru_cache(maxsize=8)(alike)  # which reads both tables, at each initialization


def _alike(first: Benchmark, second: Benchmark, metric: str) -> bool:
    """Returns what `alike` does, which is remembered of benchmarks that can be told apart."""
    hashable = isinstance(first, Hashable) and isinstance(second, Hashable)
    return (_remembered if hashable else alike)(first, second, metric)


def _opened(given: str | Spec) -> Benchmark:
    if isinstance(given, str) and given.endswith(".nascast"):
        from nascast.benchmarks.table import open_table

        return open_table(Path(given))
    return _named(given)


@lru_cache(maxsize=4)
def _named(given: str | Spec) -> Benchmark:
    benchmark: Benchmark = component_of("benchmark", given)
    return benchmark
