"""Random search for the settings of a predictor.

White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177, appendix; random search: Bergstra &
Bengio, JMLR 2012. Deviations from the study: the folds are drawn at random and a fold that is
judged was not trained on, where its code judges on the training folds; a negative mean τ is not
rounded up to 0; and by default the search ends after some draws, so that it can be repeated.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from nascast.core.correlation import kendall
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, labels_of
from nascast.core.types import Floats, Genes
from nascast.predictors._combinator import Combinator, Part, part_of

__all__ = ["Tuned"]

_LEAST = 10  # labels for a search; the study's
_GRACE = 20.0  # seconds for any number of labels; the study's
_SCORES = ("kendall", "likelihood")


class Tuned(Combinator):
    """A predictor whose settings are the best of some, by cross-validation on its labels.

    The predictor as it is given is tried first, then draws from the `ranges` that it declares. The
    best is initialized on all labels; where two are equally good, the earlier one is better. With
    fewer than ten labels, or constant ones, nothing is searched. The labels are paid for once, and
    the search is part of the initialization.

    The preset ``study`` searches for as long as the study did, 900 seconds for each 1,000 labels
    and 20 more, but for at most 5,000 draws. Its result depends on the speed of the machine.

    Attributes:
        tried: number of settings tried, those given included; 0 before a search.
        best: settings that were drawn for the best; empty where it is the predictor as given.
        scores: mean scores of the settings tried, in their order.
    """

    presets = MappingProxyType({"study": {"draws": 5000, "seconds": 900.0}})

    def __init__(
        self,
        predictor: Part = "xgboost",
        draws: int = 10,
        *,
        seconds: float | None = None,
        folds: int = 3,
        score: str = "kendall",
        epochs: int | None = None,
    ) -> None:
        """Chooses the predictor and how long is searched.

        Args:
            predictor: predictor that declares ranges.
            draws: number of settings that are drawn, at most.
            seconds: seconds of search for each 1,000 labels, after which, and 20 more, none is
                drawn any more; None sets no limit.
            folds: number of folds; each is predicted by what was trained on the others.
            score: ``kendall`` for Kendall's τ of the predictions of a fold, ``likelihood`` for the
                mean logarithm of the likelihood of its labels, which needs deviations.
            epochs: number of epochs at query, of a predictor that has such a setting; None leaves
                it.

        Raises:
            InvalidSettingError: the predictor declares no ranges, or a setting is out of range.
        """
        part = part_of(predictor, epochs)
        if not part.ranges:
            name = type(part).__name__
            raise InvalidSettingError(f"{name} declares no ranges of settings to search")
        if draws < 0 or folds < 2 or score not in _SCORES:
            raise InvalidSettingError(
                f"draws is a whole number from 0, folds one from 2, and score one of "
                f"{', '.join(_SCORES)}; got {draws}, {folds} and {score!r}"
            )
        super().__init__(part)
        self.predictor, self.draws, self.seconds = predictor, draws, seconds
        self.folds, self.score, self.epochs = folds, score, epochs
        self.tried = 0
        self.best: Mapping[str, Any] = {}
        self.scores: tuple[float, ...] = ()
        self._chosen = part

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        y = labels_of(ledger, train)
        self.best, self.scores = {}, ()
        if len(y) >= _LEAST and np.ptp(y) > 0:
            self._search(ledger, train, y, rng)
        self.tried = len(self.scores)
        self._chosen = self._parts[0].like(**self.best)
        self._chosen.initialize(ledger, train, rng)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return self._chosen.query(ledger, genes)

    def _search(self, ledger: Ledger, train: Genes, y: Floats, rng: np.random.Generator) -> None:
        began = ledger.elapsed()
        limit = math.inf if self.seconds is None else self.seconds * len(y) / 1000 + _GRACE
        order = np.array_split(rng.permutation(len(y)), min(self.folds, len(y)))
        top = -math.inf
        for number in range(self.draws + 1):
            if ledger.elapsed() - began > limit:
                break
            ranges = self._parts[0].ranges.items() if number else ()
            drawn = {name: range_.draw(rng) for name, range_ in ranges}
            seed = int(rng.integers(2**31))
            one = self._parts[0].like(**drawn)
            found = [self._judged(one, ledger, train, y, fold, seed) for fold in order]
            self.scores += (float(np.mean(found)),)
            if self.scores[-1] > top:  # so that a tie, or NaN, keeps what was found before
                top, self.best = self.scores[-1], drawn

    def _judged(
        self,
        predictor: PerformancePredictor,
        ledger: Ledger,
        train: Genes,
        y: Floats,
        fold: Any,
        seed: int,
    ) -> float:
        """Returns the score of a predictor on the rows of a fold, trained on the others."""
        others = np.delete(np.arange(len(y)), fold)
        predictor.initialize(ledger, train[others], np.random.default_rng(seed))
        found = predictor.query(ledger, train[fold])
        if self.score == "kendall":
            return kendall(found.mean, y[fold]) if np.isfinite(found.mean).all() else math.nan
        return _likelihood(found, y[fold])


def _likelihood(found: Prediction, y: Floats) -> float:
    """Returns the mean logarithm of the normal likelihood of ``(n,)`` labels."""
    if found.deviation is None:
        raise UnsupportedError("score=likelihood needs a predictor that has deviations")
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (y - found.mean) / found.deviation
        each = -(z**2) / 2 - np.log(found.deviation) - math.log(2 * math.pi) / 2
    return float(np.where(found.deviation > 0, each, -math.inf).mean())
