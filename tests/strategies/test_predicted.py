"""Evolution and Bayesian optimisation with predictors inside, and predictors that fail."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

import nascast
from nascast.core.errors import InvalidSettingError, SearchWarning, UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, Proxy
from nascast.core.space import SearchSpace
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Floats, Genes, ImageTask, Trial
from nascast.proxies.passes import Passes
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.bayesian_optimization import BayesianOptimization
from nascast.strategies.mf_nas import MfNas
from nascast.strategies.predictor_evolution import PredictorEvolution
from nascast.testing.doubles import TinyBenchmark

SPACE = NasBench201()


def counts(rows: Genes) -> Floats:
    """The number of 3 × 3 convolutions: what is good here."""
    return np.asarray((rows == 3).sum(1), dtype=np.float64)


def told(strategy: Strategy, n: int, *, batch: int = 1) -> Genes:
    """Tells n trials of what the strategy asks for; returns the rows."""
    rows: list[Genes] = []
    while len(rows) < n:
        k = len(strategy.history)
        candidates = strategy.ask(batch, np.random.default_rng(k))
        rows += [candidate.arch.row()[0] for candidate in candidates]
        scores = counts(np.asarray(rows[-len(candidates) :]))
        strategy.tell(
            [
                Trial(k + i, candidate, Evaluation({"val_accuracy": score}, 1.0), float(k + i))
                for i, (candidate, score) in enumerate(zip(candidates, scores, strict=True))
            ]
        )
    return np.asarray(rows)


def test_children_are_one_mutation_from_the_five_best_and_the_best_of_them() -> None:
    strategy = PredictorEvolution(SPACE)
    first = told(strategy, 20)
    parents = first[strategy.history.best(5)]
    children = told(strategy, 20, batch=20)
    apart = (children[:, None] != parents).sum(-1)
    assert (apart.min(1) == 1).all()
    assert len(set(strategy.met.networks(np.concatenate([first, children])))) == 40
    near = np.concatenate([SPACE.neighbors(row) for row in parents])
    assert counts(children).mean() > counts(near).mean() + 0.5


def test_a_generation_is_the_same_however_it_is_asked_for() -> None:
    one, other = PredictorEvolution(SPACE, seed=3), PredictorEvolution(SPACE, seed=3)
    told(one, 20)
    other.tell(one.history.trials)
    told(one, 5)
    other.tell(one.history.trials[20:])  # never asked between
    assert one.ask(15, np.random.default_rng(0)) == other.ask(15, np.random.default_rng(1))


class Broken(PerformancePredictor):
    """Cannot be fitted."""

    axes = frozenset({"train_size"})

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        raise np.linalg.LinAlgError("not positive definite")

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        raise NotImplementedError


def test_a_predictor_that_fails_is_told_once_and_the_search_goes_on() -> None:
    strategy = PredictorEvolution(SPACE, predictor=Broken(), initial=4, batch=2)
    with pytest.warns(SearchWarning, match=r"could not be fitted on 4 trials: LinAlgError"):
        told(strategy, 5)
    told(strategy, 6)  # a second warning would be an error
    assert len(set(strategy.met.networks(strategy.history.genes))) == 11


def test_proxies_guide_without_a_label() -> None:
    bench = TinyBenchmark()
    strategy = PredictorEvolution(
        bench.space, predictor="synflow", initial=2, batch=10, candidates=8
    )
    trials = nascast.run(
        strategy,
        bench,
        executor=nascast.load("executor", "serial"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(6),
    )
    assert len(trials) == 6


class Classes(Proxy):
    """Remembers for how many classes networks are built."""

    name = "classes"
    seen: ClassVar[set[int]] = set()

    def score(self, passes: Passes) -> float:
        assert isinstance(passes.task, ImageTask)
        self.seen.add(passes.task.classes)
        return 0.0


@pytest.mark.parametrize(
    "make",
    [
        lambda space: PredictorEvolution(space, predictor=Classes(), initial=1, candidates=4),
        lambda space: MfNas(space, proxy=Classes(), scored=4, size=2, max_epochs=4, min_epochs=2),
    ],
)
def test_proxies_see_networks_for_the_task_of_the_search(
    make: Callable[[SearchSpace], Strategy],
) -> None:
    Classes.seen.clear()
    bench = TinyBenchmark()
    bench.task = replace(bench.task, classes=7)
    nascast.run(
        make(bench.space),
        bench,
        executor=nascast.load("executor", "serial"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(3),
    )
    assert Classes.seen == {7}


class Noisy(PerformancePredictor):
    """Knows the mean, and that a training is very noisy."""

    axes = frozenset({"train_size"})

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        pass

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return Prediction(counts(genes), np.full(len(genes), 100.0))


def test_noise_of_a_training_is_no_reason_to_explore() -> None:
    sure = BayesianOptimization(SPACE, predictor=Noisy(), initial=4, batch=20)
    told(sure, 4)
    best = counts(sure.draw(sure.history, np.random.default_rng([0, 4])))
    chosen = counts(rows(sure.ask(20, np.random.default_rng(0))))
    assert sorted(chosen) == sorted(best)[-20:]
    drawn = BayesianOptimization(SPACE, predictor=Noisy(), initial=4, batch=20, members=1)
    told(drawn, 4)
    assert counts(rows(drawn.ask(20, np.random.default_rng(0)))).mean() < chosen.mean() - 1


@pytest.mark.parametrize("acquisition", ["its", "ei", "ucb", "pi"])
@pytest.mark.parametrize("source", ["sampling", "mutation", "all"])
def test_every_acquisition_finds_good_ones_among_every_source(
    acquisition: str, source: str
) -> None:
    strategy = BayesianOptimization(
        SPACE, acquisition=acquisition, source=source, members=1, candidates=100
    )
    first = told(strategy, 20)
    assert counts(told(strategy, 20, batch=20)).mean() > counts(first).mean() + 0.5


@pytest.mark.parametrize("lies", ["constant", "sampling"])
def test_what_is_pending_changes_what_is_proposed(lies: str) -> None:
    settings: dict[str, Any] = {"source": "all", "acquisition": "ucb", "members": 1, "batch": 1}
    plain = BayesianOptimization(SPACE, **settings)
    lying = BayesianOptimization(SPACE, lies=lies, **settings)
    told(plain, 20)
    lying.tell(plain.history.trials)
    rng = np.random.default_rng(0)
    (alone,) = plain.ask(1, rng)
    assert lying.ask(1, rng) == [alone]
    several = lying.ask(6, rng)
    assert several[0] == alone
    assert len(set(lying.met.networks(rows(several)))) == 6
    assert several != plain.ask(6, rng)
    assert lying.ask(6, rng) == several


def test_with_lies_a_trial_counts_before_its_generation_ends() -> None:
    settings: dict[str, Any] = {"source": "all", "acquisition": "ucb", "members": 1, "batch": 20}
    strategy = BayesianOptimization(SPACE, lies="constant", **settings)
    told(strategy, 20)
    fresh = strategy.ask(2, np.random.default_rng(0))
    surprise = SPACE.architecture(np.zeros(6, dtype=np.int16))  # no convolution, and yet the best
    strategy.tell([Trial(20, Candidate(surprise), Evaluation({"val_accuracy": 60.0}, 1.0), 20.0)])
    assert strategy.ask(2, np.random.default_rng(0)) != fresh


def test_an_encoding_that_a_space_has_not_is_refused_at_once() -> None:
    language = nascast.load("space", "nasbench_nlp")
    spec = "bayesian_linear_regression(encoding=path)"
    with pytest.raises(UnsupportedError):
        PredictorEvolution(language, predictor=spec)
    with pytest.raises(UnsupportedError):
        nascast.load("strategy", "guided", language, encoding="path")


def test_a_failing_fit_of_lightgbm_does_not_end_a_search() -> None:
    strategy = PredictorEvolution(SPACE, predictor="lightgbm(num_leaves=1)", initial=5)
    with pytest.warns(SearchWarning, match="LightGBM could not fit"):
        told(strategy, 8)


def rows(candidates: list[Candidate]) -> Genes:
    return np.concatenate([candidate.arch.row() for candidate in candidates])


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"acquisition is one of its, ei, ucb, pi; got"):
        BayesianOptimization(SPACE, acquisition="best")
    with pytest.raises(InvalidSettingError, match=r"at least 1; got initial 0"):
        PredictorEvolution(SPACE, initial=0)
    with pytest.raises(InvalidSettingError, match=r"darts has more than 16,384 rows"):
        BayesianOptimization(nascast.load("space", "darts"), source="all")
