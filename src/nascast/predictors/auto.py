"""Members stacked by what they predict for labels that they have not seen.

Stacking with weights that are not negative: Breiman, Machine Learning 1996,
https://doi.org/10.1007/BF00117832.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.feature import Feature
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, labels_of
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes
from nascast.predictors._combinator import Combinator, Part, part_of
from nascast.predictors._normal_scores import NormalScores
from nascast.predictors.hybrid.omni.linear import Linear
from nascast.predictors.hybrid.omni.scaled import Scaler

__all__ = ["Auto"]

_STRUCTURE = Spec("joined")
_VALIDATED = {  # what every benchmark with curves has
    "curves": ("early_stop_accuracy", "lce"),
    "proxies": (),
    "encodings": (_STRUCTURE,),
}
_MEMBERS: tuple[Part, ...] = (  # chosen, see docs/omni.md
    "omni",
    Spec("omni", _VALIDATED),
    "sotl_e",
    "lce",
    "lcsvr",
    "gcn",
    "nao",
    Spec("gp", {"encoding": _STRUCTURE}),
    Spec("xgboost", {"encoding": _STRUCTURE, "n_estimators": 200, "targets": "labels"}),
)
Folds = npt.NDArray[np.int64]

_FEWEST = 8  # labels, with fewer of which nothing is weighed; as OMNI's
_MANY = 100  # labels, with fewer of which the late members are left out; chosen
_SHRINKAGE = 50  # labels with which products of errors and independence count alike; chosen
_LEAST = 0.1  # weight, of the largest, below which a member is left out; chosen


class Auto(Combinator):
    """For the budgets given, the weighted mean of predictors, of which most are left out.

    Every member that the records and the space support predicts the training labels: curves and
    proxies as they are, those that learn fold by fold, from the labels of the other folds. One line
    maps a member's means to the labels, another one their normal scores, since some members have a
    scale of their own. The mean of all lines has the weights, none negative and of sum 1, with
    which its squared error is the smallest, by the mean products of held-out errors. Few labels do
    not tell how errors of two lines go together: with n labels these products count n/(n + 50), and
    the rest is as if errors were independent. Errors are of normal scores, so that the worst
    architectures do not decide. What has little weight, or tells nothing, is left out, and not
    asked at query. All of this is part of the initialization, and is charged there.

    With fewer than eight labels the first member that is supported is taken, by default OMNI. The
    deviation is the root mean square of held-out errors, the same for all.

    Attributes:
        chosen: members that are asked at query; empty before `initialize`.
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
            members: predictors; with few labels the first that is supported is believed.
            folds: number of folds of the labels, for members that learn.
            late: names of members that are left out with fewer than 100 labels, unless there is no
                other, where they are given by their specs; chosen, see docs/omni.md.

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
        self._stack: _Mean | None = None

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
            self._stack = _Mean.of(x, self._scale.scores(y))
            asked = self._stack.asked
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
        x[:, self._stack.asked] = np.column_stack(found)
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
    """The weighted mean of lines, on means of members and on the normal scores of these.

    Attributes:
        scales: k scales of members' means.
        lines: lines, at least one, each on one of 2k columns.
        weights: weights of the lines; what they lack of 1 is that of the mean, which is near 0.
    """

    scales: Sequence[NormalScores]
    lines: Sequence[Linear]
    weights: Floats

    @classmethod
    def of(cls, x: Floats, u: Floats) -> Self:
        """Weighs the lines for ``(n, k)`` means of members and ``(n,)`` targets, normal scores."""
        known = Scaler.of(x)
        x = np.where(np.isfinite(known.spread), x, known.center)  # what differs by rounding alone
        scales = [NormalScores(column) for column in x.T]
        columns = _with_scores(x, scales)
        lines = [Linear.of(columns, u, (k,)) for k in range(columns.shape[1])]
        weights = _convex(u - np.stack([line.held for line in lines]))
        telling = weights * [not line.flat for line in lines]
        weights = telling if telling.any() else weights
        kept = np.flatnonzero(weights >= _LEAST * weights.max())
        weights = weights.sum() * weights[kept] / weights[kept].sum()
        return cls(scales, [lines[k] for k in kept.tolist()], weights)

    @property
    def asked(self) -> list[int]:
        """Places, among the members that are supported, of those that are read."""
        return sorted({line.columns[0] % len(self.scales) for line in self.lines})

    @property
    def held(self) -> Floats:
        """Predictions of each training row without its label, ``(n,)``."""
        return np.asarray(self.weights @ np.stack([line.held for line in self.lines]))

    def predict(self, x: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        columns = _with_scores(x, self.scales)
        return np.asarray(self.weights @ np.stack([line.predict(columns) for line in self.lines]))


def _with_scores(x: Floats, scales: Sequence[NormalScores]) -> Floats:
    """Returns ``(n, 2k)``: columns, and the normal scores of each."""
    scored = [scale.scores(column) for scale, column in zip(scales, x.T, strict=True)]
    return np.column_stack([x, *scored])


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


def _convex(errors: Floats) -> Floats:
    """Returns ``(k,)`` weights, none negative and of sum 1, of the mean with the least error.

    Args:
        errors: ``(k, n)`` held-out errors, of normal scores.
    """
    from scipy.optimize import nnls

    k, n = errors.shape
    apart = _SHRINKAGE / (n + _SHRINKAGE)
    # The squares of the first n products sum to the part of the mean products of errors, those of
    # the next k to that of independent ones. The last row asks for a sum of 1; how nearly it is met
    # scales all weights alike, and is divided out.
    rows = np.concatenate(
        [
            np.sqrt((1 - apart) / n) * errors.T,
            np.sqrt(apart) * np.diag(np.sqrt(np.mean(errors**2, axis=1))),
            np.ones((1, k)),
        ]
    )
    weights, _ = nnls(rows, np.concatenate([np.zeros(n + k), [1.0]]))
    return np.asarray(weights / weights.sum())
