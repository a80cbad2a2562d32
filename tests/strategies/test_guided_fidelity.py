"""Short trainings in the guided search: one scale of targets, one process, and promotions."""

import numpy as np
import pytest

import nascast
from nascast.core.errors import InvalidSettingError
from nascast.core.history import History
from nascast.core.types import Candidate, Evaluation, Objective, Trial
from nascast.spaces.nasbench101 import NasBench101
from nascast.strategies.guided import Guided
from nascast.strategies.guided.fidelity import Fidelities
from nascast.strategies.guided.prior import Prior
from nascast.strategies.guided.process import Process
from nascast.testing.doubles import TinyBenchmark, TinySpace

LEVELS = Fidelities((4, 12, 108))


def test_places_behind_the_others_are_as_if_they_had_been_there() -> None:
    places = np.random.default_rng(0).standard_normal((90, 3))
    whole = Process(places, [3], length=1.5, noise=0.1)
    grown = Process(places[:10], [3], length=1.5, noise=0.1)
    for k, point in enumerate(places[10:]):  # more than there is room for at first
        assert grown.extend(point) == 10 + k
        for process in (whole, grown):
            process.add(10 + k if k % 2 else k % 10)
    targets = np.random.default_rng(1).standard_normal(len(whole))
    for own, other in zip(grown.moments(targets), whole.moments(targets), strict=True):
        np.testing.assert_allclose(own, other, atol=1e-6)


def test_higher_rungs_are_on_the_scale_that_lower_ones_foretell() -> None:
    """Of 4,000 networks whose scores correlate as declared, the better half is trained on."""
    rng = np.random.default_rng(0)
    (apart,) = LEVELS.at(np.zeros((1, 1)), 1.0, np.asarray([0]))
    likeness = np.exp(-(apart[1] ** 2) / 2)
    low = rng.standard_normal(4000)
    full = likeness * low + np.sqrt(1 - likeness**2) * rng.standard_normal(4000)
    best = np.argsort(-low)[:2000]
    history = History(5, [Objective("val_accuracy")])
    order = [(i, 4, low[i]) for i in range(4000)] + [(int(i), None, full[i]) for i in best]
    arch = TinySpace().architecture(TinySpace().all()[0])
    for k, (_, epochs, score) in enumerate(order):
        evaluation = Evaluation({"val_accuracy": 7 * float(score) ** 3}, 1.0)  # ranks alone count
        history.extend([Trial(k, Candidate(arch, epochs), evaluation, float(k))])
    found = LEVELS.targets(history, [str(i).encode() for i, *_ in order], rng)
    assert found[:4000] == pytest.approx(low, abs=0.6)
    assert found[4000:].mean() == pytest.approx(full[best].mean(), abs=0.05)
    assert found[4000:].std() == pytest.approx(full[best].std(), abs=0.05)


def searched(strategy: Guided, trials: int) -> list[Trial]:
    bench = TinyBenchmark()
    return nascast.run(
        strategy,
        bench,
        executor=nascast.load("executor", "serial"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(trials),
    )


def test_few_networks_are_trained_on_and_those_are_better() -> None:
    bench = TinyBenchmark()
    trials = searched(Guided(bench.space, fidelities=range(1, 11)), 40)
    by_epochs: dict[int | None, list[Trial]] = {}
    for trial in trials:
        by_epochs.setdefault(trial.candidate.epochs, []).append(trial)
    assert set(by_epochs) == {1, 10}
    assert len(by_epochs[1]) > len(by_epochs[10]) > 2
    means = {
        epochs: np.mean([bench.query(t.candidate.arch.row(), "val_accuracy")[0] for t in found])
        for epochs, found in by_epochs.items()
    }
    assert means[10] > means[1]
    assert len({trial.candidate for trial in trials}) == 40  # no training twice
    seen: dict[object, int] = {}
    for trial in trials:  # one rung after the other
        assert trial.candidate.epochs == (1, 10)[seen.get(trial.candidate.arch, 0)]
        seen[trial.candidate.arch] = seen.get(trial.candidate.arch, 0) + 1


@pytest.mark.parametrize("praised", [0, 1])
@pytest.mark.parametrize("large", [False, True])
def test_a_resumed_search_goes_on_as_if_it_had_not_stopped(large: bool, praised: int) -> None:
    space = NasBench101() if large else TinySpace()
    rows = space.sample(praised, np.random.default_rng(0))
    prior = Prior.of(space, praised=rows) if praised else None
    one, other, whole = (
        Guided(space, fidelities=(1, 10), share=1.0, candidates=20, prior=prior) for _ in range(3)
    )
    for k in range(12):
        pending = one.ask(2, np.random.default_rng(k))
        (candidate,) = one.ask(1, np.random.default_rng(k), pending[1:])
        assert candidate not in pending[1:]
        score = float(sum(candidate.arch.genes)) if k != 7 else float("nan")
        one.tell([Trial(k, candidate, Evaluation({"val_accuracy": score}, 1.0), float(k))])
        other.tell(one.history.trials[k:])
    whole.tell(one.history.trials)
    failed = one.history.trials[7].candidate.arch
    asked = [s.ask(5, np.random.default_rng(9)) for s in (one, other, whole)]
    assert asked[0] == asked[1] == asked[2]
    assert failed not in [candidate.arch for candidate in asked[0]]
    assert {candidate.epochs for candidate in asked[0]} <= {1, 10}


def test_fidelities_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="ascending numbers of epochs"):
        Guided(TinySpace(), fidelities=(10, 1))
