"""The mean opinion of several predictors."""

from collections.abc import Sequence

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import labels_of
from nascast.core.spec import Spec, Value
from nascast.core.types import Genes
from nascast.predictors._combinator import Combinator, Part, part_of
from nascast.predictors._normal_scores import NormalScores

__all__ = ["Blend"]

_AS_THEY_ARE = Spec("joined", {"canonical": False})
_TREES: dict[str, Value] = {"max_depth": 6, "targets": "labels"}  # as the four were chosen
_BEST = tuple(
    Spec(name, {"encoding": encoding, **settings})
    for name, settings in (("xgboost", _TREES), ("gp", {}))
    for encoding in (Spec("joined"), _AS_THEY_ARE)
)


class Blend(Combinator):
    """Predictors of different kinds, whose means are averaged as ranks among the training labels.

    Accuracies have a long lower tail, in which predictors disagree by many points that mean little.
    So every mean is turned into its normal score among the training labels (van der Waerden 1952):
    the quantile of a normal distribution at its rank, between labels interpolated. The scores are
    averaged, and the average is turned back into a label. So a prediction does not depend on the
    rows that it is asked for with.

    The default is boosted trees and Gaussian processes on structural features, of canonical rows
    and of rows as they are: trees are better at thresholds, a process at what adds up, and their
    errors differ. With 78, 156 and 469 cells of NAS-Bench-201, drawn from all and trained once, τ
    is .815, .858 and .894 on CIFAR-10, .798, .843 and .877 on CIFAR-100, and .796, .843 and .880 on
    ImageNet16-120 (``perf/model_based.py --split random``, ten trials). Which four it should be was
    chosen on other draws of these cells.

    The deviation is that of the mixture of the predictors, where any has one.
    """

    def __init__(
        self,
        predictors: Sequence[Part] = _BEST,
        *,
        weights: Sequence[float] | None = None,
        epochs: int | None = None,
    ) -> None:
        """Chooses the predictors.

        Args:
            predictors: predictors, at least one, on the scale of the labels.
            weights: weight of each, all positive; None weighs them equally.
            epochs: number of epochs at query, of predictors that have such a setting; None leaves
                it.

        Raises:
            InvalidSettingError: there is no predictor, one only ranks, or weights do not fit.
        """
        parts = [part_of(predictor, epochs) for predictor in predictors]
        for part in parts:
            if part.ranks_only:
                raise InvalidSettingError(
                    f"a blend needs predictions on the scale of the labels; "
                    f"{type(part).__name__} only ranks"
                )
        if not parts or (weights is not None and len(weights) != len(parts)):
            raise InvalidSettingError(
                f"a blend needs at least one predictor, and a weight for each or none; "
                f"got {len(parts)} and {weights}"
            )
        if weights is not None and not all(weight > 0 for weight in weights):
            raise InvalidSettingError(f"weights are positive; got {weights}")
        super().__init__(*parts)
        self.predictors, self.weights, self.epochs = predictors, weights, epochs
        shares = np.ones(len(parts)) if weights is None else np.array(weights, dtype=np.float64)
        self._shares = shares / shares.sum()
        self._scale: NormalScores | None = None

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        self._scale = NormalScores(labels_of(ledger, train))
        for part, seed in zip(self._parts, rng.integers(2**63, size=len(self._parts)), strict=True):
            part.initialize(ledger, train, np.random.default_rng(seed))

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        if self._scale is None:
            raise InvalidSettingError("initialize a blend before you query it")
        found = [part.query(ledger, genes) for part in self._parts]
        means = np.stack([one.mean for one in found])
        mean = self._scale.labels(self._shares @ self._scale.scores(means))
        if all(one.deviation is None for one in found):
            return Prediction(mean)
        variance = self._shares @ (means - mean) ** 2
        known = [i for i, one in enumerate(found) if one.deviation is not None]
        shares = self._shares[known] / self._shares[known].sum()
        own = np.stack([one.deviation**2 for one in found if one.deviation is not None])
        return Prediction(mean, np.sqrt(variance + shares @ own))
