"""The settings of NGBoost."""

from dataclasses import dataclass

from nascast.core.extras import check_extra

__all__ = ["MODULE", "Settings"]

MODULE = "nascast.predictors.model_based.ngboost.regressor"  # takes long to import


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of NGBoost; the defaults are those of White et al., NeurIPS 2021.

    Attributes:
        n_estimators: number of rounds of boosting.
        learning_rate: weight of each round.
        max_depth: largest depth of a tree.
        max_features: share of the columns among which a split is looked for.
        minibatch_frac: share of the rows that a round is fitted on.
    """

    n_estimators: int = 505
    learning_rate: float = 0.08127
    max_depth: int = 6
    max_features: float = 0.792
    minibatch_frac: float = 0.5

    def __post_init__(self) -> None:
        check_extra("ngboost", "boost", "NGBoost")
