"""The predictor of NAO (Luo et al., NeurIPS 2018, https://arxiv.org/abs/1808.07233)."""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from nascast.core.ranges import LogIntegers, LogUniform
from nascast.encodings.gcn import GcnEncoding
from nascast.predictors.model_based.regression.graph_predictor import GraphPredictor, Layout
from nascast.predictors.model_based.regression.settings import Training, check_counts

if TYPE_CHECKING:
    from nascast.predictors.model_based.regression.autoencoder import Autoencoder

__all__ = ["Nao"]


class Nao(GraphPredictor):
    """A recurrent encoder of the vertices, whose code is scored and, in training, decoded.

    The preset ``study`` has the settings of White et al., NeurIPS 2021: 64 units, squared errors,
    50 epochs of 100 labels a step. Deviations, also there: one step of a sequence is a vertex with
    its label and its edges, not one token of them, which makes sequences shorter by the factor
    (v + 1) / 2; the decoder starts from the code and does not attend to the encoder's states;
    there are no dropout, no decay of weights and no clipping of gradients. Every vertex and every
    edge is read, in every space.
    """

    presets = MappingProxyType(
        {
            "study": {
                "width": 64,
                "loss": "squared",
                "learning_rate": 0.001,
                "epochs": 50,
                "batch_size": 100,
            }
        }
    )
    ranges = MappingProxyType(  # the study's, which its code did not use
        {
            "width": LogIntegers(16, 128),
            "batch_size": LogIntegers(32, 256),
            "learning_rate": LogUniform(1e-5, 0.1),
        }
    )

    def __init__(
        self,
        *,
        width: int = 32,
        members: int = 1,
        loss: str = "listwise",
        learning_rate: float = 0.008,
        epochs: int = 60,
        batch_size: int = 256,
    ) -> None:
        """Chooses the settings.

        Args:
            width: number of units of a code and of each recurrent state.
            members: number of networks; with several, predictions have deviations.
            loss: loss of training: ``listwise`` or ``pairwise`` of the order of the labels,
                ``squared`` or ``absolute`` of their values.
            learning_rate: first rate of Adam.
            epochs: number of passes through the labels.
            batch_size: largest number of labels of a step.
        """
        check_counts(width=width)
        super().__init__(GcnEncoding(), members, Training(loss, learning_rate, epochs, batch_size))
        self.width = width

    def layout(self, vertices: int, labels: int) -> Layout:
        return Layout(vertices, labels, diagonal=1)

    def network(self, layout: Layout) -> "Callable[[], Autoencoder]":
        from nascast.predictors.model_based.regression.autoencoder import Autoencoder

        return partial(Autoencoder, layout, self.members, self.width)
