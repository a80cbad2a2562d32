"""A comparison of four predictors of four families with all their budgets."""

from collections.abc import Callable
from typing import Any

import pytest

_FULL = [
    *[("xgboost", n, None, "model_based") for n in (20, 100)],
    ("jacov", None, None, "zero_cost"),
    *[("sotl_e", None, e, "learning_curve") for e in (2, 6)],
    *[("omni", n, e, "hybrid") for n in (20, 100) for e in (2, 6)],
]


@pytest.fixture
def full(make_row: Callable[..., Any]) -> list[Any]:
    """The results of two trials of each budget."""
    return [
        make_row(
            name,
            train_size,
            epochs,
            trial,
            family=family,
            batch="random normal batch of 64 (seed 0)" if family == "zero_cost" else "",
            init_seconds_total=1e-6 if train_size is None else 60.0 * train_size,
            query_seconds_each=14.0 * epochs if epochs else 0.02,
        )
        for name, train_size, epochs, family in _FULL
        for trial in range(2)
    ]
