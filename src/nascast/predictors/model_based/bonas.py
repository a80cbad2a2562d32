"""The predictor of BONAS (Shi et al., NeurIPS 2020, https://arxiv.org/abs/1911.09336)."""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from nascast.core.ranges import LogIntegers, LogUniform
from nascast.encodings.bonas import BonasEncoding
from nascast.predictors.model_based.regression.graph_predictor import GraphPredictor, Layout
from nascast.predictors.model_based.regression.settings import Training, check_counts

if TYPE_CHECKING:
    from nascast.predictors.model_based.regression.members import Network

__all__ = ["Bonas"]


class Bonas(GraphPredictor):
    """Convolutions along edges, whose global vertex, which reads all others, gives the score.

    The preset ``study`` has the settings of White et al., NeurIPS 2021: 4 layers of 64 units,
    squared errors, 100 epochs of 128 labels a step. Deviations, also there: states are normalised
    over the units of a vertex instead of over a batch, so that a row's score does not depend on
    others; a layer adds to the state, which raised τ with 100 labels on NAS-Bench-201 from .50 to
    .60; weights are drawn Xavier-uniform. The paper's Bayesian regression on the states of the
    network is left out, as in the study.
    """

    presets = MappingProxyType(
        {
            "study": {
                "layers": 4,
                "width": 64,
                "members": 1,
                "loss": "squared",
                "learning_rate": 0.0001,
                "epochs": 100,
                "batch_size": 128,
            }
        }
    )
    ranges = MappingProxyType(  # the study's
        {
            "width": LogIntegers(16, 128),
            "batch_size": LogIntegers(32, 256),
            "learning_rate": LogUniform(1e-5, 0.1),
        }
    )

    def __init__(
        self,
        *,
        layers: int = 4,
        width: int = 64,
        members: int = 1,
        loss: str = "listwise",
        learning_rate: float = 0.004,
        epochs: int = 75,
        batch_size: int = 256,
    ) -> None:
        """Chooses the settings.

        Args:
            layers: number of layers.
            width: number of units of a vertex.
            members: number of networks; with several, predictions have deviations.
            loss: loss of training: ``listwise`` or ``pairwise`` of the order of the labels,
                ``squared`` or ``absolute`` of their values.
            learning_rate: first rate of Adam.
            epochs: number of passes through the labels.
            batch_size: largest number of labels of a step.
        """
        check_counts(layers=layers, width=width)
        super().__init__(
            BonasEncoding(), members, Training(loss, learning_rate, epochs, batch_size)
        )
        self.layers, self.width = layers, width

    def layout(self, vertices: int, labels: int) -> Layout:
        return Layout(vertices + 1, labels + 1, diagonal=0)

    def network(self, layout: Layout) -> "Callable[[], Network]":
        from nascast.predictors.model_based.regression.convolution import GlobalConvolution

        return partial(GlobalConvolution, layout, self.members, self.layers, self.width)
