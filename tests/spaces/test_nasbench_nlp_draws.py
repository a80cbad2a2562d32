"""Recipes drawn with odds computed beforehand have the distribution of the generator's own way."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from nascast.core.types import Bools, Genes
from nascast.spaces.nasbench_nlp import NasBenchNlp
from nascast.spaces.nasbench_nlp.odds import choice
from nascast.spaces.nasbench_nlp.rows import accepted, live, parts

SPACE = NasBenchNlp()
MANY, FEW, REFERENCES = 10_000, 20, 3_000
UNLIKELY = 1e-5  # over some hundred comparisons; another distribution is far below

Rows = dict[str, Genes]


def tried(hidden: int, size: int, rng: np.random.Generator) -> list[int] | None:
    """Draws a recipe as the generator does, node by node; None if there is one too many."""
    nodes: list[list[int]] = []
    plain = list(range(2, 2 + hidden))
    linear = [1, *plain]
    while len(nodes) < size:
        operation = (1, 1, 1, 2, 3, 4)[rng.integers(6)]
        readable = linear if operation == 1 else plain
        inputs = {1: 3 if rng.random() < 1 / 5 else 2, 2: 3, 3: 2, 4: 2}[operation]
        inputs = min(inputs, len(readable)) if operation == 1 else inputs
        if inputs > len(readable):
            continue
        read = rng.permutation(readable)[:inputs].tolist()
        nodes.append([operation, *read, *[0] * (3 - inputs)])
        plain.append(4 + len(nodes))
        if operation == 1:
            nodes.append([5 + int(rng.integers(3)), 4 + len(nodes), 0, 0])
            plain.append(4 + len(nodes))
            linear.append(4 + len(nodes))
    states = 1 + rng.permutation(len(nodes))[:hidden]
    if len(nodes) > 24:
        return None
    genes = [gene for node in nodes for gene in node] + [0] * (4 * (24 - len(nodes)))
    return [*genes, *states.tolist(), *[0] * (3 - hidden)]


def is_kept(row: list[int]) -> bool:
    """Whether live nodes read x and every previous state, and no new state reads one of these."""
    read = {4 + state: row[4 * state - 3 : 4 * state] for state in range(1, 25)}
    new = [4 + state for state in row[96:] if state]
    direct = any(1 < value < 5 for state in new for value in read[state])
    alive = set(new)
    for node in reversed(range(5, 29)):
        if node in alive:
            alive.update(read[node])
    return not direct and alive.issuperset(range(1, 2 + len(new)))


def generated(rng: np.random.Generator) -> list[int]:
    """Draws a recipe again until the generator keeps it."""
    hidden = int(rng.integers(1, 4))
    size = hidden + int(rng.choice([7, 14, 21]))
    while True:
        genes = tried(hidden, size, rng)
        if genes and is_kept(genes):
            return genes


@cache
def reference() -> Genes:
    rng = np.random.default_rng(10)
    return np.asarray([generated(rng) for _ in range(REFERENCES)], dtype=np.int16)


def in_batches() -> Genes:
    return SPACE.sample(MANY, np.random.default_rng(11))


def one_by_one() -> Genes:
    rng = np.random.default_rng(12)
    return np.concatenate([SPACE.sample(1, rng) for _ in range(MANY)])


def some_at_a_time() -> Genes:
    rng = np.random.default_rng(13)
    return np.concatenate([SPACE.sample(FEW, rng) for _ in range(MANY // FEW)])


def depths(genes: Genes) -> Genes:
    """Returns ``(n,)``: the number of nodes on the longest path of each row."""
    _, inputs, _ = parts(genes)
    depth = np.zeros((len(genes), 29), dtype=np.int16)
    every = np.arange(len(genes))[:, None]
    for node in range(24):
        depth[:, 5 + node] = (1 + depth[every, inputs[:, node]].max(1)) * inputs[:, node].any(1)
    return np.asarray(depth.max(1))


def facts(genes: Genes) -> Rows:
    """Returns numbers ``(n,)``, one of each row, by what they are: rows are independent."""
    operations, inputs, states = parts(genes)
    alive = live(genes)
    hidden = (states > 0).sum(1)
    first = operations[np.arange(len(genes)), states[:, 0] - 1]
    found = {f"gene {i}": genes[:, i] for i in range(SPACE.length)}
    for k in range(1, 8):
        found[f"nodes of operation {k}"] = (operations == k).sum(1)
        found[f"live nodes of operation {k}"] = ((operations == k) & alive).sum(1)
    for value in range(1, 29):
        found[f"readers of {value}"] = (inputs == value).sum((1, 2))
    return found | {
        "nodes by states": 32 * hidden + (operations > 0).sum(1),
        "live nodes by states": 32 * hidden + alive.sum(1),
        "depth": depths(genes),
        "operation of the first new state": 8 * hidden + first,
        "linear nodes of three inputs": ((operations == 1) & (inputs[:, :, 2] > 0)).sum(1),
        "order of new states": 2 * (states[:, 0] < states[:, 1]) + (states[:, 1] < states[:, 2]),
    }


def differing(expected: Genes, found: Genes) -> list[str]:
    """Returns which facts of two samples of rows have other frequencies, by chi-square."""
    first, second = facts(expected), facts(found)
    return [name for name in first if odds(first[name], second[name]) < UNLIKELY]


def odds(expected: Genes, found: Genes) -> float:
    """Returns the probability of such frequencies if there is no difference."""
    last = int(max(expected.max(), found.max())) + 1
    table = np.stack([np.bincount(x.astype(np.int64), minlength=last) for x in (expected, found)])
    rare: Bools = table.sum(0) < 40  # these are counted together
    table = np.column_stack([table[:, ~rare], table[:, rare].sum(1)])
    table = table[:, table.sum(0) > 0]
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0


@pytest.mark.parametrize("drawn", [in_batches, one_by_one, some_at_a_time])
def test_draws_have_the_distribution_of_the_generator(drawn: Callable[[], Genes]) -> None:
    genes = drawn()
    assert SPACE.is_valid(genes).all()
    assert accepted(genes).all()
    assert differing(reference(), genes) == []


def test_what_is_kept_in_a_batch_is_kept_one_by_one() -> None:
    rng = np.random.default_rng(14)
    drawn = [tried(hidden, hidden + 7, rng) for hidden in (1, 2, 3) for _ in range(200)]
    genes = np.asarray(drawn, dtype=np.int16)
    assert 50 < accepted(genes).sum() < 400
    assert accepted(genes).tolist() == [is_kept(row) for row in genes.tolist()]


def test_the_comparison_sees_other_distributions() -> None:
    genes = in_batches()
    fewer_blends = genes[(genes[:, 8] != 2) | (np.arange(MANY) % 2 == 0)]
    assert "gene 8" in differing(reference(), fewer_blends)
    ascending = genes.copy()
    ascending[:, 1:3].sort(axis=1)
    assert "gene 1" in differing(reference(), ascending)


@given(st.integers(0, 100), st.integers(0, 2**32 - 1))
def test_a_seed_leads_to_the_same_rows(n: int, seed: int) -> None:
    first, second = (SPACE.sample(n, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == (n, SPACE.length)
    assert first.dtype == np.int16
    assert np.array_equal(first, second)
    assert accepted(first).all()


def test_odds_of_a_linear_node_and_its_activation() -> None:
    """With one state, only linear has enough to read; one of the two, at random, is the new state.

    That linear reads the previous state, so that it cannot be the new one.
    """
    assert choice(1, 1).weight == pytest.approx(1 / 2)
    assert [option.states for option in choice(1, 1).options] == [(False, True)] * 2


@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_odds_are_how_often_no_new_state_reads_a_previous_one(hidden: int) -> None:
    rng = np.random.default_rng(hidden)
    genes = np.asarray([tried(hidden, hidden + 7, rng) for _ in range(4000)], dtype=np.int16)
    _, inputs, states = parts(genes)
    read = inputs[np.arange(len(genes))[:, None], states[:, :hidden] - 1]
    kept = ~((read > 1) & (read < 5)).any((1, 2))
    expected = choice(hidden, hidden + 7).weight
    assert abs(kept.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(genes))
