"""Bayesian optimisation with any predictor (BANANAS: White et al., AAAI 2021).

https://arxiv.org/abs/1910.11858; as in the study of White et al. (NeurIPS 2021,
https://arxiv.org/abs/2104.01177), section 5.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from nascast.core.acquisition import (
    expected_improvement,
    probability_of_improvement,
    thompson_sample,
    upper_confidence_bound,
)
from nascast.core.errors import InvalidSettingError
from nascast.core.history import History
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Candidate, Evaluation, Floats, Genes, Trial
from nascast.predictors.ensemble import Ensemble
from nascast.strategies._listing import LISTED, listing
from nascast.strategies._predicted import Predicted

__all__ = ["BayesianOptimization"]

ACQUISITIONS = ("its", "ei", "ucb", "pi")
SOURCES = ("sampling", "mutation", "all")
LIES = ("none", "constant", "sampling")


@dataclass(eq=False, kw_only=True)
class BayesianOptimization(Predicted):
    """Proposes the candidates of the largest acquisition value under a predictor's distribution.

    The defaults are the study's: an ensemble of 3, independent Thompson sampling, 200 random
    candidates, 20 of them evaluated between fits. BANANAS itself mutates the best: ``source
    "mutation"``.

    Deviations from the study's code:
        - Members of a deterministic predictor learn from bootstrap samples; there they are equal,
          and Thompson sampling is greedy.
        - Expected and probable improvement are over the largest score predicted for what was told,
          in place of the largest score told, so that a lucky training is no hurdle.
        - Networks that were met are no candidates.

    Attributes:
        members: members of the ensemble, whose disagreement is the deviation; with 1 it is the
            predictor's own, with the noise of a training in it.
        acquisition: ``its`` independent Thompson sampling, ``ei`` expected improvement, ``ucb``
            upper confidence bound, ``pi`` probability of improvement.
        weight: weight of the deviation in the upper confidence bound; the study's.
        source: candidates: ``sampling``, ``mutation`` of the best, or ``all`` networks, where the
            space has no more than 16,384 rows.
        lies: what stands for the scores of pending candidates while the predictor is fitted, anew
            each time that it is asked, on all that was told by then: ``constant``, the lowest told,
            which keeps others away (Ginsbourger et al. 2010,
            https://doi.org/10.1007/978-3-642-10701-6_6); ``sampling``, draws from their predicted
            distributions; ``none`` fits without them.

    Raises:
        InvalidSettingError: a setting is out of range or unknown, or the space is too large for
            all its networks.
    """

    members: int = 3
    acquisition: str = "its"
    weight: float = 0.5
    source: str = "sampling"
    lies: str = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        known = {"acquisition": ACQUISITIONS, "source": SOURCES, "lies": LIES}
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise InvalidSettingError(
                    f"{name} is one of {', '.join(values)}; got {getattr(self, name)!r}"
                )
        self._every = self._all() if self.source == "all" else None

    def _all(self) -> Genes:
        rows = listing(self.space, LISTED)
        if rows is None:
            raise InvalidSettingError(
                f"{self.space.name} has more than {LISTED:,} rows; choose the source mutation or "
                "sampling"
            )
        return rows

    def model(self) -> PerformancePredictor:
        if self.members == 1:
            return super().model()
        return Ensemble(self.predictor, self.members, deviation="means")

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        first = self.before(n, rng, pending)
        if first is not None:
            return first
        if self.lies == "none":
            return self.chosen(n, rng, pending)
        found: list[Candidate] = []
        while len(found) < n:
            busy = [*pending, *found]
            new = self.chosen(1, rng, busy, self._assumed(busy))
            if not new or new[0] in busy:
                break
            found += new
        return found

    def _assumed(self, busy: list[Candidate]) -> list[Trial]:
        """Returns trials that stand for the pending full ones."""
        busy = [candidate for candidate in busy if candidate.epochs is None]
        scores = self._lies(busy)
        objective = self.objectives[0]
        sign = -1 if objective.minimize else 1
        return [
            Trial(-1, candidate, Evaluation({objective.metric: sign * score}, 0.0), 0.0)
            for candidate, score in zip(busy, scores.tolist(), strict=True)
        ]

    def _lies(self, busy: list[Candidate]) -> Floats:
        told = self.history.scores[self.full(), 0]
        told = told[np.isfinite(told)]
        if not len(told):
            return np.full(len(busy), np.nan)
        if self.lies == "sampling" and busy:
            rng = np.random.default_rng([self.seed, len(self.history), len(busy)])
            genes = np.concatenate([candidate.arch.row() for candidate in busy])
            prediction = self.fitted.predict(self.history, genes, rng)
            if prediction is not None:
                drawn = thompson_sample(prediction, rng)
                return np.where(np.isfinite(drawn), drawn, told.min())
        return np.full(len(busy), told.min())

    def draw(self, history: History, rng: np.random.Generator) -> Genes:
        if self._every is None:
            return (self.sampled if self.source == "sampling" else self.mutated)(history, rng)
        known = set(self.met.networks(history.genes))
        networks = self.met.networks(self._every)
        return self._every[[network not in known for network in networks]]

    def worth(self, prediction: Prediction, best: float, rng: np.random.Generator) -> Floats:
        if self.acquisition == "its":
            return thompson_sample(prediction, rng)
        if self.acquisition == "ucb":
            return upper_confidence_bound(prediction, self.weight)
        if self.acquisition == "ei":
            return expected_improvement(prediction, best)
        return probability_of_improvement(prediction, best)
