"""Supernets are trained step by step, and every architecture is scored by itself."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.types import Candidate, ImageTask
from nascast.executors.serial import Serial
from nascast.networks.supernet.supernet import Supernet
from nascast.runner import Budget, run
from nascast.spaces.nasbench201 import NasBench201
from nascast.stores.memory import Memory
from nascast.strategies.random import RandomSearch
from nascast.training.data import ImageData
from nascast.training.recipe import Recipe
from nascast.training.supernet import (
    SharedEvaluator,
    SupernetTraining,
    all_paths,
    one_path,
    recalibrate,
    weights_of,
)

SPACE = NasBench201()
TASK = ImageTask((3, 8, 8), 3, {"channels": 4, "cells": 1, "stages": 2, "reduction": "pool"})
RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=0.05)
ARCHS = [SPACE.architecture(row) for row in SPACE.sample(4, np.random.default_rng(3))]


def images(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Images whose class is the channel that is bright."""
    generator = torch.Generator().manual_seed(n)
    labels = torch.arange(n) % 3
    x = torch.randn(n, 3, 8, 8, generator=generator)
    return x + 2 * torch.nn.functional.one_hot(labels, 3)[:, :, None, None], labels


DATA = ImageData(images(48), images(30), images(6), 3, "fingerprint")


def training(choose: Any = None) -> SupernetTraining:
    torch.manual_seed(0)
    network = SPACE.supernet(TASK)
    assert isinstance(network, Supernet)
    generator = torch.Generator().manual_seed(0)
    how: dict[str, Any] = {"recipe": RECIPE, "generator": generator}
    return SupernetTraining(network, DATA, choose=choose or one_path(SPACE), **how)


def evaluator(weights: Any) -> SharedEvaluator:
    return SharedEvaluator.of(SPACE, TASK, DATA, weights, batch_size=8)


def test_a_training_that_was_stopped_goes_on_as_if_it_was_not() -> None:
    whole = training()
    assert [c.train_loss[-1] > 0 for c in whole.epochs()] == [True] * 3
    first = training()
    assert len(list(first.epochs(1))) == 1
    second = training()
    second.restore(first.state())
    list(second.epochs())
    ours, theirs = weights_of(second.network), weights_of(whole.network)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_step_changes_the_weights_of_one_path_alone() -> None:
    chosen = []

    def choose(supernet: Supernet, progress: float, generator: torch.Generator) -> None:
        chosen.append(progress)
        supernet.choose(ARCHS[0])

    made = training(choose)
    before = weights_of(made.network)
    list(made.epochs(1))
    assert chosen == pytest.approx([i / 18 for i in range(6)])
    after = weights_of(made.network)
    changed = {name for name in after if not np.array_equal(before[name], after[name])}
    made.network.zero_grad(set_to_none=True)
    made.network(DATA.train[0]).sum().backward()
    assert changed == {n for n, p in made.network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("choose", [one_path(SPACE), all_paths(0.05)])
def test_a_supernet_learns(choose: Any) -> None:
    made = training(choose)
    *_, curves = made.epochs()
    assert curves.train_loss[-1] < curves.train_loss[0]
    assert np.isnan(curves.val_accuracy).all()


def test_a_score_does_not_depend_on_what_was_scored_before() -> None:
    weights = weights_of(training().network)
    used = evaluator(weights)
    first = [used.score(arch) for arch in ARCHS]
    assert [used.score(arch) for arch in reversed(ARCHS)] == first[::-1]
    assert [evaluator(weights).score(arch) for arch in ARCHS] == first
    assert len(set(first)) > 1
    assert pickle.loads(pickle.dumps(used)).score(ARCHS[0]) == first[0]  # for other processes
    found = used.evaluate(Candidate(ARCHS[1]), seed=5)
    assert (found.metrics["val_loss"], found.metrics["val_accuracy"]) == first[1]


def test_a_search_by_weight_sharing_finds_the_best_of_what_it_drew() -> None:
    shared = evaluator(weights_of(training().network))
    how: dict[str, Any] = {"executor": Serial(), "store": Memory(), "name": "shared"}
    trials = run(RandomSearch(SPACE), shared, budget=Budget(5), **how)
    assert [trial.evaluation.error for trial in trials] == [None] * 5
    expected = [shared.score(trial.candidate.arch)[1] for trial in trials]
    assert [trial.evaluation.metrics["val_accuracy"] for trial in trials] == expected
    other = evaluator(weights_of(SPACE.supernet(TASK)))
    assert other.settings() != shared.settings()
    with pytest.raises(StoreError):  # a run goes on with the same weights only
        run(RandomSearch(SPACE), other, budget=Budget(6), **how)


def test_statistics_are_the_means_over_the_batches() -> None:
    network: Any = training().network
    images = DATA.train[0][:]
    network.choose(ARCHS[0])
    with torch.no_grad():
        convolved = network.network.stem[0](images)
    for _ in range(2):
        recalibrate(network, images, batch_size=16)
        norm = network.network.stem[1]
        means = torch.stack([part.mean((0, 2, 3)) for part in convolved.split(16)])
        spreads = torch.stack([part.var((0, 2, 3)) for part in convolved.split(16)])
        assert torch.allclose(norm.running_mean, means.mean(0), atol=1e-6)
        assert torch.allclose(norm.running_var, spreads.mean(0), atol=1e-5)


def test_too_few_images_are_refused() -> None:
    few = ImageData(images(4), images(3), images(3), 3, "few")
    with pytest.raises(InvalidSettingError, match="a batch of 8 images asked for, 4"):
        SupernetTraining(
            training()._supernet,
            few,
            choose=one_path(SPACE),
            recipe=RECIPE,
            generator=torch.Generator(),
        )
