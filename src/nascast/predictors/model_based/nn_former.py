"""NN-Former (Xu et al., CVPR 2025, https://arxiv.org/abs/2507.00880): graphs and transformers."""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from nascast.core.errors import InvalidSettingError
from nascast.core.ranges import Choice, Integers, LogUniform
from nascast.encodings.gcn import GcnEncoding
from nascast.predictors.model_based.regression.graph_predictor import GraphPredictor, Layout
from nascast.predictors.model_based.regression.settings import Training, check_counts

if TYPE_CHECKING:
    from nascast.predictors.model_based.regression.members import Network

__all__ = ["NNFormer"]


class NNFormer(GraphPredictor):
    """Attention to neighbours and siblings, with graph convolution in the feed-forward part.

    Four heads attend to the vertices after, those before, those with a common successor and those
    with a common predecessor: A, Aᵀ, A Aᵀ and Aᵀ A of the adjacency A. The feed-forward part adds
    what it hears along edges and against them.

    Without attention, which is the default, 100 labels of NAS-Bench-201 were ranked better, with τ
    of .667 ± .030 against .638 ± .014 (3 trials, so that it is not certain).

    Deviations: labels are one-hot, without positions, which edges tell; vertices are averaged; the
    loss is one of the order; settings are chosen for seconds on one processor.
    """

    ranges = MappingProxyType(  # chosen
        {
            "layers": Integers(1, 6),
            "width": Choice((16, 32, 48, 64, 96)),
            "attention": Choice((False, True)),
            "learning_rate": LogUniform(1e-4, 0.02),
        }
    )

    def __init__(
        self,
        *,
        layers: int = 3,
        width: int = 48,
        attention: bool = False,
        members: int = 1,
        loss: str = "listwise",
        learning_rate: float = 0.003,
        epochs: int = 60,
        batch_size: int = 256,
    ) -> None:
        """Chooses the settings.

        Args:
            layers: number of layers.
            width: number of units of a vertex, a multiple of 4.
            attention: whether there is attention, or graph convolution alone.
            members: number of networks; with several, predictions have deviations.
            loss: loss of training: ``listwise`` or ``pairwise`` of the order of the labels,
                ``squared`` or ``absolute`` of their values.
            learning_rate: first rate of Adam.
            epochs: number of passes through the labels.
            batch_size: largest number of labels of a step.
        """
        if width % 4:
            raise InvalidSettingError(f"width is divided among four heads; got {width}")
        check_counts(layers=layers, width=width)
        super().__init__(GcnEncoding(), members, Training(loss, learning_rate, epochs, batch_size))
        self.layers, self.width, self.attention = layers, width, attention

    def layout(self, vertices: int, labels: int) -> Layout:
        return Layout(vertices, labels, diagonal=1)

    def network(self, layout: Layout) -> "Callable[[], Network]":
        from nascast.predictors.model_based.regression.transformer import SiblingTransformer

        return partial(
            SiblingTransformer, layout, self.members, self.layers, self.width, self.attention
        )
