"""Performance predictors, and the two shapes nearly all of them have.

A model-based predictor is features and a regressor (`ModelPredictor`); a zero-cost or
learning-curve predictor is one feature without a regressor (`FeaturePredictor`); OMNI is one
regressor over features of three families.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Batch, Floats, Genes

__all__ = [
    "Axis",
    "Encoding",
    "Feature",
    "FeaturePredictor",
    "ModelPredictor",
    "PerformancePredictor",
    "Proxy",
    "Regressor",
]

Axis = Literal["train_size", "epochs"]


class PerformancePredictor(ABC):
    """Predicts how good architectures would be, from evidence that a ledger meters.

    Attributes:
        axes: the budgets it can spend: ``train_size`` (labels at initialization) and ``epochs``
            (partial training at query, then also a setting named `epochs`).
        features: what it reads, so that a study can measure proxies once for all.
        modules: what it imports when it is used and takes long to import, for workers.
    """

    axes: ClassVar[frozenset[Axis]] = frozenset()
    modules: ClassVar[tuple[str, ...]] = ()
    features: tuple["Feature", ...] = ()

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        """Spends the initialization budget; forgets what an earlier call learned.

        Args:
            ledger: the evidence; what is read here is charged to its open phase.
            train: ``(n_train, length)`` architectures whose labels may be read.
            rng: for all randomness.
        """
        return

    @abstractmethod
    def query(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n,)`` predicted scores, larger is better; changes nothing.

        A score may be NaN where the evidence is missing or not finite.
        """


class Regressor(Protocol):
    """What scikit-learn, XGBoost, LightGBM and NGBoost have as they are."""

    def fit(self, X: Floats, y: Floats) -> Any:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        ...

    def predict(self, X: Floats) -> Any:
        """Returns ``(n,)`` predictions."""
        ...


class Feature(Protocol):
    """Columns of evidence: an encoding, a proxy, a statistic of the learning curve."""

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, d)``."""
        ...


class Encoding(ABC):
    """A feature that needs the search space alone."""

    @abstractmethod
    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n, d)``; one row per architecture."""

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, d)`` as float64, for regressors."""
        return np.asarray(self.encode(ledger.space, genes), dtype=np.float64)


class Proxy(ABC):
    """A zero-cost score of an untrained network, as a feature of one column.

    Attributes:
        name: the registered name.
        sign: +1 or −1, declared by the source paper and not chosen after looking at accuracies:
            the score times its sign is larger for the better network.
        seed: of the initial weights; every network starts from the same seed.
    """

    name: ClassVar[str]
    sign: ClassVar[int] = 1

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @abstractmethod
    def score(self, ledger: Ledger, arch: Architecture, batch: Batch) -> float:
        """Returns the raw score of one architecture; NaN where it is not defined."""

    def key(self, ledger: Ledger) -> str:
        """What the score depends on besides the architecture, for the memo."""
        batch = ledger.batch()
        return f"{self.name}|seed {self.seed}|{ledger.task}|{batch.source}"

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)``: score times sign."""
        batch = ledger.batch()

        def compute(arch: Architecture) -> float:
            return self.sign * self.score(ledger, arch, batch)

        return ledger.measured(self.key(ledger), genes, compute)[:, None]


class FeaturePredictor(PerformancePredictor):
    """A feature of one column is the prediction."""

    def __init__(self, feature: Feature) -> None:
        self.features = (feature,)

    def query(self, ledger: Ledger, genes: Genes) -> Floats:
        return self.features[0](ledger, genes)[:, 0]


class ModelPredictor(PerformancePredictor):
    """Features and a regressor, fitted on standardised labels.

    Labels are standardised with the training mean and deviation, and the prediction is turned back.
    A feature that is not finite is replaced by the training median of its column.
    """

    axes = frozenset({"train_size"})

    def __init__(
        self,
        features: Sequence[Feature],
        regressor: Callable[[int, np.random.Generator], Regressor],
    ) -> None:
        """Joins features and a regressor.

        Args:
            features: their columns are joined in this order.
            regressor: a new, unfitted regressor for a number of labels and a generator.
        """
        self.features = tuple(features)
        self._regressor = regressor
        self._model: Regressor | None = None
        self._center: float | None = None  # mean training label

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        if not len(train):
            raise InvalidSettingError("a model-based predictor needs at least one labelled row")
        y = ledger.labels(train)
        x = self._columns(ledger, train)
        finite = np.where(np.isfinite(x), x, np.nan)
        known = np.isfinite(finite).any(0)
        self._fill = np.zeros(x.shape[1])
        self._fill[known] = np.nanmedian(finite[:, known], axis=0)
        self._center = float(y.mean())
        self._scale = float(y.std()) or 1.0
        self._model = None
        if len(y) > 1 and y.std() > 0:  # otherwise the mean is all there is to learn
            self._model = self._regressor(len(y), rng)
            self._model.fit(self._repair(x), (y - self._center) / self._scale)

    def query(self, ledger: Ledger, genes: Genes) -> Floats:
        if self._center is None:
            raise InvalidSettingError("initialize a model-based predictor before you query it")
        x = self._repair(self._columns(ledger, genes))
        if self._model is None or not len(genes):
            return np.full(len(genes), self._center)
        z = np.asarray(self._model.predict(x), dtype=np.float64).reshape(-1)
        return z * self._scale + self._center

    def _columns(self, ledger: Ledger, genes: Genes) -> Floats:
        return np.concatenate([feature(ledger, genes) for feature in self.features], axis=1)

    def _repair(self, x: Floats) -> Floats:
        return np.where(np.isfinite(x), x, self._fill)
