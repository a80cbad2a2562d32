"""Predictors of learning curves inside strategies: candidates are trained a while first."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nascast
from nascast import testing
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Floats, Genes, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.bayesian_optimization import BayesianOptimization
from nascast.strategies.mf_nas import MfNas
from nascast.strategies.predictor_evolution import PredictorEvolution
from nascast.studies.searches.design import Search
from nascast.studies.searches.results import begin
from nascast.testing.doubles import TinyBenchmark

SPACE = NasBench201()
EARLY = "early_stop_accuracy(epochs=3)"
SMALL: dict[str, Any] = {"initial": 4, "batch": 3, "candidates": 40, "probed": 6}


def truth(rows: Genes) -> Floats:
    """What is good: distinct for nearly all cells."""
    return np.asarray(rows @ 5 ** np.arange(6) % 997, dtype=np.float64)


def answered(k: int, candidate: Candidate) -> Trial:
    """A training that is as good after three epochs as it is at the end."""
    score = float(truth(candidate.arch.row())[0])
    return Trial(k, candidate, Evaluation({"val_accuracy": score}, 1.0), float(k))


def go_on(strategy: Strategy, n: int) -> list[Candidate]:
    """Tells n trials, one by one."""
    for _ in range(n):
        k = len(strategy.history)
        (candidate,) = strategy.ask(1, np.random.default_rng(k))
        strategy.tell([answered(k, candidate)])
    return [trial.candidate for trial in strategy.history.trials[-n:]]


def networks(strategy: Strategy, candidates: list[Candidate]) -> list[bytes]:
    return strategy.met.networks(np.asarray([one.arch.genes for one in candidates], dtype=np.int16))


@pytest.mark.parametrize("check", testing.checks("strategy"))
@pytest.mark.parametrize("kind", [PredictorEvolution, BayesianOptimization])
def test_every_promise_of_a_strategy_is_kept(kind: Any, check: Any) -> None:
    if check.__name__ not in ("check_settings_are_attributes", "check_presets_are_settings"):
        check(partial(kind, predictor=EARLY))


@pytest.mark.parametrize("lies", ["none", "constant"])
@pytest.mark.parametrize("make", [PredictorEvolution, BayesianOptimization])
def test_the_best_of_what_was_trained_a_while_is_trained_on(make: Any, lies: str) -> None:
    settings = {"lies": lies, "members": 1} if make is BayesianOptimization else {}
    strategy = make(SPACE, predictor=EARLY, **SMALL, **settings)
    trained = go_on(strategy, 4 + 4 + 3 * (6 + 3))
    assert [one.epochs for one in trained] == [3] * 4 + [None] * 4 + ([3] * 6 + [None] * 3) * 3
    short = [one for one in trained if one.epochs == 3]
    full = [one for one in trained if one.epochs is None]
    assert len(set(networks(strategy, short))) == len(short)
    assert {one.arch for one in full} < {one.arch for one in short}
    assert len({one.arch for one in full}) == len(full)
    assert {one.arch for one in full[:4]} == {one.arch for one in short[:4]}
    for g in range(3):  # of this generation and what earlier ones left
        known = {one.arch for one in short[: 4 + 6 * (g + 1)]}
        left = known - {one.arch for one in full[: 4 + 3 * g]}
        best = sorted(left, key=lambda arch: -truth(arch.row())[0])[:3]
        assert [one.arch for one in full[4 + 3 * g : 7 + 3 * g]] == best


def test_a_short_training_that_fails_is_not_trained_on() -> None:
    strategy = PredictorEvolution(SPACE, predictor=EARLY, **SMALL)
    failed = set()
    for k in range(60):
        (candidate,) = strategy.ask(1, np.random.default_rng(k))
        trial = answered(k, candidate)
        if candidate.epochs is None:
            assert candidate.arch not in failed
        elif k % 2:
            failed.add(candidate.arch)
            trial = Trial(k, candidate, Evaluation({}, 1.0, "it failed"), float(k))
        strategy.tell([trial])
    full = strategy.history.epochs < 0
    assert len(failed) > 10
    assert full.sum() > 10


def test_parents_are_trained_fully() -> None:
    strategy = PredictorEvolution(SPACE, predictor=EARLY, **{**SMALL, "parents": 1, "probed": 30})
    go_on(strategy, 7)
    good = strategy.space.architecture(np.asarray([4, 4, 4, 4, 4, 4], dtype=np.int16))
    strategy.tell([Trial(7, Candidate(good, 3), Evaluation({"val_accuracy": 1e6}, 1.0), 7.0)])
    go_on(strategy, 1)
    full = strategy.history.genes[strategy.history.epochs < 0]
    assert len(full) == 4
    parent = full[truth(full).argmax()]
    rows = np.concatenate([one.arch.row() for one in strategy.ask(20, np.random.default_rng(0))])
    assert ((rows != parent).sum(1) == 1).all()


def test_the_short_trainings_of_a_generation_are_ranked_together() -> None:
    strategy = PredictorEvolution(SPACE, predictor=EARLY, **SMALL)
    go_on(strategy, 8)
    rng = np.random.default_rng(0)
    pending = strategy.ask(20, rng)
    assert [one.epochs for one in pending] == [3] * 6
    strategy.tell([answered(8 + k, one) for k, one in enumerate(pending[:5])])
    assert strategy.ask(20, rng, pending[5:]) == []
    strategy.tell([answered(13, pending[5])])
    (first, *_) = strategy.ask(20, rng)
    assert first == Candidate(max(pending, key=lambda one: truth(one.arch.row())[0]).arch)


def simulated(strategy: Strategy, workers: int, budget: nascast.Budget) -> list[Trial]:
    return nascast.run(
        strategy,
        TinyBenchmark(),
        executor=nascast.load("executor", "simulated", workers=workers),
        store=nascast.load("store", "memory"),
        name="run",
        budget=budget,
    )


@pytest.mark.parametrize("workers", [1, 3])
def test_short_trainings_are_on_the_clock_and_in_the_number_of_evaluations(workers: int) -> None:
    make = partial(PredictorEvolution, TinyBenchmark().space, predictor=EARLY, **SMALL)
    trials = simulated(make(), workers, nascast.Budget(40))
    assert len(trials) == 40
    spent = 0.0
    for trial in trials:
        recorded = TinyBenchmark().seconds(trial.candidate.arch.row(), trial.candidate.epochs)
        assert trial.evaluation.seconds == recorded[0]  # each from its first epoch
        spent += recorded[0]
    assert trials[-1].finished * workers >= spent * (0.999 if workers == 1 else 0.7)
    again = simulated(make(), workers, nascast.Budget(seconds=spent / 2))
    assert len(again) < 40
    assert [one.candidate for one in again] == [one.candidate for one in trials[: len(again)]]


def test_omni_sees_what_its_short_trainings_told_it() -> None:
    spec = "omni(epochs=3,proxies=[params])"
    strategy = PredictorEvolution(
        TinyBenchmark().space, predictor=spec, initial=10, batch=5, probed=8
    )
    simulated(strategy, 1, nascast.Budget(29))
    rows = strategy.history.genes[20:28]  # the first that it ranks
    assert (strategy.history.epochs[20:28] == 3).all()
    found = strategy.fitted.predict(strategy.history, rows, np.random.default_rng(0))
    assert found is not None
    late = TinyBenchmark().query(rows, "val_accuracy")
    assert np.corrcoef(found.mean, late)[0, 1] > 0.8


@pytest.mark.parametrize(
    ("predictor", "words"),
    [
        ("omni", "did not record 'train_loss'; it has"),
        ("early_stop_accuracy", "not recorded after epoch 5; recorded epochs: 12, 200"),
        ("early_stop_accuracy(epochs=12)", ""),
    ],
)
def test_what_records_lack_is_said_before_the_search(
    predictor: str, words: str, tmp_path: Path
) -> None:
    strategies = (f"bayesian_optimization(predictor={predictor})",)
    search = Search("nasbench201", strategies, "nb201_seeds", evaluations=5)
    if not words:
        begin(search, tmp_path, resume=False)
        return
    with pytest.raises(UnsupportedError, match=words):
        begin(search, tmp_path, resume=False)


def test_the_number_of_epochs_must_be_said() -> None:
    with pytest.raises(InvalidSettingError, match=r"ensemble.* does not say of how many epochs"):
        PredictorEvolution(SPACE, predictor="ensemble(predictor=omni)")
    PredictorEvolution(SPACE, predictor="ensemble(predictor=omni,epochs=3)")
    with pytest.raises(InvalidSettingError, match="probed 0"):
        PredictorEvolution(SPACE, predictor="omni", probed=0)


def test_where_nothing_is_trained_before_curves_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"sotl reads learning curves"):
        MfNas(SPACE, proxy="sotl")
