from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.training.recipe import Recipe


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


def test_recipes_are_values() -> None:
    assert Recipe(epochs=3) == Recipe(3)
    assert len({Recipe(), Recipe(), Recipe(flip=False)}) == 2
