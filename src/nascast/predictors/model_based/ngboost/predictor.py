"""An encoding and NGBoost."""

from collections.abc import Mapping
from typing import Any

from nascast.core import plugins
from nascast.core.predictor import ModelPredictor
from nascast.predictors.model_based.ngboost.settings import MODULE, Settings

__all__ = ["NGBoost"]


class NGBoost(ModelPredictor):
    """An encoding and natural-gradient boosting; the prediction is the mean of a normal.

    The defaults are the settings of the 2021 study. Deviations: with fewer than 20 labels a tree
    sees all of them instead of half; trees split on squared error, since scikit-learn has no
    Friedman's criterion of its own any more.
    """

    axes = frozenset({"train_size"})
    modules = (MODULE,)

    def __init__(
        self, encoding: str = "adjacency_one_hot", settings: Mapping[str, Any] | None = None
    ) -> None:
        """Joins them.

        Args:
            encoding: a registered name.
            settings: of `Settings`, over the defaults.
        """
        chosen = Settings(**(settings or {}))
        super().__init__([plugins.load("encoding", encoding)], chosen.regressor)
