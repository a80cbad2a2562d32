"""BANANAS (White et al., AAAI 2021, https://arxiv.org/abs/1910.11858): an ensemble on paths."""

from types import MappingProxyType

from nascast.core.feature import Encoding
from nascast.core.spec import Spec, component_of
from nascast.predictors.model_based.mlp import Mlp

__all__ = ["Bananas"]


class Bananas(Mlp):
    """Perceptrons on paths and another encoding; their disagreement is the deviation.

    A path that no labelled architecture has says nothing, and with few labels such paths are many:
    the genes beside the paths raise τ with 100 labels from .59 to .62 on NAS-Bench-201 and from .51
    to .59 on NAS-Bench-101; with 1,000 labels paths alone are better, .76 against .74 on
    NAS-Bench-201 (``other=none``). Where graphs are chains, each architecture is one path that no
    other one has: from paths alone nothing is learned.

    The preset ``study`` has the settings of White et al., NeurIPS 2021: three networks of 20 layers
    of 20 units, absolute errors, 500 epochs of 32 labels a step. Deviations are those of `Mlp`;
    the loss of the paper is relative to the distance from a lower bound of the error.

    Spaces whose graphs have no single input and output, or too many paths, are not supported.
    """

    presets = MappingProxyType({"study": {**Mlp.presets["study"], "members": 3, "other": None}})

    def __init__(
        self,
        encoding: str | Spec | Encoding = "path",
        other: str | Spec | Encoding | None = "adjacency_one_hot",
        *,
        layers: int = 3,
        width: int = 64,
        members: int = 5,
        loss: str = "listwise",
        learning_rate: float = 0.003,
        epochs: int = 75,
        batch_size: int = 256,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            other: encoding whose columns stand beside; None for none.
            layers: number of hidden layers.
            width: number of units of each.
            members: number of networks.
            loss: loss of training: ``listwise`` or ``pairwise`` of the order of the labels,
                ``squared`` or ``absolute`` of their values.
            learning_rate: first rate of Adam.
            epochs: number of passes through the labels.
            batch_size: largest number of labels of a step.
        """
        super().__init__(
            encoding,
            layers=layers,
            width=width,
            members=members,
            loss=loss,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
        )
        self.other = other
        if other is not None:
            self.features += (component_of("encoding", other),)
