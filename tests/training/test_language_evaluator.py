"""Language models trained as candidates of a search."""

import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.test_evaluator import free_of_time

from nascast.core.errors import InvalidSettingError, MissingDataError, UnsupportedError
from nascast.core.types import Architecture, Candidate, TextTask
from nascast.spaces.nasbench_nlp.space import NasBenchNlp
from nascast.training.evaluator import LanguageEvaluator
from nascast.training.language import evaluate_language
from nascast.training.recipe import Recipe
from nascast.training.text import open_text

RECIPE = Recipe(3, 4, 0.05, optimizer="adam", weight_decay=0, grad_clip=0.25)
SKELETON: dict[str, Any] = {"layers": 1, "hidden": 8, "embedding": 8}
SIMPLE = (  # tanh(W x + U h)
    '{"node_0": {"op": "linear", "input": ["x", "h_prev_0"]}, '
    '"h_new_0": {"op": "activation_tanh", "input": ["node_0"]}}'
)


@pytest.fixture
def text(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    lines = ("the cat sat on the mat", "the dog lay on the rug", "a cat saw the dog")
    path = tmp_path / "text.txt"
    path.write_text("".join(f"{lines[i]}\n" for i in rng.integers(3, size=200)))
    return str(path)


@pytest.fixture
def evaluator(text: str) -> LanguageEvaluator:
    return LanguageEvaluator("nasbench_nlp", text, RECIPE, SKELETON)


@pytest.fixture(scope="module")
def arch() -> Architecture:
    space = NasBenchNlp()
    return space.architecture(space.from_text([SIMPLE])[0])


def test_metrics_and_curves(evaluator: LanguageEvaluator, arch: Architecture) -> None:
    found = evaluator.evaluate(Candidate(arch), 0)
    assert found.error is None
    assert {len(values) for values in found.curves.values()} == {3}
    for name in ("train_loss", "val_loss", "val_accuracy"):
        assert found.metrics[name] == found.curves[name][-1]
    assert found.metrics.keys() == set(evaluator.metrics)
    words = open_text(evaluator.data).words
    assert found.metrics["val_loss"] < math.log(len(words)) - 0.3  # it has learned something
    for part in ("val", "test"):
        perplexity = math.exp(found.metrics[f"{part}_loss"])
        assert found.metrics[f"{part}_perplexity"] == pytest.approx(perplexity)
    model = NasBenchNlp().build(arch, TextTask(len(words), SKELETON))
    assert found.metrics["parameters"] == sum(p.numel() for p in model.parameters())
    assert found.metrics["multiply_adds"] == 8 * 8 * 2 + 8 * len(words)
    assert 0 < sum(found.curves["seconds"]) <= found.seconds


def test_the_test_part_is_the_one_that_is_scored(
    evaluator: LanguageEvaluator, arch: Architecture
) -> None:
    training = evaluator._training(arch, generator=torch.Generator())
    data = open_text(evaluator.data)
    *_, _ = training.epochs(1)
    scored = evaluator._score(arch, training)
    expected = evaluate_language(training.network, data.test)
    assert (scored["test_loss"], scored["test_accuracy"]) == expected
    assert expected != evaluate_language(training.network, data.validation)


def test_the_same_seed_gives_the_same(evaluator: LanguageEvaluator, arch: Architecture) -> None:
    packed = pickle.loads(pickle.dumps(evaluator))  # as it goes to another process
    one, again = (free_of_time(e.evaluate(Candidate(arch), 3)) for e in (evaluator, packed))
    assert one == again
    assert free_of_time(evaluator.evaluate(Candidate(arch), 4)) != one


def test_a_promoted_candidate_continues(
    evaluator: LanguageEvaluator, arch: Architecture, tmp_path: Path
) -> None:
    kept = replace(evaluator, checkpoints=tmp_path / "checkpoints")
    first = kept.evaluate(Candidate(arch, 2), 1)
    assert len(first.curves["val_loss"]) == 2
    whole, continued = evaluator.evaluate(Candidate(arch), 1), kept.evaluate(Candidate(arch), 9)
    assert free_of_time(whole) == free_of_time(continued)


def test_a_training_that_diverges_is_data(evaluator: LanguageEvaluator, arch: Architecture) -> None:
    wild = replace(evaluator, recipe=Recipe(3, 4, 1e38, momentum=0.0, grad_clip=None))
    found = wild.evaluate(Candidate(arch), 0)
    assert found.error is not None
    assert found.error.startswith("DivergedError: the training loss is")
    slow = replace(evaluator, time_limit=1e-9).evaluate(Candidate(arch), 0)
    assert slow.error is not None
    assert slow.error.startswith("TimeLimitError")


@pytest.mark.parametrize("space", ["nasbench_nlp", "recurrent_tree"])
def test_random_cells_of_both_spaces_are_trained(space: str, text: str) -> None:
    evaluator = LanguageEvaluator(space, text, RECIPE, {"layers": 2, "hidden": 8})
    found = evaluator._space
    for row in found.sample(3, np.random.default_rng(0)):
        result = evaluator.evaluate(Candidate(found.architecture(row), 1), 0)
        assert result.error is None or "DivergedError" in result.error


def test_mistakes_show_at_once(evaluator: LanguageEvaluator, text: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="nasnet has networks for images, and none for text"):
        LanguageEvaluator("nasnet", text)
    with pytest.raises(InvalidSettingError, match="colour"):
        replace(evaluator, skeleton={"colour": 1})
    with pytest.raises(InvalidSettingError, match="auxiliary"):
        replace(evaluator, recipe=replace(RECIPE, auxiliary_weight=0.4))
    with pytest.raises(InvalidSettingError, match="900 columns of text asked for"):
        replace(evaluator, recipe=replace(RECIPE, batch_size=900))
    with pytest.raises(MissingDataError, match="no file or folder"):
        replace(evaluator, data=str(tmp_path / "none.txt"))
