"""One-shot model of all operations (Bender et al., ICML 2018).

https://proceedings.mlr.press/v80/bender18a.html; as a predictor in the 2021 study, White et al.,
https://arxiv.org/abs/2104.01177, without path dropout.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.predictors.weight_sharing._supernet import STUDY, SupernetPredictor

if TYPE_CHECKING:
    from nascast.training.supernet import Chooser

__all__ = ["OneShot"]


@dataclass(eq=False, kw_only=True)
class OneShot(SupernetPredictor):
    """Accuracy with the weights of a supernet in which all operations are trained at once.

    In each step a vertex is the sum of all operations on all its edges, but for those that path
    dropout takes, while a query runs one of them an edge; it differs from ``rsws`` in nothing else.
    With a `dropout` of 0, as in the preset ``study``, operations learn to work together only.

    Deviation from the paper: the rate grows from the first step to the last, and statistics of
    batch normalisation are taken anew for each architecture instead of from the training batch.

    Attributes:
        dropout: probability that a vertex loses all its operations at the end of the training; 0
            drops none. The other settings are those of every supernet here.
    """

    presets = MappingProxyType({"study": {**STUDY, "dropout": 0.0}})

    dropout: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.dropout < 1:
            raise InvalidSettingError(f"dropout is a number from 0 to below 1; got {self.dropout}")

    def chooser(self, ledger: Ledger) -> "Chooser":
        from nascast.training.supernet import all_paths

        return all_paths(self.dropout)
