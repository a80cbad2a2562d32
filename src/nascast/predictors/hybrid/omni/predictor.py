"""One regressor over features of three families."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Proxy, Regressor
from nascast.core.spec import Spec, component_of
from nascast.predictors._targets import OnNormalScores
from nascast.predictors.hybrid.omni.mean import Mean
from nascast.predictors.hybrid.omni.scaled import scaled
from nascast.predictors.hybrid.omni.statistics import statistics
from nascast.predictors.model_based.ngboost import NGBoost

__all__ = ["Omni"]

_TREES = Spec("xgboost", {"n_estimators": 200, "max_depth": 3, "targets": "labels"})
_STUDY: dict[str, Any] = {"curves": ("sotl_e",), "lines": False}


class Omni(ModelPredictor):
    """A regressor over statistics of the learning curve, zero-cost proxies and encodings.

    All features are scaled from the training rows. By default the regressor is a *mean* of lines on
    the curve, Gaussian processes and small trees, weighted by their errors on held-out rows, see
    `mean`; it was made to be no worse than its best part, and its deviations are those of held-out
    rows. Presets: ``study`` has the study's features, its NGBoost and the search of its settings;
    ``untuned`` the same without a search.

    Deviations of ``study``: folds are shuffled; the curve at query is scaled as that of the
    training rows is; the loss of fewer than three epochs is read, too.
    """

    axes = frozenset({"train_size", "epochs"})
    modules = ("xgboost", "torch")
    presets = MappingProxyType(
        {
            "study": {**_STUDY, "model": "ngboost", "draws": 35},
            "untuned": {**_STUDY, "model": Spec("ngboost", NGBoost.presets["study"])},
        }
    )

    def __init__(
        self,
        epochs: int = 5,
        *,
        encodings: Sequence[str | Spec | Encoding] = ("adjacency_one_hot",),
        proxies: Sequence[str | Spec | Proxy] = ("jacov",),
        curves: Sequence[str | Spec] = ("sotl_e", "early_stop_accuracy"),
        model: str | Spec = _TREES,
        lines: bool = True,
        draws: int = 0,
    ) -> None:
        """Chooses features and regressor.

        Args:
            epochs: number of epochs of training at query, of which all statistics are.
            encodings: encodings of the architecture.
            proxies: zero-cost proxies.
            curves: predictors that read curves alone, whose predictions are statistics of them.
            model: model-based predictor whose regressor learns; its own encoding is not read.
            lines: whether lines on curves, and Gaussian processes, stand beside the regressor, and
                normal scores of labels are learned; without, the regressor alone learns labels.
            draws: number of random settings to try, of `model` ngboost alone, with the ranges of
                the study.
        """
        made = component_of("predictor", model)
        if not isinstance(made, ModelPredictor):
            raise InvalidSettingError(f"model should be a model-based predictor; got {model}")
        self._model_predictor: ModelPredictor = made
        if draws < 0 or (draws and (lines or str(model) != "ngboost")):
            raise InvalidSettingError(
                "draws should not be negative, and are of model=ngboost with lines=false; "
                f"got {draws} draws, model={model}, lines={lines}"
            )
        if lines and not (curves or proxies):
            raise InvalidSettingError(
                "OMNI needs a score beside its regressor: at least one curve statistic or proxy"
            )
        super().__init__(
            [
                *statistics(curves, epochs),
                *(component_of("proxy", proxy) for proxy in proxies),
                *(component_of("encoding", encoding) for encoding in encodings),
            ]
        )
        self.epochs, self.encodings, self.proxies, self.curves = epochs, encodings, proxies, curves
        self.model, self.lines, self.draws = model, lines, draws

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        seed = int(rng.integers(2**31))
        if self.lines:
            return OnNormalScores(Mean(len(self.curves), len(self.proxies), self._made, seed))
        if self.draws:
            from nascast.predictors.hybrid.omni.search import SearchedNGBoost

            return scaled(SearchedNGBoost(self.draws, seed))
        return scaled(self._made(n, seed))

    def _made(self, n: int, seed: int) -> Regressor:
        return self._model_predictor.regressor(n, np.random.default_rng(seed))
