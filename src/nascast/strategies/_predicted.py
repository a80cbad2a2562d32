"""Strategies in which a predictor, fitted on what was told, ranks candidates."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.history import History
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec, component_of
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Floats, Genes, Trial
from nascast.strategies._distinct import distinct
from nascast.strategies._fitted import Fitted

__all__ = ["Predicted"]


@dataclass(eq=False, kw_only=True)
class Predicted(Strategy, ABC):
    """Fits a predictor every `batch` trials, and proposes the best of the candidates it ranks.

    A generation is fitted on the trials told before it, with a generator of its own, so that what
    is proposed follows from the trials and the seed. Where the predictor cannot be fitted,
    candidates come unranked, and a `SearchWarning` says so once.

    Attributes:
        predictor: predictor, or its spec, that learns from labels or needs none; zero-cost proxies
            see random inputs for the usual task of the space.
        initial: number of random architectures at the beginning.
        batch: number of trials between fits.
        candidates: number of candidates that are ranked.
        parents: number of the best architectures that candidates are mutated from.

    Raises:
        InvalidSettingError: a setting is below 1, or the predictor reads learning curves of
            candidates, which nobody has trained yet.
    """

    predictor: str | Spec | PerformancePredictor = "bayesian_linear_regression"
    initial: int = 20
    batch: int = 20
    candidates: int = 200
    parents: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers = {
            name: getattr(self, name) for name in ("initial", "batch", "candidates", "parents")
        }
        if min(numbers.values()) < 1:
            got = ", ".join(f"{name} {value}" for name, value in numbers.items())
            raise InvalidSettingError(f"the numbers of a strategy are at least 1; got {got}")
        self.fitted = Fitted(self.model(), self.space, name=str(self.predictor), seed=self.seed)
        self._ranked: tuple[object, Genes] | None = None

    def model(self) -> PerformancePredictor:
        """Returns the predictor that is fitted."""
        found: PerformancePredictor = component_of("predictor", self.predictor)
        return found.like()

    @abstractmethod
    def draw(self, history: History, rng: np.random.Generator) -> Genes:
        """Returns valid rows to rank, ``(m, length)``, of networks that are not in the history."""

    @abstractmethod
    def worth(self, prediction: Prediction, best: float, rng: np.random.Generator) -> Floats:
        """Returns ``(m,)``: what each candidate is worth; larger is better, none is NaN.

        Args:
            prediction: predicted scores of the candidates.
            best: largest score predicted for an architecture that was told.
            rng: generator for all randomness.
        """

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        if len(self.history) < self.initial:
            return self.met.others(n, rng, pending=pending)
        return self.chosen(n, rng, pending)

    def chosen(
        self,
        n: int,
        rng: np.random.Generator,
        pending: Collection[Candidate],
        assumed: Sequence[Trial] | None = None,
    ) -> list[Candidate]:
        """Returns the n best candidates of the generation that are not pending.

        Args:
            n: number of candidates at most.
            rng: generator for draws from the whole space, where the generation has too few.
            pending: candidates being evaluated.
            assumed: trials that are taken for told, though their candidates are pending; the
                predictor is then fitted anew, on these and all that was told. None waits for the
                end of the generation.
        """
        return self.met.others(n, rng, lambda _, __: self._ranked_given(assumed), pending=pending)

    def _ranked_given(self, assumed: Sequence[Trial] | None) -> Genes:
        """Returns the candidates of the generation, best first; kept, as it is asked often."""
        told = len(self.history)
        if assumed is None:
            told -= (told - self.initial) % self.batch
        key = told, tuple(assumed or ())
        if self._ranked is None or self._ranked[0] != key:
            history = History(self.space.length, self.objectives)
            history.extend([*self.history.trials[:told], *key[1]])
            self._ranked = key, self._rank(history, np.random.default_rng([self.seed, told]))
        return self._ranked[1]

    def _rank(self, history: History, rng: np.random.Generator) -> Genes:
        rows = self.draw(history, rng)
        best = history.genes[history.best(self.parents)]
        prediction = self.fitted.predict(history, np.concatenate([rows, best]), rng)
        if prediction is None:
            return rows
        own, deviation = prediction.mean[: len(rows)], prediction.deviation
        known = prediction.mean[len(rows) :]
        known = known[np.isfinite(known)]
        worth = self.worth(
            Prediction(own, None if deviation is None else deviation[: len(rows)]),
            float(known.max(initial=-np.inf)),
            rng,
        )
        return rows[np.argsort(-worth, kind="stable")]

    def mutated(self, history: History, rng: np.random.Generator) -> Genes:
        """Returns distinct new rows one decision away from the best told, or else random ones."""
        best = history.genes[history.best(self.parents)]
        if not len(best):
            return self.sampled(history, rng)

        def children(n: int) -> Genes:
            return self.space.mutate(best[np.arange(n) % len(best)], rng)

        return distinct(children, self.candidates, self.met.networks, history.genes)

    def sampled(self, history: History, rng: np.random.Generator) -> Genes:
        """Returns distinct new rows of the whole space."""

        def drawn(n: int) -> Genes:
            return self.space.sample(n, rng)

        return distinct(drawn, self.candidates, self.met.networks, history.genes)
