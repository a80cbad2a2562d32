"""A predictor inside a strategy, which learns from what the strategy was told."""

import warnings

import numpy as np

from nascast.core.errors import InvalidSettingError, NascastError, SearchWarning
from nascast.core.evidence import Records, Told
from nascast.core.feature import Encoding
from nascast.core.history import History
from nascast.core.ledger import Ledger, Memo
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, Proxy
from nascast.core.strategy import Strategy
from nascast.core.types import Batch, Floats, Genes, Objective
from nascast.strategies._encodings import check_encoding

__all__ = ["Fitted"]

_BATCH = 32  # inputs that zero-cost proxies see, if the predictor has any; chosen


class Fitted:
    """A predictor that is fitted on a history each time that it is asked.

    Attributes:
        model: the predictor.
    """

    def __init__(
        self,
        strategy: Strategy,
        model: PerformancePredictor,
        *,
        name: str,
        curves: bool = False,
    ) -> None:
        """Takes a predictor.

        Args:
            strategy: strategy whose space, task and seed are those of what zero-cost proxies see.
            model: predictor that nobody else fits.
            name: what messages call it.
            curves: whether what it is asked about was trained for a while.

        Raises:
            InvalidSettingError: the predictor reads learning curves, and there are none.
            UnsupportedError: the space has not what the predictor reads of it.
        """
        self.model, self._strategy, self._name = model, strategy, name
        self._memo: Memo = {}  # scores of networks at birth, which trials do not change
        self._warned = False
        if "epochs" in model.axes and not curves:
            raise InvalidSettingError(
                f"{name} reads learning curves of the candidates, which have none yet; "
                "choose a predictor that learns from labels, or a zero-cost proxy"
            )
        for feature in model.features:
            if isinstance(feature, Encoding):
                check_encoding(strategy.space, feature)

    def predict(
        self, history: History, genes: Genes, rng: np.random.Generator
    ) -> Prediction | None:
        """Returns the prediction for ``(n, length)`` rows; None where nothing can be learned.

        That is so before the first success, and where fitting fails, which a `SearchWarning` says
        once.
        """
        told = self._told(history)
        train = told.genes()
        if not len(train):
            return None
        ledger = self._ledger(history, told)
        try:
            with ledger.phase("init"):
                self.model.initialize(ledger, train, rng)
            with ledger.phase("query"):
                return self.model.query(ledger, genes)
        except NascastError:
            raise  # what the user can mend
        except (ArithmeticError, ValueError, RuntimeError) as error:
            self._warn(
                f"{self._name} could not be fitted on {len(train)} trials: {error!r}; the search "
                "goes on without it"
            )
            return None

    def check(self, records: Records, objective: Objective, genes: Genes) -> None:
        """Raises where records lack what the predictor reads of trainings; see `Strategy.check`."""
        ledger = Ledger(records, objective)
        with ledger.phase("query"):
            for feature in self.model.features:
                if not isinstance(feature, Encoding | Proxy):
                    feature(ledger, genes)

    def scores(self, history: History, genes: Genes) -> Floats:
        """Returns ``(n,)`` scores by a predictor that needs no labels; NaN where it has none."""
        ledger = self._ledger(history, self._told(history))
        with ledger.phase("query"):
            found = self.model.query(ledger, genes).mean
        if np.count_nonzero(np.isnan(found)) > len(found) / 2:
            self._warn(
                f"{self._name} has no score for {np.count_nonzero(np.isnan(found))} of "
                f"{len(found)} networks; the search goes on, with these ranked last"
            )
        return found

    def _told(self, history: History) -> Told:
        return Told(history, self._strategy.space, self._strategy.task)

    def _ledger(self, history: History, told: Told) -> Ledger:
        proxies = any(isinstance(feature, Proxy) for feature in self.model.features)
        batch = Batch.random(told.task, _BATCH, seed=self._strategy.seed) if proxies else None
        return Ledger(told, history.objectives[0], batch=batch, memo=self._memo)

    def _warn(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(text, SearchWarning, stacklevel=2)
