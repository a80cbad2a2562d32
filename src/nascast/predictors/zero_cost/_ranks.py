"""Proxies joined by their ranks among random architectures of the space."""

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, joined
from nascast.core.spec import component_of
from nascast.core.types import Floats, Genes


class RankAggregate(PerformancePredictor):
    """The sum over proxies of the logarithm of an architecture's rank, as a share.

    The papers rank within the architectures that are compared; here a row's score must not depend
    on the others, and the ranks are those among random architectures of the space, which
    initialization draws and scores; in a study that is restricted to recorded scores, among some of
    those that have them. A score that is NaN ranks last.
    """

    ranks_only = True
    modules = ("torch",)

    def __init__(self, proxies: tuple[str, ...], *, reference: int, seed: int) -> None:
        """Chooses the proxies.

        Args:
            proxies: names of the proxies.
            reference: number of random architectures.
            seed: seed of the initial weights.
        """
        if reference < 1:
            raise InvalidSettingError(f"the reference has 1 architecture or more; got {reference}")
        self.features = tuple(component_of("proxy", f"{name}(seed={seed})") for name in proxies)
        self.reference, self.seed = reference, seed
        self._sorted: Floats | None = None  # (reference, proxies): scores in ascending order

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        drawn = ledger.sample(self.reference, rng)
        self._sorted = np.sort(_scores(self, ledger, drawn), axis=0)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        if self._sorted is None:
            raise InvalidSettingError("initialize a predictor that ranks before you query it")
        scores = _scores(self, ledger, genes)
        shares = [share(*columns) for columns in zip(self._sorted.T, scores.T, strict=True)]
        return Prediction(np.sum(np.log(shares), axis=0))


def _scores(predictor: RankAggregate, ledger: Ledger, genes: Genes) -> Floats:
    scores = joined(predictor.features, ledger, genes)
    return np.where(np.isnan(scores), -np.inf, scores)


def share(ordered: Floats, values: Floats) -> Floats:
    """Returns ``(n,)`` ranks of values among N ordered ones, divided by N + 1; between 0 and 1.

    Equal values share the mean of their ranks.
    """
    below = np.searchsorted(ordered, values, "left")
    upto = np.searchsorted(ordered, values, "right")
    return np.asarray(((below + upto) / 2 + 0.5) / (len(ordered) + 1))
