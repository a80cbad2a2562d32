"""Recipes made canonical together are those made canonical one by one."""

import json

import numpy as np
import pytest

from nascast.core.types import Genes
from nascast.spaces.nasbench_nlp import NasBenchNlp
from nascast.spaces.nasbench_nlp.order import canonical_row
from nascast.spaces.nasbench_nlp.orders import canonical_rows
from nascast.spaces.nasbench_nlp.text import parse, quick

SPACE = NasBenchNlp()


def one_by_one(genes: Genes) -> Genes:
    return np.asarray([canonical_row(row) for row in genes.tolist()], dtype=np.int16)


def test_drawn_and_mutated_recipes() -> None:
    rng = np.random.default_rng(0)
    genes = SPACE.sample(300, rng)
    for _ in range(3):
        assert np.array_equal(canonical_rows(genes), one_by_one(genes))
        genes = SPACE.mutate(genes, rng)


def test_chunks_and_no_rows() -> None:
    genes = np.repeat(SPACE.sample(3, np.random.default_rng(1)), 400, axis=0)
    assert np.array_equal(canonical_rows(genes), np.repeat(one_by_one(genes[::400]), 400, axis=0))
    assert canonical_rows(genes[:0]).shape == (0, SPACE.length)


def test_ties_and_nodes_with_many_readers() -> None:
    """Nodes that only another choice tells apart, and one that eight others read."""
    first = {"op": "linear", "input": ["x", "h_prev_0"]}
    activations = {f"a{i}": {"op": "activation_tanh", "input": ["l"]} for i in range(8)}
    sums = {
        f"s{i}": {"op": "elementwise_sum", "input": [f"a{2 * i}", f"a{2 * i + 1}"]}
        for i in range(4)
    }
    top = {
        "p0": {"op": "elementwise_prod", "input": ["s0", "s1"]},
        "p1": {"op": "blend", "input": ["s2", "s3", "p0"]},
        "h_new_0": {"op": "elementwise_sum", "input": ["p0", "p1"]},
    }
    popular = SPACE.from_text([json.dumps({"l": first, **activations, **sums, **top})])
    twins = {f"t{i}": {"op": "activation_sigm", "input": ["h_prev_0"]} for i in range(3)}
    last = {"h_new_0": {"op": "blend", "input": ["t2", "t0", "t1"]}}
    tied = SPACE.from_text([json.dumps({**twins, **last})])
    genes = np.concatenate([popular, tied, SPACE.sample(20, np.random.default_rng(2))])
    assert np.array_equal(canonical_rows(genes), one_by_one(genes))


def test_the_quick_reader_reads_what_the_careful_one_does() -> None:
    genes = SPACE.sample(100, np.random.default_rng(3))
    texts = SPACE.to_text(genes)
    assert [quick(text) for text in texts] == [parse(text).tolist() for text in texts]
    assert np.array_equal(SPACE.from_text(texts), genes)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "null", "7", '{"h_new_0": 3}', "[" * 5000),
        '{"h_new_0": {"op": "linear", "input": ["x"]}, "h_new_0": {"op": "linear", "input": []}}',
        '{"h_new_0": {"op": "linear", "op": "linear", "input": ["x"]}}',
        '{"h_new_0": {"op": "linear", "input": "x"}}',
        '{"h_new_0": {"op": "linear", "input": ["node_1"]}}',
        '{"h_new_0": {"op": "linear", "\\u0069nput": ["x"]}}',
        '{"other": {"op": "linear", "input": ["x"]}}',
        '{"x": {"op": "linear", "input": ["x"]}}',
        '{"h_new_0": {"op": "linear", "input": ["x", "x", "x", "x"]}}',
        '{"h_new_0": {"op": "linear", "input": ["x"], "more": 1}}',
    ],
)
def test_the_quick_reader_leaves_what_it_does_not_know_to_the_careful_one(text: str) -> None:
    assert quick(text) is None
