"""A multilayer perceptron on an encoding, as in White et al., NeurIPS 2021.

https://arxiv.org/abs/2104.01177, appendix B.
"""

from functools import partial
from types import MappingProxyType

import numpy as np

from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.ranges import Integers, LogIntegers, LogUniform
from nascast.core.spec import Spec, component_of
from nascast.predictors.model_based.regression.settings import MODULE, Training, check_counts

__all__ = ["Mlp"]


class Mlp(ModelPredictor):
    """Perceptrons that learn the order of the labels.

    Losses of the order were chosen because errors are ruled by the few worst architectures: with
    100 labels of NAS-Bench-201 τ is .58 by either, and .55 by squared errors (6
    trials).

    The preset ``study`` has the study's settings: 20 layers of 20 units, absolute errors, 500
    epochs of 32 labels a step. Deviations, also there: labels are standardised and columns
    centred, those that never vary left out, the rate falls along a cosine, and output weights are
    not penalised.
    """

    modules = (MODULE,)
    precision = 1e-4
    presets = MappingProxyType(
        {
            "study": {
                "layers": 20,
                "width": 20,
                "members": 1,
                "loss": "absolute",
                "learning_rate": 0.001,
                "epochs": 500,
                "batch_size": 32,
            }
        }
    )
    ranges = MappingProxyType(  # the study's, and shallower and wider ones
        {
            "layers": Integers(2, 24),
            "width": LogIntegers(5, 128),
            "learning_rate": LogUniform(1e-4, 0.1),
        }
    )

    def __init__(
        self,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
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
            layers: number of hidden layers.
            width: number of units of each.
            members: number of networks; with several, predictions have deviations.
            loss: loss of training: ``listwise`` or ``pairwise`` of the order of the labels,
                ``squared`` or ``absolute`` of their values.
            learning_rate: first rate of Adam.
            epochs: number of passes through the labels.
            batch_size: largest number of labels of a step.
        """
        super().__init__([component_of("encoding", encoding)])
        check_counts(layers=layers, width=width, members=members)
        self._training = Training(loss, learning_rate, epochs, batch_size)
        self.encoding, self.layers, self.width = encoding, layers, width
        self.members, self.loss, self.learning_rate = members, loss, learning_rate
        self.epochs, self.batch_size = epochs, batch_size

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based.regression.perceptron import Perceptron
        from nascast.predictors.model_based.regression.regressor import regressor

        make = partial(Perceptron, members=self.members, layers=self.layers, width=self.width)
        return regressor(make, self.members, int(rng.integers(2**31)), self._training)
