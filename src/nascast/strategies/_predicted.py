"""Strategies in which a predictor, fitted on what was told, ranks candidates."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.evidence import Records
from nascast.core.history import History
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec, component_of
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Floats, Genes, Trial
from nascast.strategies._distinct import distinct
from nascast.strategies._fitted import Fitted
from nascast.strategies._probed import Probes, curve_epochs

__all__ = ["Predicted"]


@dataclass(eq=False, kw_only=True)
class Predicted(Strategy, ABC):
    """Fits a predictor every `batch` trials, and proposes the best of the candidates it ranks.

    A generation is fitted on the trials told before it, with a generator of its own, so that what
    is proposed follows from the trials and the seed. Where the predictor cannot be fitted,
    candidates come unranked, and a `SearchWarning` says so once.

    A predictor that reads learning curves, such as OMNI, ranks what was trained for its epochs, and
    learns from full trainings of what was trained so before: the random architectures of the
    beginning, and in each generation `probed` candidates, are first trained that long. Those of the
    beginning are all trained on; later the best `batch` are, of all that were trained a while in
    this generation or before. A short training is a trial of its own, also in a budget of
    evaluations; `initial` and `batch` count full ones.

    Attributes:
        predictor: predictor, or its spec; zero-cost proxies see random inputs for the usual task of
            the space.
        initial: number of random architectures at the beginning.
        batch: number of trials between fits.
        candidates: number of candidates that are ranked.
        parents: number of the best architectures that candidates are mutated from.
        probed: number of the candidates of a generation that are trained for a while, where the
            predictor reads learning curves; the default, twice the batch, is chosen.

    Raises:
        InvalidSettingError: a setting is below 1, or it is not said how many epochs of a learning
            curve are read.
    """

    predictor: str | Spec | PerformancePredictor = "bayesian_linear_regression"
    initial: int = 20
    batch: int = 20
    candidates: int = 200
    parents: int = 5
    probed: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        names = "initial", "batch", "candidates", "parents", "probed"
        numbers = {name: getattr(self, name) for name in names}
        if min(numbers.values()) < 1:
            got = ", ".join(f"{name} {value}" for name, value in numbers.items())
            raise InvalidSettingError(f"the numbers of a strategy are at least 1; got {got}")
        name = str(self.predictor)
        epochs = curve_epochs(component_of("predictor", self.predictor), name)
        self._probes = None if epochs is None else Probes(epochs, self.space, self.met)
        self.fitted = Fitted(self, self.model(), name=name, curves=True)
        self._drawn: tuple[int, Genes] | None = None
        self._ranked: tuple[object, Genes] | None = None

    def model(self) -> PerformancePredictor:
        """Returns the predictor that is fitted."""
        found: PerformancePredictor = component_of("predictor", self.predictor)
        return found.like()

    def check(self, records: Records, genes: Genes) -> None:
        self.fitted.check(records, self.objectives[0], genes)

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
        first = self.before(n, rng, pending)
        return self.chosen(n, rng, pending) if first is None else first

    def before(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate]
    ) -> list[Candidate] | None:
        """Returns what comes before candidates are chosen; None when they can be.

        That is the beginning, and where the predictor reads learning curves the short trainings of
        a generation, for the last of which `ask` waits.
        """
        probes = self._probes
        begins = len(self.full()) < self.initial
        if probes is None:
            return self.met.others(n, rng, pending=pending) if begins else None
        short = probes.among(pending)
        few = self.initial - len(probes.places(self.history)) - len(short)
        if begins and few > 0:
            return self.met.others(min(n, few), rng, pending=pending, epochs=probes.epochs)
        found = [] if begins else probes.missing(self._candidates(), self.history, pending)
        if found:
            return found[:n]
        left = len(probes.unfinished(self.history, pending))
        if short and not (begins and left):
            return []
        if left:
            return None
        return self.met.others(n, rng, pending=pending, epochs=probes.epochs)

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
        if self._probes is None:
            return self.met.others(
                n, rng, lambda _, __: self._ranked_given(assumed), pending=pending
            )
        rows = self._probes.unfinished(self.history, pending)
        if len(self.full()) >= self.initial:
            left = {row.tobytes() for row in rows}
            ranked = self._ranked_given(assumed)
            rows = ranked[[row.tobytes() in left for row in ranked]]
        return [Candidate(self.space.architecture(row)) for row in rows[:n]]

    def full(self) -> npt.NDArray[np.intp]:
        """Returns the places of the trials that count; short trainings do not."""
        if self._probes is None:
            return np.arange(len(self.history))
        return np.flatnonzero(self.history.epochs < 0)

    def _begun(self) -> int:
        """Returns the number of trials that were told when the generation began."""
        full = self.full()
        return int(full[len(full) - (len(full) - self.initial) % self.batch - 1]) + 1

    def _until(self, told: int) -> History:
        """Returns the first trials, and all short ones after them."""
        history = History(self.space.length, self.objectives)
        history.extend(self.history.trials[:told])
        if self._probes is not None:
            epochs = self._probes.epochs
            later = self.history.trials[told:]
            history.extend(trial for trial in later if trial.candidate.epochs == epochs)
        return history

    def _candidates(self) -> Genes:
        """Returns the rows of the generation that are trained for a while; kept."""
        begun = self._begun()
        if self._drawn is None or self._drawn[0] != begun:
            rng = np.random.default_rng([self.seed, begun])
            history = History(self.space.length, self.objectives)
            history.extend(self.history.trials[:begun])
            rows = self.draw(history, rng)
            self._drawn = begun, rows[np.sort(rng.permutation(len(rows))[: self.probed])]
        return self._drawn[1]

    def _ranked_given(self, assumed: Sequence[Trial] | None) -> Genes:
        """Returns the candidates of the generation, best first; kept, as it is asked often."""
        told = len(self.history) if assumed is not None else self._begun()
        history = self._until(told)
        key = told, len(history), tuple(assumed or ())
        if self._ranked is None or self._ranked[0] != key:
            rng = np.random.default_rng([self.seed, len(history)])
            history.extend(key[2])
            self._ranked = key, self._rank(history, rng)
        return self._ranked[1]

    def _rank(self, history: History, rng: np.random.Generator) -> Genes:
        rows = self.draw(history, rng) if self._probes is None else self._probes.unfinished(history)
        best = self._best(history)
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

    def _best(self, history: History) -> Genes:
        """Returns the rows of the best full trainings."""
        order = history.best(len(history))
        if self._probes is not None:
            order = order[history.epochs[order] < 0]
        return history.genes[order[: self.parents]]

    def mutated(self, history: History, rng: np.random.Generator) -> Genes:
        """Returns distinct new rows one decision away from the best told, or else random ones."""
        best = self._best(history)
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
