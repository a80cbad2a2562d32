"""Trainings on a GPU; a machine without one skips them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.test_evaluator import CONV, free_of_time
from tests.training.test_language_evaluator import SIMPLE

from nascast.core import plugins
from nascast.core.types import Batch, Candidate, Evaluation, ImageTask
from nascast.executors.processes import Processes
from nascast.networks.latency import latency_ms
from nascast.networks.supernet.supernet import Supernet
from nascast.proxies.passes import Passes
from nascast.spaces.nasbench201 import NasBench201
from nascast.studies.progress import finished
from nascast.training.data import Split, _opened, open_data
from nascast.training.evaluator import LanguageEvaluator, TrainingEvaluator
from nascast.training.export import TOLERANCE, export
from nascast.training.model import load_model
from nascast.training.recipe import Recipe
from nascast.training.supernet import SharedEvaluator, SupernetTraining, one_path, weights_of
from nascast.training.transfer import ImageTransfer, begin, train_model

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="PyTorch finds no CUDA device here"
)

SKELETON = {"channels": 4, "cells": 1, "stages": 2, "stem_stride": 1, "reduction": "pool"}
RECIPE = Recipe(epochs=4, batch_size=8, learning_rate=0.05, crop=1)
SPLIT = Split(40, 20, 12)
ALL = Recipe(
    epochs=2,
    batch_size=8,
    auxiliary_weight=0.4,
    drop_path=0.2,
    cutout=2,
    grad_clip=5.0,
    ema=0.9,
    label_smoothing=0.1,
    mixed_precision=True,
)


@pytest.fixture
def evaluator(images: Callable[..., str]) -> TrainingEvaluator:
    return TrainingEvaluator("nasbench201", images(), RECIPE, SKELETON, split=SPLIT, device="cuda")


def test_a_child_learns_as_on_a_cpu(evaluator: TrainingEvaluator) -> None:
    found = evaluator.evaluate(Candidate(CONV), 3)
    expected = replace(evaluator, device="cpu").evaluate(Candidate(CONV), 3)
    assert found.error is expected.error is None
    assert found.metrics.keys() == expected.metrics.keys()
    for name in ("train_loss", "val_loss"):  # products are of 10 bits on a GPU
        assert found.curves[name][0] == pytest.approx(expected.curves[name][0], rel=0.05)
    for name in ("parameters", "multiply_adds"):
        assert found.metrics[name] == expected.metrics[name]
    assert found.curves["train_loss"][-1] < found.curves["train_loss"][0]


def test_the_same_seed_gives_the_same_child(evaluator: TrainingEvaluator) -> None:
    first, second = (free_of_time(evaluator.evaluate(Candidate(CONV), 3)) for _ in range(2))
    assert first == second
    assert free_of_time(evaluator.evaluate(Candidate(CONV), 4)) != first


def test_a_promoted_candidate_continues(evaluator: TrainingEvaluator, tmp_path: Path) -> None:
    whole = free_of_time(evaluator.evaluate(Candidate(CONV), 0))
    keeping = replace(evaluator, checkpoints=tmp_path)
    keeping.evaluate(Candidate(CONV, 1), 0)
    _opened.cache_clear()
    assert free_of_time(keeping.evaluate(Candidate(CONV), 18)) == whole


def test_a_child_beyond_its_memory_is_a_failure_and_the_next_trains(
    images: Callable[..., str],
) -> None:
    large = {**SKELETON, "channels": 256}
    how = {"split": SPLIT, "device": "cuda"}
    tight = TrainingEvaluator(
        "nasbench201",
        images(),
        RECIPE,
        large,
        memory_limit=8,
        **how,  # type: ignore[arg-type]
    )
    found = tight.evaluate(Candidate(CONV), 0)
    assert found.error is not None
    assert found.error.startswith("MemoryLimitError: out of memory (limit 8 MiB)")
    assert replace(tight, memory_limit=None).evaluate(Candidate(CONV), 0).error is None


def test_children_train_side_by_side_on_one_gpu(evaluator: TrainingEvaluator) -> None:
    alone = free_of_time(evaluator.evaluate(Candidate(CONV), 1))
    found: dict[int, Evaluation] = {}
    with Processes(2) as executor:
        for k in range(4):
            task = partial(replace(evaluator, device="auto").evaluate, Candidate(CONV), k)
            executor.submit(k, task)
        for done in finished(executor, 4):
            assert isinstance(done.task, int)
            assert isinstance(done.value, Evaluation), done.error
            found[done.task] = done.value
    assert {each.error for each in found.values()} == {None}
    assert free_of_time(found[1]) == alone


@pytest.mark.parametrize("space", ["nasnet", "darts"])
def test_all_that_a_recipe_can_ask_for(images: Callable[..., str], space: str) -> None:
    searched = plugins.load("space", space)
    own = {**searched.scaled(1, 4), "auxiliary": True, "drop_path": 0.2}
    evaluator = TrainingEvaluator(
        space, images(colours=3), ALL, own, split=replace(SPLIT, size=16), device="cuda"
    )
    arch = searched.architecture(searched.sample(1, np.random.default_rng(0))[0])
    found = evaluator.evaluate(Candidate(arch), 0)
    assert found.error is None
    assert np.isfinite(found.curves["train_loss"]).all()


def test_a_language_model_trains(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    lines = ("the cat sat on the mat", "the dog lay on the rug", "a cat saw the dog")
    chosen = np.random.default_rng(0).integers(3, size=200)
    text.write_text("".join(f"{lines[i]}\n" for i in chosen))
    recipe = Recipe(3, 4, 0.05, optimizer="adam", weight_decay=0, grad_clip=0.25)
    skeleton = {"layers": 1, "hidden": 8, "embedding": 8}
    evaluator = LanguageEvaluator("nasbench_nlp", str(text), recipe, skeleton, device="cuda")
    space = plugins.load("space", "nasbench_nlp")
    arch = space.architecture(space.from_text([SIMPLE])[0])
    found = evaluator.evaluate(Candidate(arch), 0)
    expected = replace(evaluator, device="cpu").evaluate(Candidate(arch), 0)
    assert found.error is expected.error is None
    assert found.metrics["val_loss"] == pytest.approx(expected.metrics["val_loss"], rel=0.05)


def test_a_supernet_trains_and_scores(images: Callable[..., str]) -> None:
    space = NasBench201()
    data = open_data(images(), SPLIT, "cuda")
    task = ImageTask((1, 8, 8), 3, {k: v for k, v in SKELETON.items() if k != "stem_stride"})
    network = space.supernet(task)
    assert isinstance(network, Supernet)
    training = SupernetTraining(
        network.cuda(),
        data,
        choose=one_path(space),
        recipe=Recipe(epochs=2, batch_size=8),
        generator=torch.Generator().manual_seed(0),
    )
    *_, curves = training.epochs()
    assert np.isfinite(curves.train_loss).all()
    shared = SharedEvaluator.of(space, task, data, weights_of(training.network), batch_size=8)
    loss, accuracy = shared.score(CONV)
    assert np.isfinite(loss)
    assert 0 <= accuracy <= 100


def test_a_model_trained_here_is_used_without_a_gpu(
    images: Callable[..., str], tmp_path: Path
) -> None:
    pytest.importorskip("onnxscript")
    skeleton = {**NasBench201().scaled(repeats=1, filters=4), "stages": 2}
    transfer = ImageTransfer(CONV, images(), RECIPE, skeleton, split=SPLIT, device="cuda")
    out = tmp_path / "model"
    begin(transfer, out, resume=False)
    results = train_model(transfer, out)
    assert results["test_accuracy"] >= 0
    model = load_model(out)
    portable = model.portable
    assert {p.device.type for p in portable.parameters()} == {"cpu"}
    file = tmp_path / "model.onnx"
    export(model, "onnx", file)
    session = pytest.importorskip("onnxruntime").InferenceSession(file)
    batch = torch.rand(3, 1, 8, 8)
    [logits] = session.run(None, {"images": batch.numpy()})
    assert np.allclose(logits, portable(batch).detach().numpy(), atol=TOLERANCE)


def test_latency_is_that_of_the_gpu() -> None:
    task = ImageTask((3, 16, 16), 10, SKELETON)
    network = NasBench201().build(CONV, task).cuda()
    assert latency_ms(network, torch.zeros(1, 3, 16, 16, device="cuda")) > 0


@pytest.mark.parametrize("name", plugins.builtin_names("proxy"))
def test_a_proxy_scores_a_network_on_a_gpu_as_on_a_cpu(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # products of 10 bits
    task = ImageTask((3, 16, 16), 10, {"cells": 1, "channels": 8})
    proxy, batch = plugins.load("proxy", name), Batch.random(task, 16)

    def passes(device: str) -> Passes:
        build = lambda: NasBench201().build(CONV, task)  # noqa: E731
        return Passes(build, 0, task, batch=batch, clock=lambda: 0.0, device=device)

    ones = passes("cuda")
    assert {p.device.type for p in ones.network().parameters()} == {"cuda"}
    assert proxy.score(ones) == pytest.approx(proxy.score(passes("cpu")), rel=0.02)
