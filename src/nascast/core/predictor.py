"""Performance predictors, and the three shapes nearly all of them have.

A model-based predictor is features and a regressor (`ModelPredictor`); a learning-curve predictor
is one feature without a regressor (`FeaturePredictor`); a zero-cost proxy is a feature, and as such
a predictor (`Proxy`); OMNI is one regressor over features of three families.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.feature import Feature
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.ranges import Range
from nascast.core.types import Floats, Genes

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = [
    "FeaturePredictor",
    "ModelPredictor",
    "NormalRegressor",
    "PerformancePredictor",
    "Proxy",
    "Regressor",
    "labels_of",
]


class PerformancePredictor(ABC):
    """Predicts how good architectures would be, from evidence that a ledger meters.

    A predictor keeps its constructor's arguments as attributes of the same names, and pickles; so
    it can be recorded, cloned and tuned by its `Spec`. Updating one is initializing it again on the
    grown set: labels paid for are free.

    Attributes:
        axes: budgets that it can spend, by the names of a study's axes: ``train_size`` (labels at
            initialization) and ``epochs`` (partial training at query, then also a setting).
        ranks_only: whether its means only rank, and are not on the scale of the labels.
        ranks_alone: whether its scores by themselves rank networks as small as those of the
            conformance checks better than chance; False for what measures one side of a network,
            needs deeper ones, or trains longer than a check may.
        calibrated: whether its deviations claim that about 90 % of true scores lie within 1.645
            deviations of the mean.
        precision: relative difference that the rows of a batch may make to each other's scores;
            networks in single precision need more than the default.
        presets: settings for a purpose, by its name, such as those of the 2021 study.
        features: features that it reads, so that a study can compute proxies once for all.
        reference: number of random architectures, or for each label so many, whose proxies it
            reads at initialization.
        ranges: ranges of settings that are worth tuning, by name; see the combinator ``tuned``.
        deterministic: whether what it learns does not depend on the generator, so that members of
            an ensemble need labels of their own to differ.
        modules: names of modules that it imports when it is used and that take long to import;
            workers import them beforehand.
    """

    axes: ClassVar[frozenset[str]] = frozenset()
    ranks_only: ClassVar[bool] = False
    ranks_alone: ClassVar[bool] = True
    calibrated: ClassVar[bool] = False
    precision: ClassVar[float] = 1e-9
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    ranges: ClassVar[Mapping[str, Range]] = MappingProxyType({})
    deterministic: ClassVar[bool] = False
    modules: ClassVar[tuple[str, ...]] = ()
    features: tuple[Feature, ...] = ()
    reference: int = 0

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        """Spends the initialization budget; forgets what an earlier call learned.

        Args:
            ledger: ledger of the evidence; what is read here is charged to its open phase.
            train: ``(n_train, length)`` architectures whose labels may be read.
            rng: generator for all randomness.
        """
        return

    @abstractmethod
    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        """Returns the prediction for ``(n, length)`` architectures; changes nothing.

        A mean may be NaN where the evidence is missing or not finite.
        """

    def supported(self, ledger: Ledger, genes: Genes) -> tuple[Feature, ...]:
        """Returns the features that it reads on these records, each tried on some architectures.

        Args:
            ledger: ledger of the evidence; what is tried is charged to its open phase.
            genes: ``(n, length)`` architectures to try them on; one is enough.

        Raises:
            UnsupportedError: records or space lack a feature that it cannot do without.
        """
        for feature in sorted(self.features, key=lambda one: isinstance(one, Proxy)):  # slow last
            feature(ledger, genes)
        return self.features

    def like(self, **settings: Any) -> Self:
        """Returns a new predictor of the same settings, but for those given."""
        own = {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}
        return type(self)(**{**own, **settings})


class Regressor(Protocol):
    """A regressor, as scikit-learn, XGBoost, LightGBM and NGBoost have them."""

    def fit(self, X: Floats, y: Floats) -> Any:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        ...

    def predict(self, X: Floats) -> Any:
        """Returns ``(n,)`` predictions."""
        ...


@runtime_checkable
class NormalRegressor(Protocol):
    """A regressor whose predictive distribution is normal, or described by its two moments."""

    def predict_normal(self, X: Floats) -> tuple[Any, Any]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations."""
        ...


class Proxy(PerformancePredictor):
    """A zero-cost score of an untrained network: a feature of one column, and so a predictor.

    Attributes:
        name: registered name.
        sign: +1 or −1, declared by the source paper and not chosen after looking at accuracies:
            the score times its sign is larger for the better network.
        reads_batch: whether the score depends on the minibatch; False makes it one for all batches.
        seed: seed of the initial weights, the same for every network.
    """

    name: ClassVar[str]
    sign: ClassVar[int] = 1
    reads_batch: ClassVar[bool] = True
    ranks_only = True
    modules = ("torch",)

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.features = (self,)

    @abstractmethod
    def score(self, passes: "Passes") -> float:
        """Returns the raw score of one architecture; NaN where it is not defined.

        Args:
            passes: passes through its untrained network, shared with other proxies.
        """

    def key(self, ledger: Ledger) -> str:
        """Returns a text of all that the score depends on besides the architecture."""
        own = inspect.signature(type(self)).parameters
        settings = ",".join(f"{name}={getattr(self, name)}" for name in own)
        batch = ledger.batch().source if self.reads_batch else ""
        return f"{self.name}|{settings}|{ledger.space.name}|{ledger.task}|{batch}"

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)``: score times sign."""
        return self.sign * ledger.scores([self], genes)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return Prediction(self(ledger, genes)[:, 0])


class FeaturePredictor(PerformancePredictor):
    """A predictor whose prediction is a feature of one column."""

    ranks_only = True

    def __init__(self, feature: Feature) -> None:
        self.features = (feature,)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return Prediction(self.features[0](ledger, genes)[:, 0])


class ModelPredictor(PerformancePredictor):
    """Features and a regressor, fitted on standardised labels.

    Labels are standardised with the training mean and deviation, and the prediction is turned back.
    A feature that is not finite is replaced by the training median of its column. A regressor that
    is a `NormalRegressor` gives deviations too.
    """

    axes = frozenset({"train_size"})

    def __init__(self, features: Sequence[Feature]) -> None:
        """Takes the features, whose columns are joined in this order.

        A subclass gives `regressor`.
        """
        self.features = tuple(features)
        self._model: Regressor | None = None
        self._center: float | None = None  # mean training label

    @abstractmethod
    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        """Returns a new, unfitted regressor for n labels; all its randomness is from `rng`."""

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        y = labels_of(ledger, train)
        x = joined(self.features, ledger, train)
        finite = np.where(np.isfinite(x), x, np.nan)
        known = np.isfinite(finite).any(0)
        self._fill = np.zeros(x.shape[1])
        self._fill[known] = np.nanmedian(finite[:, known], axis=0)
        self._center = float(y.mean())
        self._scale = float(y.std()) or 1.0
        self._model = None
        if len(y) > 1 and np.ptp(y) > 0:  # otherwise the mean is all there is to learn
            model, targets = self.regressor(len(y), rng), (y - self._center) / self._scale
            self._model = ledger.learned(_fitted, model, self._repair(x), targets)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        if self._center is None:
            raise InvalidSettingError("initialize a model-based predictor before you query it")
        x = self._repair(joined(self.features, ledger, genes))
        if self._model is None or not len(genes):
            return Prediction(np.full(len(genes), self._center))
        if isinstance(self._model, NormalRegressor):
            mean, deviation = map(_flat, self._model.predict_normal(x))
            return Prediction(mean * self._scale + self._center, deviation * self._scale)
        return Prediction(_flat(self._model.predict(x)) * self._scale + self._center)

    def _repair(self, x: Floats) -> Floats:
        return np.where(np.isfinite(x), x, self._fill)


def labels_of(ledger: Ledger, train: Genes) -> Floats:
    """Returns ``(n_train,)`` labels to learn from, which are charged.

    Raises:
        InvalidSettingError: there is none.
        CorruptDataError: one is not finite; the message names its row.
    """
    if not len(train):
        raise InvalidSettingError("a model-based predictor needs at least one labelled row")
    y = ledger.labels(train)
    if not np.isfinite(y).all():
        row = int(np.flatnonzero(~np.isfinite(y))[0])
        raise CorruptDataError(
            f"the label of training row {row}, {ledger.space.to_text(train[[row]])[0]}, is "
            f"{y[row]}; leave out what failed"
        )
    return y


def joined(features: Sequence[Feature], ledger: Ledger, genes: Genes) -> Floats:
    """Returns ``(n, d)``: the columns of all features; proxies share passes."""
    proxies = [feature for feature in features if isinstance(feature, Proxy)]
    scores = iter(ledger.scores(proxies, genes).T) if proxies else iter(())
    columns = [
        feature.sign * next(scores)[:, None]
        if isinstance(feature, Proxy)
        else feature(ledger, genes)
        for feature in features
    ]
    return np.concatenate(columns, axis=1)


def _fitted(model: Regressor, x: Floats, y: Floats) -> Regressor:
    model.fit(x, y)
    return model


def _flat(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64).reshape(-1)
