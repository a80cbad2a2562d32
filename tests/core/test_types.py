import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import InvalidSettingError
from nascast.core.types import (
    STEPS,
    Architecture,
    Batch,
    Candidate,
    Evaluation,
    ImageTask,
    Objective,
    TextTask,
    Trial,
)


def test_architectures_are_values() -> None:
    arch = Architecture("tiny", (1, 2))
    assert arch == Architecture("tiny", (1, 2))
    assert arch != Architecture("other", (1, 2))
    assert len({arch, Architecture("tiny", (1, 2)), Architecture("tiny", (2, 1))}) == 2
    assert sorted([Architecture("tiny", (2, 0)), arch])[0] == arch
    with pytest.raises(dataclasses.FrozenInstanceError):
        arch.genes = (3,)  # type: ignore[misc]


def test_an_architecture_as_a_batch_of_one() -> None:
    row = Architecture("tiny", (4, 0, 7)).row()
    assert row.dtype == np.int16
    assert row.tolist() == [[4, 0, 7]]


def test_candidates_for_other_epochs_differ() -> None:
    arch = Architecture("tiny", (1,))
    assert Candidate(arch) != Candidate(arch, 5)
    assert len({Candidate(arch), Candidate(arch, None), Candidate(arch, 5)}) == 2


@given(st.floats(allow_nan=False))
def test_a_score_is_larger_for_the_better(value: float) -> None:
    evaluation = Evaluation({"metric": value, "other": 1.0}, 1.0)
    assert Objective("metric", minimize=False).score(evaluation) == value
    assert Objective("metric", minimize=True).score(evaluation) == -value


@pytest.mark.parametrize("minimize", [False, True])
def test_a_failure_scores_nan(minimize: bool) -> None:
    failed = Evaluation({}, 1.0, "RuntimeError: out of memory")
    assert math.isnan(Objective("val_accuracy", minimize).score(failed))


def test_trials_compare_by_content() -> None:
    def trial(accuracy: float) -> Trial:
        candidate = Candidate(Architecture("tiny", (1,)))
        return Trial(0, candidate, Evaluation({"val_accuracy": accuracy}, 1.0), 2.0)

    assert trial(1.0) == trial(1.0)
    assert trial(1.0) != trial(2.0)


@pytest.mark.parametrize(
    ("shape", "classes"),
    [((3, 32), 10), ((3, 32, 32, 1), 10), ((0, 32, 32), 10), ((3, 32, -1), 10), ((3, 8, 8), 1)],
)
def test_a_task_needs_positive_sizes_and_two_classes(shape: tuple[int, ...], classes: int) -> None:
    with pytest.raises(InvalidSettingError, match="at least 2 classes"):
        ImageTask(shape, classes)  # type: ignore[arg-type]


def test_a_random_batch_is_seeded_and_fits_its_task() -> None:
    task = ImageTask((2, 5, 7), 3)
    batch, again, other = (Batch.random(task, 400, seed) for seed in (0, 0, 1))
    assert batch.inputs.shape == (400, 2, 5, 7)
    assert batch.inputs.dtype == np.float32
    assert set(batch.labels.tolist()) == {0, 1, 2}
    assert batch.labels.dtype == np.int64
    assert abs(float(batch.inputs.mean())) < 0.02
    assert float(batch.inputs.std()) == pytest.approx(1, abs=0.02)
    assert np.array_equal(batch.inputs, again.inputs)
    assert np.array_equal(batch.labels, again.labels)
    assert not np.array_equal(batch.inputs, other.inputs)
    assert batch.source == again.source != other.source


@pytest.mark.parametrize("words", [1, 0, -3, 2.5, "10", None])
def test_a_task_of_text_needs_two_words(words: Any) -> None:
    with pytest.raises(InvalidSettingError, match="at least 2 words; got"):
        TextTask(words)


def test_a_random_text_is_seeded_and_foretells_the_next_word() -> None:
    batch, again, other = (Batch.random(TextTask(5), 40, seed) for seed in (0, 0, 1))
    assert batch.inputs.shape == batch.labels.shape == (STEPS, 40)
    assert batch.inputs.dtype == batch.labels.dtype == np.int64
    assert np.array_equal(batch.inputs[1:], batch.labels[:-1])
    assert set(batch.inputs.ravel().tolist()) == set(range(5))
    assert np.array_equal(batch.inputs, again.inputs)
    assert not np.array_equal(batch.inputs, other.inputs)
    assert batch.source == f"random uniform words, 40 columns of {STEPS} (seed 0)"


def test_a_batch_knows_its_kind() -> None:
    assert Batch.random(ImageTask((1, 2, 2), 2), 3).kind == ImageTask.kind == "images"
    assert Batch.random(TextTask(3), 3).kind == TextTask.kind == "text"


@pytest.mark.parametrize(
    ("inputs", "labels"),
    [
        (np.zeros((2, 3, 4, 4), np.float32), np.zeros(3, np.int64)),
        (np.zeros((2, 3, 4, 4), np.int64), np.zeros(2, np.int64)),
        (np.zeros((2, 3, 4), np.float32), np.zeros(2, np.int64)),
        (np.zeros((5, 2), np.int64), np.zeros(5, np.int64)),
        (np.zeros((5, 2), np.float32), np.zeros((5, 2), np.int64)),
    ],
)
def test_other_arrays_are_no_batch(inputs: Any, labels: Any) -> None:
    with pytest.raises(InvalidSettingError, match=r"a batch is of images .*, or of words"):
        Batch(inputs, labels, "made up")
