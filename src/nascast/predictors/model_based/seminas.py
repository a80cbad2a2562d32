"""SemiNAS (Luo et al., NeurIPS 2020, https://arxiv.org/abs/2002.10389)."""

import numpy as np

from nascast.core.ledger import Ledger
from nascast.core.predictor import joined
from nascast.core.types import Floats
from nascast.predictors.model_based.nao import Nao
from nascast.predictors.model_based.regression.settings import check_counts

__all__ = ["SemiNas"]


class SemiNas(Nao):
    """NAO's networks, which also learn from architectures without labels, drawn from the space.

    They learn from the labels, and then from both, the others labelled by what was learned so far.
    The second training has a third of the passes. Nothing is charged for these architectures but
    the seconds of learning. Over `Nao` nothing was gained by them with 100 and 1,000 labels of
    NAS-Bench-201 (`perf/neural.py`); in the study SemiNAS took twelve times the steps of NAO.

    The preset ``study`` has the settings of White et al., NeurIPS 2021: as many architectures
    without labels as with. Deviations are those of `Nao`; the study's second training is as long as
    the first, and shows each label ten times in an epoch.
    """

    def __init__(
        self,
        *,
        width: int = 32,
        members: int = 1,
        factor: int = 1,
        loss: str = "listwise",
        learning_rate: float = 0.008,
        epochs: int = 40,
        batch_size: int = 256,
    ) -> None:
        """Chooses the settings.

        Args:
            width: number of units of a code and of each recurrent state.
            members: number of networks; with several, predictions have deviations.
            factor: number of architectures without a label for each that has one.
            loss: loss of training: ``listwise`` or ``pairwise`` of the order of the labels,
                ``squared`` or ``absolute`` of their values.
            learning_rate: first rate of Adam.
            epochs: number of passes through the labels in the first training.
            batch_size: largest number of architectures of a step.
        """
        check_counts(factor=factor)
        super().__init__(
            width=width,
            members=members,
            loss=loss,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
        )
        self.factor = factor

    def unlabelled(self, ledger: Ledger, n: int, rng: np.random.Generator) -> Floats | None:
        return joined(self.features, ledger, ledger.space.sample(self.factor * n, rng))
