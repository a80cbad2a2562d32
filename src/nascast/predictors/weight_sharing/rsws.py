"""Random search with weight sharing (Li & Talwalkar, UAI 2019, https://arxiv.org/abs/1902.07638).

Only its supernet is here, which predicts; that random architectures are drawn and the best kept is
a strategy.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING

from nascast.core.ledger import Ledger
from nascast.predictors.weight_sharing._supernet import STUDY, SupernetPredictor

if TYPE_CHECKING:
    from nascast.training.supernet import Chooser

__all__ = ["Rsws"]


class Rsws(SupernetPredictor):
    """Accuracy with the weights of a supernet trained by one random architecture in each step.

    Each step draws an architecture and trains its operations alone, which is what a query runs. It
    differs from ``oneshot`` in nothing else.
    """

    presets = MappingProxyType({"study": STUDY})

    def __init__(
        self,
        epochs: int = 20,
        *,
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
            learning_rate: learning rate at the first step, of which a 25th is left at the last.
            repeats: number N of normal cells in each stage; None is that of the benchmark.
            filters: number F of filters of the first stage; None is that of the benchmark.
            size: height and width of the images; None is that of the benchmark.
            batch_size: number of images in a step.
            seed: seed of the initial weights and of the training, which are the same in all trials.

        Raises:
            InvalidSettingError: a number is too small.
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

    def chooser(self, ledger: Ledger) -> "Chooser":
        from nascast.training.supernet import one_path

        return one_path(ledger.space)
