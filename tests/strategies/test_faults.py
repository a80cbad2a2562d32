"""What befalls searches that predictors guide: none ends early, and each can be replayed."""

from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import nascast
from nascast.core.errors import SearchWarning
from nascast.core.evaluator import Evaluator
from nascast.core.executor import Done, Executor
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.strategy import Strategy
from nascast.core.types import Bools, Candidate, Evaluation, Genes, Task, Trial
from nascast.strategies.bayesian_optimization import BayesianOptimization
from nascast.strategies.guided import Guided
from nascast.strategies.mf_nas import MfNas
from nascast.strategies.predictor_evolution import PredictorEvolution
from nascast.testing.doubles import ConstantEvaluator, FlakyEvaluator, TinyBenchmark, TinySpace

Make = Callable[[SearchSpace], Strategy]
SMALL: dict[str, Any] = {"initial": 4, "batch": 4, "candidates": 20}
STRATEGIES: dict[str, Make] = {
    "guided": partial(Guided, share=1.0),
    "guided-fidelities": partial(Guided, share=1.0, fidelities=(1, 10)),
    "bayesian_optimization": partial(BayesianOptimization, members=1, **SMALL),
    "predictor_evolution": partial(PredictorEvolution, **SMALL),
    "bayesian_optimization-curves": partial(
        BayesianOptimization,
        predictor="lcsvr(epochs=3,draws=0)",
        members=2,
        lies="constant",
        probed=6,
        **SMALL,
    ),
    "predictor_evolution-curves": partial(
        PredictorEvolution, predictor="early_stop_accuracy(epochs=2)", probed=6, **SMALL
    ),
    "mf_nas": partial(MfNas, proxy="params", scored=30, size=4, max_epochs=8),
}
each = pytest.mark.parametrize("make", STRATEGIES.values(), ids=STRATEGIES)


class Replay(Executor):
    """Ends tasks in a given order, one at a time."""

    def __init__(self, workers: int, order: list[int]) -> None:
        self.workers = workers
        self._order: Iterator[int] = iter(order)
        self._running: dict[Hashable, Any] = {}
        self._now = 0.0

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self._running[task] = call()

    def collect(self) -> list[Done]:
        task = next(self._order)
        self._now += 1
        return [Done(task, self._running.pop(task), None, self._now)]

    def now(self) -> float:
        return self._now

    def busy(self) -> float:
        return 0.0

    def spend(self, seconds: float) -> None:
        pass

    def close(self) -> None:
        self._running.clear()


@dataclass(frozen=True)
class Uneven:
    """The records of the small benchmark, each of which takes other seconds."""

    bench: TinyBenchmark

    @property
    def metrics(self) -> Collection[str]:
        return self.bench.metrics

    @property
    def task(self) -> Task:
        return self.bench.task

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        seconds = 1 + np.random.default_rng(seed).random()
        return replace(self.bench.evaluate(candidate), seconds=seconds)


def search(
    strategy: Strategy, evaluator: Evaluator, trials: int, executor: Executor | None = None
) -> list[Trial]:
    return nascast.run(
        strategy,
        evaluator,
        executor=executor or nascast.load("executor", "simulated", workers=3),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(trials),
    )


def networks(strategy: Strategy) -> int:
    return len(set(strategy.met.networks(strategy.history.genes)))


@each
def test_equal_rewards_stop_nothing(make: Make) -> None:
    strategy = make(TinySpace())
    assert len(search(strategy, ConstantEvaluator(), 40)) == 40
    assert networks(strategy) > 12


@each
def test_children_that_all_fail_stop_nothing(make: Make) -> None:
    strategy = make(TinySpace())
    trials = search(strategy, FlakyEvaluator(share=1.0), 40)
    assert len(trials) == 40
    assert all(trial.evaluation.error for trial in trials)
    assert networks(strategy) > 30  # none is built on


@each
def test_three_networks_are_fewer_than_workers_and_batch_and_stop_nothing(make: Make) -> None:
    def few(genes: Genes) -> Bools:
        return np.asarray((genes[:, :4] == 2).all(1) | (genes[:, :5] == (1, 1, 1, 1, 0)).all(1))

    strategy = make(Restricted(TinySpace(), few, "a wide one, or the like"))
    trials = search(strategy, TinyBenchmark(), 11, nascast.load("executor", "simulated", workers=5))
    assert len(trials) == 11
    assert networks(strategy) == 3


@each
def test_the_order_of_completions_replays_a_run_of_several_workers(make: Make) -> None:
    bench = TinyBenchmark()
    trials = search(make(bench.space), Uneven(bench), 30)
    order = [trial.id for trial in trials]
    assert order != sorted(order)
    again = search(make(bench.space), bench, 30, Replay(3, order))
    assert [(t.id, t.candidate) for t in again] == [(t.id, t.candidate) for t in trials]


class Spotty(PerformancePredictor):
    """A score for few."""

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return Prediction(np.where(genes[:, 0] == 2, genes.sum(1), np.nan))


@pytest.mark.parametrize(
    "make",
    [
        partial(PredictorEvolution, predictor=Spotty(), **SMALL),
        partial(BayesianOptimization, predictor=Spotty(), members=1, **SMALL),
        partial(MfNas, proxy=Spotty(), scored=60, size=4, max_epochs=8),
    ],
)
@pytest.mark.filterwarnings("ignore::nascast.core.errors.SearchWarning")
def test_proxies_without_most_scores_stop_nothing(make: Make) -> None:
    strategy = make(TinySpace())
    assert len(search(strategy, TinyBenchmark(), 30)) == 30


def test_it_is_said_once_that_most_have_no_score() -> None:
    strategy = MfNas(TinySpace(), proxy=Spotty(), scored=60, size=4, max_epochs=8)
    with pytest.warns(SearchWarning, match="no score for") as told:
        search(strategy, TinyBenchmark(), 20)
    assert len(told) == 1
