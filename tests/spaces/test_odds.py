"""The odds of a space are those with which it mutates."""

import numpy as np
import pytest

from nascast.spaces.hierarchical import Hierarchical
from nascast.spaces.morphism import Morphism
from nascast.spaces.nasbench101 import NasBench101

N = 20_000


@pytest.mark.parametrize("space", [Hierarchical((2, 1), (3, 3)), Morphism(2), NasBench101()])
def test_mutants_come_with_their_odds(space: Hierarchical | Morphism | NasBench101) -> None:
    parent = space.sample(1, np.random.default_rng(5))
    near = space.neighbors(parent[0])
    odds = space.odds(parent[0], near)
    mutated = space.mutate(np.repeat(parent, N, axis=0), np.random.default_rng(6))
    counts = (mutated[:, None] == near).all(2).sum(0)
    assert counts.sum() == N
    expected = odds / odds.sum()
    deviations = (counts / N - expected) / np.sqrt(expected * (1 - expected) / N)
    assert np.abs(deviations).max() < 5
