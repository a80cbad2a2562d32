"""Asynchronous successive halving, against Algorithm 2 written down once more."""

import numpy as np
import pytest

from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.asha import Asha

SPACE = NasBench201()
LEVELS = {2: (1, 2, 4), 3: (1, 3, 9)}  # by eta


def get_job(trials: list[Trial], pending: list[Candidate], eta: int) -> Candidate | None:
    """Returns whom Algorithm 2 promotes next, or None where it begins a new one."""
    for k in (1, 0):
        rung: dict[Architecture, float] = {}
        for t in trials:
            if t.candidate.epochs == LEVELS[eta][k]:
                score = t.evaluation.metrics.get("val_accuracy", float("nan"))
                rung[t.candidate.arch] = -np.inf if np.isnan(score) else score
        ranked = sorted(rung, key=lambda arch: -rung[arch])[: len(rung) // eta]
        above = {*pending, *(t.candidate for t in trials)}
        for arch in ranked:
            candidate = Candidate(arch, LEVELS[eta][k + 1])
            if rung[arch] > -np.inf and candidate not in above:
                return candidate
    return None


@pytest.mark.parametrize("eta", [2, 3])
@pytest.mark.parametrize("failing", [0.0, 0.3, 0.9])
def test_promotions_are_those_of_algorithm_2(eta: int, failing: float) -> None:
    strategy = Asha(SPACE, eta=eta, max_epochs=LEVELS[eta][-1])
    rng = np.random.default_rng(eta)
    pending: list[Candidate] = []
    trials: list[Trial] = []
    promotions = 0
    for k in range(150):
        (candidate,) = strategy.ask(1, np.random.default_rng(k), pending)
        expected = get_job(trials, pending, eta)
        promotions += expected is not None
        if expected is None:
            assert candidate.epochs == 1
            assert candidate not in {t.candidate for t in trials} | set(pending)
        else:
            assert candidate == expected
        pending.append(candidate)
        while len(pending) > 4:
            done = pending.pop(int(rng.integers(len(pending))))
            score = float("nan") if rng.random() < failing else float(rng.normal())
            trials.append(Trial(k, done, Evaluation({"val_accuracy": score}, 1.0), 0.0))
            strategy.tell(trials[-1:])
    assert (promotions > 20) == (failing < 0.9)


def test_several_at_once_are_promotions_first() -> None:
    strategy = Asha(SPACE)
    nine = strategy.ask(9, np.random.default_rng(0))
    assert len(set(nine)) == 9
    strategy.tell(
        [Trial(i, c, Evaluation({"val_accuracy": float(i)}, 1.0), 0.0) for i, c in enumerate(nine)]
    )
    asked = strategy.ask(5, np.random.default_rng(1))
    assert asked[:3] == [Candidate(c.arch, 3) for c in nine[:5:-1]]
    assert [c.epochs for c in asked[3:]] == [1, 1]
    assert len(strategy.ask(2, np.random.default_rng(1))) == 2


def test_trials_with_other_epochs_are_in_no_rung() -> None:
    strategy = Asha(SPACE)
    for c in strategy.ask(9, np.random.default_rng(0)):
        for epochs in (None, 2):
            evaluation = Evaluation({"val_accuracy": 50.0}, 1.0)
            strategy.tell([Trial(0, Candidate(c.arch, epochs), evaluation, 0.0)])
    assert strategy.ask(1, np.random.default_rng(0))[0].epochs == 1
