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

    def chooser(self, ledger: Ledger) -> "Chooser":
        from nascast.training.supernet import one_path

        return one_path(ledger.space)
