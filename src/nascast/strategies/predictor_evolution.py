"""Evolution that a predictor guides (NPENAS: Wei et al. 2020, https://arxiv.org/abs/2003.12857).

As in the study of White et al. (NeurIPS 2021, https://arxiv.org/abs/2104.01177), section 5.
"""

from dataclasses import dataclass

import numpy as np

from nascast.core.acquisition import upper_confidence_bound
from nascast.core.history import History
from nascast.core.prediction import Prediction
from nascast.core.types import Floats, Genes
from nascast.strategies._predicted import Predicted

__all__ = ["PredictorEvolution"]


@dataclass(eq=False, kw_only=True)
class PredictorEvolution(Predicted):
    """Mutates the best architectures, and proposes those children that are predicted to be best.

    The defaults are the study's: 20 random architectures; then, every 20 trials, 200 children of
    the 5 best, of which the 20 with the highest predicted scores are evaluated.

    Deviations from the study's code:
        - Every child is one mutation away from its parent; there, the k-th child is k mutations
          away from it, since the parent is overwritten.
        - Children that were evaluated, or are equivalent to another child, are drawn again; there
          they are evaluated once more.
    """

    def draw(self, history: History, rng: np.random.Generator) -> Genes:
        return self.mutated(history, rng)

    def worth(self, prediction: Prediction, best: float, rng: np.random.Generator) -> Floats:
        return upper_confidence_bound(prediction, weight=0.0)
