"""One-shot model of all operations (Bender et al., ICML 2018).

https://proceedings.mlr.press/v80/bender18a.html; as a predictor in the 2021 study, White et al.,
https://arxiv.org/abs/2104.01177, without path dropout.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.predictors.weight_sharing._supernet import STUDY, SupernetPredictor

if TYPE_CHECKING:
    from nascast.training.supernet import Chooser

__all__ = ["OneShot"]


class OneShot(SupernetPredictor):
    """Accuracy with the weights of a supernet in which all operations are trained at once.

    In each step a vertex is the sum of all operations on all its edges, but for those that path
    dropout takes, while a query runs one of them an edge; it differs from ``rsws`` in nothing else.
    With a `dropout` of 0, as in the preset ``study``, operations learn to work together only.

    Deviation from the paper: the rate grows from the first step to the last, and statistics of
    batch normalisation are taken anew for each architecture instead of from the training batch.
    """

    presets = MappingProxyType({"study": {**STUDY, "dropout": 0.0}})

    def __init__(
        self,
        epochs: int = 20,
        *,
        dropout: float = 0.05,
        learning_rate: float = 0.1,
        repeats: int | None = 1,
        filters: int | None = 8,
        size: int | None = 16,
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        """Chooses the supernet and its training.

        Args:
            epochs: number of passes over the training images.
            dropout: probability that a vertex loses all its operations at the end of the training;
                0 drops none.
            learning_rate: learning rate at the first step, of which a 25th is left at the last.
            repeats: number N of normal cells in each stage; None is that of the benchmark.
            filters: number F of filters of the first stage; None is that of the benchmark.
            size: height and width of the images; None is that of the benchmark.
            batch_size: number of images in a step.
            seed: seed of the initial weights and of the training, which are the same in all trials.

        Raises:
            InvalidSettingError: a number is out of range.
        """
        super().__init__(
            epochs,
            learning_rate=learning_rate,
            repeats=repeats,
            filters=filters,
            size=size,
            batch_size=batch_size,
            seed=seed,
        )
        if not 0 <= dropout < 1:
            raise InvalidSettingError(f"dropout is a number from 0 to below 1; got {dropout}")
        self.dropout = dropout

    def chooser(self, ledger: Ledger) -> "Chooser":
        from nascast.training.supernet import all_paths

        return all_paths(self.dropout)
