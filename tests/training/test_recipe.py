import math
from dataclasses import asdict, replace
from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError, UnknownComponentError
from nascast.training.recipe import Recipe
from nascast.training.recipes import RECIPES, named_recipe


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"epochs": -1},
        {"batch_size": 1},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": -0.1},
    ],
)
def test_a_recipe_that_cannot_train(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match="at least 1 epoch, a batch of at least 2"):
        Recipe(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adamw"}, "optimizer is one of sgd, adam, rmsprop; got 'adamw'"),
        ({"schedule": "linear"}, "schedule is one of cosine, step, constant; got 'linear'"),
        ({"momentum": 1.0}, "momentum is a number from 0 to below 1"),
        ({"drop_path": -0.1}, "drop_path is a number from 0 to below 1"),
        ({"ema": 1.0}, "ema is a number from 0 to below 1"),
        ({"label_smoothing": float("nan")}, "label_smoothing is a number"),
        ({"weight_decay": -1e-4}, "weight_decay is not below 0"),
        ({"cutout": -1}, "cutout is not below 0"),
        ({"step_epochs": 0}, "step_epochs is above 0"),
        ({"grad_clip": 0.0}, "grad_clip is above 0"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        Recipe(**settings)


def test_recipes_are_values() -> None:
    assert Recipe(epochs=3) == Recipe(3)
    assert len({Recipe(), Recipe(), Recipe(flip=False)}) == 2


def test_recorded_settings_of_before_mean_what_they_did() -> None:
    """What the tables that were built before the newer settings have in their provenance."""
    old = {
        **{"batch_size": 128, "epochs": 10, "flip": True, "grad_clip": None},
        **{"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.0005},
    }
    recipe = Recipe(**old)  # type: ignore[arg-type]
    assert recipe == Recipe(10, 128, 0.05, 0.9, 5e-4, True, None)
    newer = {key: value for key, value in asdict(recipe).items() if key not in old}
    expected = {
        **{"optimizer": "sgd", "schedule": "cosine", "final_rate": 0.0, "decay_norms": True},
        **{"label_smoothing": 0.0, "auxiliary_weight": 0.0, "drop_path": 0.0, "crop": 0},
        **{"cutout": 0, "ema": 0.0, "mixed_precision": False},
    }
    assert expected.items() <= newer.items()


def test_rates() -> None:
    cosine = Recipe(epochs=8, learning_rate=0.4, final_rate=0.1)
    assert [cosine.rate(e) for e in (0, 4, 8)] == pytest.approx([0.4, 0.25, 0.1])
    assert cosine.rate(1.3) == pytest.approx(0.1 + 0.15 * (1 + math.cos(math.pi * 1.3 / 8)))
    step = Recipe(schedule="step", learning_rate=1.0, step_factor=0.5, step_epochs=2.4)
    assert [step.rate(e) for e in (0, 2.3, 2.4, 4.79, 4.8, 7.2)] == [1, 1, 0.5, 0.5, 0.25, 0.125]
    assert Recipe(schedule="constant").rate(7) == Recipe().learning_rate


def test_what_a_network_needs() -> None:
    assert Recipe().skeleton() == {}
    both = Recipe(auxiliary_weight=0.4, drop_path=0.3)
    assert both.skeleton() == {"auxiliary": True, "drop_path": 0.3}


PUBLISHED: dict[str, dict[str, Any]] = {
    "nasnet": {  # slim's nasnet.py, CIFAR
        **{"epochs": 600, "batch_size": 32, "learning_rate": 0.025, "schedule": "cosine"},
        **{"auxiliary_weight": 0.4, "drop_path": 0.4, "weight_decay": 5e-4, "grad_clip": 5.0},
        **{"optimizer": "sgd", "momentum": 0.9, "crop": 4, "crop_upsampled": True, "flip": True},
    },
    "nasnet-child": {"epochs": 20, "momentum": 0.9, "schedule": "cosine"},
    "nasnet-mobile": {
        **{"batch_size": 1600, "learning_rate": 2.0, "step_factor": 0.97, "step_epochs": 2.4},
        **{"grad_clip": 10.0, "label_smoothing": 0.1, "weight_decay": 4e-5, "drop_path": 0.0},
        **{"optimizer": "rmsprop", "square_decay": 0.9, "epsilon": 1.0, "ema": 0.9999},
    },
    "nasnet-large": {
        **{"batch_size": 1600, "learning_rate": 1.5, "weight_decay": 5e-5, "drop_path": 0.3},
        **{"optimizer": "rmsprop", "schedule": "step", "auxiliary_weight": 0.4},
    },
    "nas-child": {
        **{"epochs": 50, "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    },
    "darts": {
        **{"epochs": 600, "batch_size": 96, "learning_rate": 0.025, "weight_decay": 3e-4},
        **{"grad_clip": 5.0, "auxiliary_weight": 0.4, "cutout": 16, "drop_path": 0.2},
    },
    "darts-search": {"epochs": 50, "batch_size": 64, "learning_rate": 0.025, "final_rate": 0.001},
    "darts-imagenet": {
        **{"epochs": 250, "batch_size": 128, "learning_rate": 0.1, "weight_decay": 3e-5},
        **{"step_factor": 0.97, "step_epochs": 1.0, "label_smoothing": 0.1},
    },
    "nasbench-nlp": {  # the fields of the official logs
        **{"epochs": 50, "batch_size": 20, "learning_rate": 0.001, "weight_decay": 1.2e-6},
        **{"grad_clip": 0.25, "flip": False},
    },
    "nasbench201": {
        **{"epochs": 200, "batch_size": 256, "learning_rate": 0.1, "weight_decay": 5e-4},
        **{"momentum": 0.9, "schedule": "cosine", "final_rate": 0.0},
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_settings(name: str) -> None:
    assert PUBLISHED[name].items() <= asdict(named_recipe(name)).items()


def test_recipes_by_name() -> None:
    assert PUBLISHED.keys() <= RECIPES.keys()
    assert named_recipe("darts", epochs=3) == replace(RECIPES["darts"], epochs=3)
    with pytest.raises(UnknownComponentError, match=r"unknown recipe 'dart'; known .*darts, "):
        named_recipe("dart")
    with pytest.raises(InvalidSettingError, match="at least 1 epoch"):
        named_recipe("darts", epochs=0)
