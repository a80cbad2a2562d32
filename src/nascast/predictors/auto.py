"""Members chosen and stacked by what they predict for labels that they have not seen.

Stacking: Wolpert, Neural Networks 1992, https://doi.org/10.1016/S0893-6080(05)80023-1; adding one
member after the other: Caruana et al., ICML 2004, https://doi.org/10.1145/1015330.1015432.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from nascast.core.correlation import kendall
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.feature import Feature
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, labels_of
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes
from nascast.predictors._combinator import Combinator, Part, part_of
from nascast.predictors._normal_scores import NormalScores
from nascast.predictors.hybrid.omni.ladder import Linear, better

__all__ = ["Auto"]

_STRUCTURE = Spec("joined")
_MEMBERS: tuple[Part, ...] = (
    Spec("omni", {"targets": "labels"}),  # OMNI and trees as they were chosen and measured
    "early_stop_accuracy",
    "lce",
    "lcsvr",
    "gcn",
    "nao",
    Spec("gp", {"encoding": _STRUCTURE}),
    Spec("xgboost", {"encoding": _STRUCTURE, "n_estimators": 200, "targets": "labels"}),
    Spec("xgboost", {"max_depth": 6, "targets": "labels"}),
)
Folds = npt.NDArray[np.int64]

_FEWEST = 8  # labels, with fewer of which nothing is chosen: OMNI's
_MANY = 100  # labels, with fewer of which members are averaged; chosen on transferred ones
_POWER = 2  # of the inverse mean squared error in its weight; chosen, see docs/predictors.md
_LEAST = 0.05  # weight in that average, of the largest, below which a member is left out; chosen
_ERRORS = 2.0  # standard errors by which another must be better, the best of some; chosen


class Auto(Combinator):
    """For the budgets given, the best of some predictors, and others beside it where they help.

    Every member that the records and the space support predicts the training labels: curves and
    proxies as they are, those that learn fold by fold, from the labels of the other folds. A line
    brings each to the scale of the labels. With fewer than 100 labels, which hardly tell members
    apart, the first member is taken alone where its errors are the smallest, and otherwise the mean
    of all lines, weighted by the inverse square of their mean squared errors: members of different
    kinds complement each other. With more labels, the first member is left for the one with the
    smallest error if that is smaller by more than two standard errors; then, one after the other,
    the member is added with which a ridge regression ranks held-out labels better, and has errors
    that are smaller by as much. Errors are of normal scores, so that the worst architectures do not
    decide. What was not chosen is not asked at query. All of this is part of the initialization,
    and is charged there.

    With fewer than eight labels the first member that is supported is taken: by default OMNI, which
    is as careful with curves and proxies. The deviation is the root mean square of held-out errors,
    the same for all.

    Attributes:
        chosen: members that are asked at query, in the order in which they were added; empty before
            `initialize`.
    """

    def __init__(
        self,
        epochs: int | None = 5,
        members: Sequence[Part] = _MEMBERS,
        *,
        folds: int = 5,
        late: Sequence[str] = ("nao",),
    ) -> None:
        """Chooses what is chosen from.

        Args:
            epochs: number of epochs at query, of members that have such a setting; None leaves it.
            members: predictors, the most trusted first.
            folds: number of folds of the labels, for members that learn.
            late: names of members that are left out with fewer than 100 labels, unless there is no
                other, where they are given by their specs; chosen, see docs/predictors.md.

        Raises:
            InvalidSettingError: there is no member, or there are fewer than two folds.
        """
        if not members or folds < 2:
            raise InvalidSettingError(
                f"auto needs at least one member and two folds; got {len(members)} and {folds}"
            )
        super().__init__(*(part_of(member, epochs) for member in members))
        self.epochs, self.members, self.folds, self.late = epochs, members, folds, late
        self.chosen: tuple[Part, ...] = ()
        self._asked: list[_Part] = []
        self._stack: Linear | _Mean | None = None

    @property
    def ranks_only(self) -> bool:  # type: ignore[override]
        """Whether means only rank: they are on the scale of the labels."""
        return False

    @property
    def calibrated(self) -> bool:  # type: ignore[override]
        """Whether deviations claim to be calibrated: they are the same for all architectures."""
        return False

    def supported(self, ledger: Ledger, genes: Genes) -> tuple[Feature, ...]:
        found: list[Feature] = []
        reasons = []
        for part in self._parts:
            try:
                found += part.supported(ledger, genes)
            except UnsupportedError as error:
                reasons.append(str(error))
        if len(reasons) == len(self._parts):
            raise UnsupportedError(f"these records support no member of auto: {reasons[-1]}")
        return tuple(found)

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        y = labels_of(ledger, train)
        self._constant = float(y[0]) if len(y) > 1 and np.ptp(y) == 0 else None
        self._scale, self._stack = NormalScores(y), None
        few = len(y) < _FEWEST or self._constant is not None
        parts = self._supported(ledger, train, rng, first=few)
        asked: Sequence[int] = (0,)
        if not few:
            x = np.column_stack([part.scores(part.held) for part in parts])
            self._stack = _stacked(x, self._scale.scores(y), trusted=parts[0].place == 0)
            asked = self._stack.columns
            errors = y - self._scale.labels(self._stack.held)
            self._deviation = float(np.sqrt(np.mean(errors**2)))
        self._columns, self._asked = len(parts), [parts[k] for k in asked]
        self.chosen = tuple(self.members[part.place] for part in self._asked)
        for part in self._asked:
            part.learn(ledger, train)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        if not self._asked:
            raise InvalidSettingError("initialize auto before you query it")
        found = [part.scores(part.predictor.query(ledger, genes).mean) for part in self._asked]
        if self._constant is not None:
            return Prediction(np.full(len(genes), self._constant))
        if self._stack is None:
            return Prediction(self._scale.labels(found[0]))
        x = np.zeros((len(genes), self._columns))
        x[:, list(self._stack.columns)] = np.column_stack(found)
        mean = self._scale.labels(self._stack.predict(x))
        return Prediction(mean, np.full(len(genes), self._deviation))

    def _late(self) -> frozenset[int]:
        """Returns the places of members that are left out with few labels."""
        found = frozenset(k for k, part in enumerate(self.members) if _name(part) in self.late)
        return found if len(found) < len(self.members) else frozenset()

    def _supported(
        self, ledger: Ledger, train: Genes, rng: np.random.Generator, *, first: bool
    ) -> "list[_Part]":
        """Returns the members that records and space support, or only the first of them."""
        fold = rng.permutation(len(train)) % min(self.folds, len(train))
        seeds = rng.integers(2**63, size=len(self._parts))
        found: list[_Part] = []
        reason = "no mean is finite"
        late = self._late() if len(train) < _MANY else frozenset()
        for place, (member, seed) in enumerate(zip(self._parts, seeds, strict=True)):
            if place in late:
                continue
            try:
                member.supported(ledger, train[:1])  # before anything slow is read
                held = _held_out(member, ledger, train, int(seed), None if first else fold)
            except UnsupportedError as error:
                reason = str(error)
                continue
            if np.isfinite(held).any():
                scale = NormalScores(held[np.isfinite(held)]) if member.ranks_only else self._scale
                found.append(_Part(place, member, int(seed), held, scale))
            if found and first:
                break
        if not found:
            raise UnsupportedError(f"these records support no member of auto: {reason}")
        return found


def _name(member: Part) -> str | None:
    """Returns the name of a member that is given by its spec."""
    if isinstance(member, PerformancePredictor):
        return None
    return (member if isinstance(member, Spec) else Spec.parse("predictor", member)).name


@dataclass(frozen=True, slots=True, eq=False)
class _Mean:
    """The weighted mean of lines, each on one column.

    Attributes:
        lines: k lines, at least one.
        weights: ``(k,)`` weights, of sum 1.
    """

    lines: Sequence[Linear]
    weights: Floats

    @classmethod
    def of(cls, lines: Sequence[Linear], u: Floats) -> "_Mean":
        """Weighs lines by the inverse square of their mean squared errors, for ``(n,)`` targets."""
        errors = np.array([_error(u, line) for line in lines])
        weights = (errors.min() / np.maximum(errors, np.finfo(float).tiny)) ** _POWER
        kept = np.flatnonzero((weights >= _LEAST) | (errors == errors.min()))
        return cls([lines[k] for k in kept.tolist()], weights[kept] / weights[kept].sum())

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns that are read."""
        return tuple(line.columns[0] for line in self.lines)

    @property
    def held(self) -> Floats:
        """Predictions of each training row without its label, ``(n,)``."""
        return np.asarray(self.weights @ np.stack([line.held for line in self.lines]))

    def predict(self, x: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return np.asarray(self.weights @ np.stack([line.predict(x) for line in self.lines]))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A member, and the way from its means to normal scores.

    Attributes:
        place: place among the members.
        predictor: the member.
        seed: seed of what it learns.
        held: ``(n,)`` means for the training rows, none learned from the label of its row.
        scale: scale of its means.
    """

    place: int
    predictor: PerformancePredictor
    seed: int
    held: Floats
    scale: NormalScores

    def scores(self, means: Floats) -> Floats:
        """Returns ``(n,)`` normal scores of means; one that is not finite is as the median."""
        finite = np.isfinite(means)
        usual = float(np.median(self.held[np.isfinite(self.held)]))
        return self.scale.scores(np.where(finite, means, usual))

    def learn(self, ledger: Ledger, train: Genes) -> None:
        """Initializes the member on all rows, if it learned from some."""
        if "train_size" in self.predictor.axes:
            self.predictor.initialize(ledger, train, np.random.default_rng(self.seed))


def _held_out(
    member: PerformancePredictor, ledger: Ledger, train: Genes, seed: int, fold: Folds | None
) -> Floats:
    """Returns ``(n,)`` means for the training rows, of one that learns from the other folds.

    Args:
        member: predictor, which is initialized.
        ledger: ledger of the evidence.
        train: ``(n, length)`` rows.
        seed: seed of what it learns.
        fold: ``(n,)`` fold of each row; None has it learn from the rows that it is asked for.
    """
    if fold is None or "train_size" not in member.axes:
        member.initialize(ledger, train, np.random.default_rng(seed))
        return member.query(ledger, train).mean
    means = np.empty(len(train))
    for k in np.unique(fold):
        member.initialize(ledger, train[fold != k], np.random.default_rng(seed))
        means[fold == k] = member.query(ledger, train[fold == k]).mean
    return means


def _stacked(x: Floats, u: Floats, trusted: bool) -> Linear | _Mean:
    """Returns what predicts from the columns that held-out errors choose.

    With few labels it is the first line or a mean of all, with many the regression on columns added
    one after the other.
    """
    lines = [Linear.of(x, u, (k,)) for k in range(x.shape[1])]
    best, one = lines[0], min(lines, key=partial(_error, u))
    if len(u) < _MANY:
        return best if trusted and one is best else _Mean.of(lines, u)
    if better(u, one.held, best.held, _ERRORS):
        best = one
    while left := [k for k in range(x.shape[1]) if k not in best.columns]:
        more = min((Linear.of(x, u, (*best.columns, k)) for k in left), key=partial(_error, u))
        ranks = kendall(more.held, u) > kendall(best.held, u)
        if not (ranks and better(u, more.held, best.held, _ERRORS)):
            break
        best = more
    return best


def _error(u: Floats, fitted: Linear) -> float:
    return float(((u - fitted.held) ** 2).sum())
