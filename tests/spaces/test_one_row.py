"""Calls for one row go ways of their own; they find what a batch finds, and draw what it draws.

But for recipes of NAS-Bench-NLP, which are drawn from one distribution: `test_nasbench_nlp_draws`.
"""

from typing import Any

import numpy as np
import pytest

from nascast.core.plugins import builtin_names, load
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

MORE: tuple[tuple[str, dict[str, Any]], ...] = (  # settings that the conformance tests do not have
    ("hierarchical", {"flat": True}),
    ("hierarchical", {"motifs": (4, 3, 1), "nodes": (4, 3, 4)}),
    ("morphism", {"steps": 12}),
    ("recurrent_tree", {"base": 4}),
    ("nasnet", {"blocks": 2}),
    ("layerwise", {"layers": 1}),
    ("layerwise", {"layers": 3, "strides": True}),
)


def near_valid(space: SearchSpace, count: int) -> Genes:
    """Rows of which two genes were drawn anew: some are valid, some not."""
    rng = np.random.default_rng(1)
    rows = space.sample(count, rng)
    limits = np.asarray(space.cardinalities)
    for _ in range(2):
        live = rng.random(rows.shape) * (rows > 0)  # where there is something to break
        places = np.where(rng.random(count) < 0.5, live.argmax(1), rng.integers(space.length))
        rows[np.arange(count), places] = rng.integers(limits[places])
    return rows


@pytest.mark.parametrize(
    ("name", "settings"), [*((name, {}) for name in builtin_names("space")), *MORE]
)
def test_one_row_is_valid_where_it_is_in_a_batch(name: str, settings: dict[str, Any]) -> None:
    space = load("space", name, **settings)
    rows = near_valid(space, 300)
    assert [space._is_row(row) for row in rows.tolist()] == space.is_valid(rows).tolist()


@pytest.mark.parametrize(
    ("name", "settings"), [("darts", {}), ("nasnet", {}), ("layerwise", {}), *MORE]
)
def test_one_row_has_the_canonical_row_of_a_batch(name: str, settings: dict[str, Any]) -> None:
    space = load("space", name, **settings)
    rows = space.sample(300, np.random.default_rng(2))
    if name in ("darts", "nasnet"):  # many blocks tie
        rows = np.where(np.asarray(space.cardinalities) > 6, rows % 2, rows)
    if name == "layerwise":  # many layers are equal, with equal surroundings or others
        rows[150:] = np.where(np.asarray(space.cardinalities) > 2, 0, rows[150:])
        rows[250:] %= 1
    alone = np.concatenate([space.canonical(row[None]) for row in rows])
    assert np.array_equal(alone, space.canonical(rows))


@pytest.mark.parametrize("steps", [1, 8])
def test_one_sequence_of_moves_is_drawn_with_the_numbers_of_a_batch(steps: int) -> None:
    space = load("space", "morphism", steps=steps)
    for seed in range(60):
        shapes, rng = space._seeds(1), np.random.default_rng(seed)
        row: list[int] = []
        for _ in range(steps):
            row.append(int(space._choose(shapes.allowed(space._moves), rng)[0]))
            shapes.advance(space._moves, np.asarray(row[-1:]))
        assert space.sample(1, np.random.default_rng(seed))[0].tolist() == row


def test_one_recipe_is_mutated_with_the_numbers_of_a_batch_of_one() -> None:
    space = load("space", "nasbench_nlp")
    for seed, row in enumerate(space.sample(60, np.random.default_rng(3))[:, None]):
        rng, changed = np.random.default_rng(seed), row.copy()
        while (changed == row).all() or not space.is_valid(changed)[0]:
            column = int(space._decisions(row, rng)[0])
            shift = rng.integers(1, space.cardinalities[column])
            changed = row.copy()
            changed[0, column] = (row[0, column] + shift) % space.cardinalities[column]
        assert np.array_equal(space.mutate(row, np.random.default_rng(seed)), changed)
