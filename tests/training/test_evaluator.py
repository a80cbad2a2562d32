"""Candidates that are really trained, on images on which something is learned in milliseconds."""

import math
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nascast.core.errors import InvalidSettingError, MissingDataError, NascastError
from nascast.core.types import Architecture, Candidate, Evaluation, ImageTask, Objective, Task
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.networks.counting import count
from nascast.networks.drop_path import DropPath
from nascast.runner import Budget, run
from nascast.spaces.nasbench201 import NasBench201
from nascast.spaces.nasnet import NasNet
from nascast.stores.memory import Memory
from nascast.strategies.random import RandomSearch
from nascast.training.data import Split
from nascast.training.evaluator import TrainingEvaluator
from nascast.training.recipe import Recipe
from nascast.training.running import forget, reached

SKELETON = {"channels": 2, "cells": 1, "stages": 2, "stem_stride": 2, "reduction": "pool"}
RECIPE = Recipe(epochs=4, batch_size=8, learning_rate=0.05, crop=1)
SPLIT = Split(24, 12, 12)
CONV = Architecture("nasbench201", (3, 3, 3, 3, 3, 3))


@pytest.fixture
def evaluator(images: Callable[..., str]) -> TrainingEvaluator:
    return TrainingEvaluator("nasbench201", images(), RECIPE, SKELETON, split=SPLIT)


def free_of_time(evaluation: Evaluation) -> Evaluation:
    curves = {name: values for name, values in evaluation.curves.items() if name != "seconds"}
    return replace(evaluation, seconds=0.0, curves=curves)


def test_metrics_curves_and_seconds(evaluator: TrainingEvaluator) -> None:
    found = evaluator.evaluate(Candidate(CONV), 0)
    assert found.error is None
    assert found.curves.keys() == {"train_loss", "val_loss", "val_accuracy", "seconds"}
    assert {len(values) for values in found.curves.values()} == {4}
    for name in ("train_loss", "val_loss", "val_accuracy"):
        assert found.metrics[name] == found.curves[name][-1]
    assert 0 <= found.metrics["test_accuracy"] <= 100
    assert math.isfinite(found.metrics["test_loss"])
    network = NasBench201().build(CONV, evaluator.task)
    counts = count(network, evaluator.task.input_shape)
    assert found.metrics["parameters"] == counts.parameters
    assert found.metrics["multiply_adds"] == counts.multiply_adds
    assert found.metrics.keys() == set(evaluator.metrics)
    assert sum(found.curves["seconds"]) <= found.seconds < sum(found.curves["seconds"]) + 1


def test_an_evaluator_keeps_to_its_data(
    evaluator: TrainingEvaluator, images: Callable[..., str]
) -> None:
    """Else a network would be trained on some images, and judged by others written meanwhile."""
    expected = free_of_time(evaluator.evaluate(Candidate(CONV, 1), 0))
    kept = pickle.loads(pickle.dumps(evaluator))
    images(y_train=np.arange(60) % 3)
    assert kept.settings() == evaluator.settings()
    assert free_of_time(kept.evaluate(Candidate(CONV, 1), 0)) == expected
    assert replace(evaluator).settings()["fingerprint"] != evaluator.settings()["fingerprint"]


def test_a_training_tells_how_far_it_has_come(evaluator: TrainingEvaluator, tmp_path: Path) -> None:
    found = replace(evaluator, running=tmp_path).evaluate(Candidate(CONV, epochs=3), 7)
    told = reached(tmp_path, [6, 7])
    assert told.keys() == {7}
    assert (told[7].done, told[7].epochs) == (3, 3)
    assert tuple(told[7].curves["val_loss"]) == found.curves["val_loss"]
    assert told[7].last("val_loss") == found.metrics["val_loss"]
    forget(tmp_path, 7)
    assert reached(tmp_path, [7]) == {}
    assert free_of_time(evaluator.evaluate(Candidate(CONV, epochs=3), 7)) == free_of_time(found)


def test_a_folder_that_cannot_be_looked_at_stops_no_training(
    evaluator: TrainingEvaluator, tmp_path: Path
) -> None:
    strange = tmp_path / ("x" * 300)  # an error as of a folder that only its owner may enter
    with pytest.raises(OSError, match="File name too long"):
        strange.is_dir()
    found = replace(evaluator, running=strange).evaluate(Candidate(CONV, epochs=1), 7)
    assert found.error is None
    forget(strange, 7)


def test_the_same_seed_gives_the_same_evaluation(evaluator: TrainingEvaluator) -> None:
    one, again, other = (free_of_time(evaluator.evaluate(Candidate(CONV), s)) for s in (3, 3, 4))
    assert one == again
    assert one.curves != other.curves


def test_nothing_else_is_touched(evaluator: TrainingEvaluator) -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    evaluator.evaluate(Candidate(CONV), 0)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_a_search_by_training(evaluator: TrainingEvaluator) -> None:
    runs = []
    for _ in range(2):
        strategy = RandomSearch(NasBench201(), [Objective("val_accuracy")])
        budget = Budget(evaluations=3)
        with Serial() as executor:
            runs.append(
                run(strategy, evaluator, executor=executor, store=Memory(), name="a", budget=budget)
            )
    first, second = ([free_of_time(trial.evaluation) for trial in trials] for trials in runs)
    assert first == second
    assert all(trial.error is None for trial in first)


def test_another_process_gives_the_same(evaluator: TrainingEvaluator) -> None:
    packed = pickle.dumps(evaluator)
    assert len(packed) < 2000
    here = free_of_time(evaluator.evaluate(Candidate(CONV, 2), 5))
    with Processes(1) as executor:
        executor.submit(0, Call(evaluator))
        (done,) = executor.collect()
    assert done.error is None
    assert free_of_time(done.value) == here


class Call:
    def __init__(self, evaluator: TrainingEvaluator) -> None:
        self.evaluator = evaluator

    def __call__(self) -> Evaluation:
        return self.evaluator.evaluate(Candidate(CONV, 2), 5)


def test_fewer_epochs_are_the_beginning(evaluator: TrainingEvaluator) -> None:
    whole = evaluator.evaluate(Candidate(CONV), 0)
    for epochs in (1, 3):
        part = evaluator.evaluate(Candidate(CONV, epochs), 0)
        assert part.curves["val_loss"] == whole.curves["val_loss"][:epochs]
        assert part.metrics["val_accuracy"] == whole.curves["val_accuracy"][epochs - 1]
    with pytest.raises(InvalidSettingError, match="5 epochs asked for of a recipe of 4"):
        evaluator.evaluate(Candidate(CONV, 5), 0)


def test_a_promoted_candidate_continues(evaluator: TrainingEvaluator, tmp_path: Path) -> None:
    """With other seeds, as promoted candidates have: the training is still the first one's."""
    whole = free_of_time(evaluator.evaluate(Candidate(CONV), 0))
    keeping = replace(evaluator, checkpoints=tmp_path / "trainings")
    keeping.evaluate(Candidate(CONV, 1), 0)
    third = keeping.evaluate(Candidate(CONV, 3), 17)
    last = keeping.evaluate(Candidate(CONV), 18)
    assert free_of_time(last) == whole
    assert free_of_time(third).curves["val_loss"] == whole.curves["val_loss"][:3]
    assert last.seconds < sum(last.curves["seconds"]) + 0.5
    # The same again, as when a search was killed after training and before its record.
    assert free_of_time(keeping.evaluate(Candidate(CONV, 3), 17)) == free_of_time(third)


def test_a_continued_training_costs_what_is_new(
    evaluator: TrainingEvaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def tick() -> float:
        now[0] += 1
        return now[0]

    monkeypatch.setattr(time, "process_time", tick)
    keeping = replace(evaluator, checkpoints=tmp_path)
    costs = [keeping.evaluate(Candidate(CONV, epochs), 0).seconds for epochs in (1, 3)]
    fresh = evaluator.evaluate(Candidate(CONV, 3), 0).seconds
    assert fresh > costs[1] > costs[0]
    assert fresh == pytest.approx(
        costs[1] + 2
    )  # the clock is read twice an epoch, and one epoch is not repeated


@pytest.mark.parametrize("setting", ["recipe", "split", "skeleton"])
def test_other_settings_are_other_trainings(
    evaluator: TrainingEvaluator, tmp_path: Path, setting: str
) -> None:
    keeping = replace(evaluator, checkpoints=tmp_path)
    keeping.evaluate(Candidate(CONV, 2), 0)
    others = {
        "recipe": replace(RECIPE, learning_rate=0.01),
        "split": replace(evaluator.split, seed=1),
        "skeleton": {**evaluator.skeleton, "channels": 5},
    }
    other = replace(evaluator, **{setting: others[setting]})  # type: ignore[arg-type]
    expected = free_of_time(other.evaluate(Candidate(CONV, 3), 1))
    found = replace(other, checkpoints=tmp_path).evaluate(Candidate(CONV, 3), 1)
    assert free_of_time(found) == expected


def test_a_training_that_diverges_is_data(evaluator: TrainingEvaluator) -> None:
    wild = replace(evaluator, recipe=replace(RECIPE, learning_rate=1e30, momentum=0.0))
    found = wild.evaluate(Candidate(CONV), 0)
    assert found.error is not None
    assert found.error.startswith("DivergedError: the training loss is ")
    assert found.metrics == {}
    assert found.seconds > 0
    assert math.isnan(Objective("val_accuracy").score(found))


def test_a_training_that_takes_too_long_is_data(
    evaluator: TrainingEvaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def tick() -> float:
        now[0] += 1
        return now[0]

    monkeypatch.setattr(time, "monotonic", tick)
    found = replace(evaluator, time_limit=7.5).evaluate(Candidate(CONV), 0)
    assert found.error == "TimeLimitError: it took more than 7.5 seconds"
    assert len(found.curves["val_loss"]) == 2  # three steps an epoch
    assert found.seconds > 0
    assert replace(evaluator, time_limit=100.0).evaluate(Candidate(CONV), 0).error is None


class Greedy(nn.Module):
    """A network that wants so many MiB at once, in tensors or in Python's objects."""

    def __init__(self, mib: int, kind: str) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 3)
        self.mib, self.kind = mib, kind

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.kind == "tensor":
            held: Any = torch.ones(self.mib * 2**18)
            x = x + 0 * held.sum()
        if self.training and self.kind == "list":
            held = [bytearray(2**20) for _ in range(self.mib)]
        logits: Tensor = self.linear(x.flatten(1))
        return logits


class GreedySpace(NasBench201):
    mib = 700
    kind = "tensor"

    def build(self, arch: Architecture, task: Task) -> nn.Module:
        return Greedy(self.mib if arch == CONV else 1, self.kind)


@pytest.mark.parametrize("kind", ["tensor", "list"])
def test_a_training_that_wants_too_much_memory_is_data(
    evaluator: TrainingEvaluator, kind: str
) -> None:
    space = GreedySpace()
    space.kind = kind
    limited = replace(evaluator, space=space, memory_limit=300.0)
    found = limited.evaluate(Candidate(CONV), 0)
    assert found.error is not None
    assert found.error.startswith("MemoryLimitError: out of memory (limit 300 MiB): ")
    assert found.metrics == {}
    modest = Architecture("nasbench201", (0, 0, 0, 0, 0, 0))
    assert limited.evaluate(Candidate(modest), 0).error is None  # the process lives on
    assert torch.ones(400 * 2**18).sum() == 400 * 2**18  # and has no limit any more


def test_running_out_without_a_limit_is_data_too(evaluator: TrainingEvaluator) -> None:
    space = GreedySpace()
    space.mib = 2**40  # more than any machine's address space
    found = replace(evaluator, space=space).evaluate(Candidate(CONV), 0)
    assert found.error is not None
    assert found.error.startswith("MemoryLimitError: out of memory: ")


class Broken(NasBench201):
    def build(self, arch: Architecture, task: Task) -> nn.Module:
        if arch == CONV:
            raise RuntimeError("a mistake in this network")
        return super().build(arch, task)


def test_a_mistake_in_a_network_is_not_hidden(evaluator: TrainingEvaluator) -> None:
    with pytest.raises(RuntimeError, match="a mistake in this network"):
        replace(evaluator, space=Broken()).evaluate(Candidate(CONV), 0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"space": "nasbench"}, NascastError, "unknown space"),
        ({"data": "none.npz"}, MissingDataError, "no file none.npz"),
        ({"skeleton": {"width": 3}}, InvalidSettingError, "the skeleton takes"),
        ({"split": Split(99, 12, 12)}, InvalidSettingError, "111 training and validation images"),
        ({"recipe": Recipe(batch_size=25)}, InvalidSettingError, "a batch of 25 images"),
        ({"recipe": Recipe(2, 8, drop_path=0.2)}, InvalidSettingError, "drop_path"),
        ({"time_limit": 0.0}, InvalidSettingError, "time_limit is above 0"),
        ({"memory_limit": -1.0}, InvalidSettingError, "memory_limit is above 0"),
    ],
)
def test_mistakes_show_before_anything_is_trained(
    evaluator: TrainingEvaluator, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        replace(evaluator, **changes)


def test_auxiliary_heads_and_drop_path_come_from_the_recipe(images: Callable[..., str]) -> None:
    recipe = Recipe(2, 8, 0.01, auxiliary_weight=0.4, drop_path=0.3, ema=0.9, cutout=2)
    skeleton = {"repeats": 1, "filters": 2, "stem_multiplier": 1}
    evaluator = TrainingEvaluator(NasNet(1), images(), recipe, skeleton, split=SPLIT)
    space = NasNet(1)
    arch = space.architecture(space.sample(1, np.random.default_rng(0))[0])
    trained: Any = evaluator._training(arch, generator=torch.Generator()).network
    assert trained.auxiliary is not None
    assert max(m.probability for m in trained.modules() if isinstance(m, DropPath)) == 0.3
    assert evaluator.task.skeleton == skeleton
    found = evaluator.evaluate(Candidate(arch), 0)
    bare = count(space.build(arch, ImageTask((1, 8, 8), 3, skeleton)), (1, 8, 8))
    assert found.metrics["parameters"] == bare.parameters


def test_latency_is_measured_on_request(evaluator: TrainingEvaluator) -> None:
    timed = replace(evaluator, measure_latency=True)
    found = timed.evaluate(Candidate(CONV, 1), 0)
    assert found.metrics.keys() == set(timed.metrics)
    assert 0 < found.metrics["latency_ms"] < 1000
