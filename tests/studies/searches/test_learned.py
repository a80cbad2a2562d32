"""What strategies learned, kept beside their runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core.setup import Setup
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.stores.memory import Memory
from nascast.strategies.ppo import PPO
from nascast.strategies.random import RandomSearch
from nascast.strategies.reinforce import Reinforce
from nascast.studies.searches.design import Search
from nascast.studies.searches.learned import LEARNED, Learned
from nascast.studies.searches.run import simulate
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
SMALL: dict[str, Any] = {"minibatch": 4, "units": 5, "learning_rate": 0.05}


def made(kind: type[Strategy]) -> Strategy:
    return kind(BENCHMARK.space, **SMALL)


def trials(count: int) -> list[Trial]:
    """Made-up trials, every fifth of which failed."""
    rng = np.random.default_rng(3)
    rows = BENCHMARK.space.sample(count, rng)
    found = []
    for i, row in enumerate(rows):
        fine = Evaluation({"val_accuracy": float(rng.uniform(10, 90))}, 1.0)
        failed = Evaluation({}, 1.0, error="nothing")
        candidate = Candidate(BENCHMARK.space.architecture(row))
        found.append(Trial(i, candidate, failed if i % 5 == 0 else fine, float(i)))
    return found


def learned(out: Path, strategy: Strategy) -> Learned:
    return Learned(out, "run-0", strategy, Setup.of(strategy, BENCHMARK, 0))


def equal(one: Strategy, two: Strategy) -> bool:
    a, b = one.learned(), two.learned()
    same = all(np.array_equal(a[key], b[key], equal_nan=True) for key in a)
    return a.keys() == b.keys() and same and one.history.trials == two.history.trials


@pytest.mark.parametrize("kind", [PPO, Reinforce])
def test_a_strategy_that_recalls_is_the_one_that_was_told(
    kind: type[Strategy], tmp_path: Path
) -> None:
    every = trials(30)
    told = made(kind)
    told.tell(every[:22])
    learned(tmp_path, told).keep(last=True)
    recalling = made(kind)
    learned(tmp_path, recalling).recall(every)
    assert equal(recalling, told)
    for strategy in (told, recalling):
        strategy.tell(every[22:])
    assert equal(recalling, told)
    asked = [strategy.ask(5, np.random.default_rng(0)) for strategy in (told, recalling)]
    assert asked[0] == asked[1]


def test_what_does_not_fit_or_is_damaged_is_not_used(tmp_path: Path) -> None:
    every = trials(12)
    told = made(PPO)
    told.tell(every)
    learned(tmp_path, told).keep(last=True)
    other = [*every[:5], replace(every[5], evaluation=Evaluation({}, 1.0, error="no")), *every[6:]]
    for others in (other, every[:11], []):
        fresh = made(PPO)
        learned(tmp_path, fresh).recall(others)
        assert not len(fresh.history)
    (file,) = (tmp_path / LEARNED).iterdir()
    content = bytearray(file.read_bytes())
    content[-300] ^= 1
    file.write_bytes(content)
    fresh = made(PPO)
    learned(tmp_path, fresh).recall(every)
    assert not len(fresh.history)
    learned(tmp_path, RandomSearch(BENCHMARK.space)).keep(last=True)  # has learned nothing
    assert len(list((tmp_path / LEARNED).iterdir())) == 1


def test_a_search_that_goes_on_recalls_and_finds_the_same(tmp_path: Path) -> None:
    strategy = "ppo(minibatch=4,units=5)"
    search = Search(
        space="nasbench201", strategies=(strategy,), benchmark="nb201-mini", evaluations=10
    )
    longer, (spec,) = replace(search, evaluations=16), search.specs
    found = []
    for out in (tmp_path, None):
        store = Memory()
        first = simulate(search, spec, 0, out=out)
        store.begin(first.name, first.info)
        store.append(first.name, first.trials)
        found.append(simulate(longer, spec, 0, store, out).trials)
    kept = [[(t.id, t.candidate, t.evaluation) for t in each] for each in found]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 16
    assert len(list((tmp_path / LEARNED).iterdir())) == 1
