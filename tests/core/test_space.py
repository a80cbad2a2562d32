from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import InvalidArchitectureError, UnsupportedError
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, ImageTask, TextTask


class Box(SearchSpace):
    """Every combination is valid."""

    name = "box"

    def __init__(self, *cardinalities: int) -> None:
        self.cardinalities = cardinalities


class Even(Box):
    """Only rows with an even sum are valid, so that one gene of two values cannot change."""

    def is_valid(self, genes: Genes) -> Bools:
        fine = super().is_valid(genes)
        return np.asarray(fine & (genes.sum(-1) % 2 == 0))


class Nothing(Box):
    """No row is valid."""

    def is_valid(self, genes: Genes) -> Bools:
        return np.zeros(len(genes), dtype=bool)


boxes = st.lists(st.integers(1, 6), min_size=1, max_size=6).map(lambda c: Box(*c))
open_boxes = boxes.filter(lambda box: max(box.cardinalities) > 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rows(*genes: tuple[int, ...]) -> Genes:
    return np.asarray(genes, dtype=np.int16)


@given(boxes)
def test_codes_number_the_rows_in_their_order(box: Box) -> None:
    every = np.indices(box.cardinalities, dtype=np.int16).reshape(box.length, -1).T
    assert box.size() == len(every)
    assert box.codes(every).tolist() == list(range(len(every)))


def test_codes_need_less_than_63_bits() -> None:
    assert Box(*[2] * 62).codes(np.ones((1, 62), dtype=np.int16)).tolist() == [2**62 - 1]
    box = Box(*[2] * 63)
    assert box.size() == 2**63
    with pytest.raises(UnsupportedError, match="too many"):
        box.codes(np.zeros((1, 63), dtype=np.int16))


def test_samples_are_uniform() -> None:
    for box in (Box(2, 3), Box(2, 2, 2), Even(3, 4)):  # of unequal and equal cardinalities
        codes = box.codes(box.sample(12_000, rng()))
        counts = np.unique(codes, return_counts=True)[1]
        every = np.indices(box.cardinalities).reshape(box.length, -1).T.astype(np.int16)
        valid = int(box.is_valid(every).sum())
        assert len(counts) == valid
        assert np.abs(counts / 12_000 - 1 / valid).max() < 0.02  # over 5 standard deviations


def test_sampling_a_space_without_rows_gives_up() -> None:
    assert Nothing(3, 3).sample(0, rng()).shape == (0, 2)
    with pytest.raises(UnsupportedError, match="override sample"):
        Nothing(3, 3).sample(1, rng())


@given(open_boxes, st.integers(0, 2**32))
def test_a_mutation_changes_one_gene(box: Box, seed: int) -> None:
    genes = box.sample(20, rng(seed))
    mutated = box.mutate(genes, rng(seed + 1))
    assert ((mutated != genes).sum(1) == 1).all()
    box.check(mutated)


def test_all_one_gene_changes_are_reached() -> None:
    box = Box(3, 1, 4)
    parent = rows((1, 0, 2))
    children = box.mutate(np.repeat(parent, 400, axis=0), rng())
    near = box.neighbors(parent[0])
    assert np.array_equal(np.unique(children, axis=0), np.unique(near, axis=0))


def test_mutations_that_are_not_valid_are_drawn_again() -> None:
    space = Even(2, 3)
    children = space.mutate(np.repeat(rows((0, 0)), 50, axis=0), rng())
    assert np.unique(children, axis=0).tolist() == [[0, 2]]


def test_a_row_without_neighbours_cannot_be_mutated() -> None:
    space = Even(2, 2)
    assert space.neighbors(rows((1, 1))[0]).shape == (0, 2)
    with pytest.raises(UnsupportedError, match="no valid neighbour"):
        space.mutate(rows((1, 1)), rng())


def test_a_space_of_one_row_cannot_be_mutated() -> None:
    with pytest.raises(UnsupportedError, match="no valid neighbour"):
        Box(1, 1).mutate(rows((0, 0)), rng())


def test_mutating_no_rows() -> None:
    assert Box(3, 3).mutate(Box(3, 3).sample(0, rng()), rng()).shape == (0, 2)


@given(boxes, st.integers(0, 2**32))
def test_neighbours_are_all_rows_one_gene_away(box: Box, seed: int) -> None:
    row = box.sample(1, rng(seed))[0]
    near = box.neighbors(row)
    assert near.dtype == np.int16
    assert near.shape == (sum(c - 1 for c in box.cardinalities), box.length)
    assert ((near != row).sum(1) == 1).all()
    assert len(np.unique(near, axis=0)) == len(near)


@given(boxes, st.integers(0, 2**32))
def test_texts_round_trip(box: Box, seed: int) -> None:
    genes = box.sample(5, rng(seed))
    texts = box.to_text(genes)
    assert np.array_equal(box.from_text(texts), genes)
    assert texts[0] == "-".join(str(gene) for gene in genes[0])


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "1-2-0", "1-x", "1--1", "-1-1", "1-1.0", "1-99999", f"1-{'9' * 5000}"]
)
def test_malformed_texts_say_what_is_expected(text: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=r"box: expected 2 .*joined by '-'; got"):
        Box(2, 3).from_text(["1-2", text])


def test_a_text_out_of_range_names_the_gene() -> None:
    with pytest.raises(InvalidArchitectureError, match=r"row 1, gene 1 is 3; allowed are 0 to 2"):
        Box(2, 3).from_text(["1-2", "1-3"])


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        (rows((0, 0), (0, -1)), "box: row 1, gene 1 is -1; allowed are 0 to 2"),
        (rows((2, 0)), "box: row 0, gene 0 is 2; allowed are 0 to 1"),
        (rows((0, 0, 0)), r"expected rows of 2 genes, shape \(n, 2\); got shape \(1, 3\)"),
        (rows((0, 0))[0], r"got shape \(2,\)"),
        (np.zeros((1, 1, 2), dtype=np.int16), r"got shape \(1, 1, 2\)"),
        (np.zeros((1, 2)), "genes are integers; got an array of float64"),
        (np.zeros((1, 2), dtype=bool), "genes are integers; got an array of bool"),
    ],
)
def test_bad_rows_are_named(genes: Genes, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        Box(2, 3).check(genes)


def test_a_row_that_breaks_a_rule_of_the_space_is_shown() -> None:
    with pytest.raises(InvalidArchitectureError, match=r"row 1 \[0, 1\] is not a valid"):
        Even(2, 2).check(rows((0, 0), (0, 1)))


@pytest.mark.parametrize("genes", [rows((0, 0, 0)), rows((0, 0))[0]])
def test_rows_of_another_shape_are_not_valid(genes: Genes) -> None:
    valid = Box(2, 3).is_valid(genes)
    assert valid.shape == (len(genes),)
    assert not valid.any()


def test_by_default_rows_are_distinct_and_there_are_no_graphs_or_networks() -> None:
    box = Box(2, 3)
    genes = box.sample(4, rng())
    canonical = box.canonical(genes)
    assert np.array_equal(canonical, genes)
    assert not np.shares_memory(canonical, genes)
    with pytest.raises(UnsupportedError, match="box has no graph form"):
        box.graphs(genes)
    with pytest.raises(UnsupportedError, match="box has no networks"):
        box.build(Architecture("box", (0, 0)), ImageTask())
    assert box.tasks == ()


def test_a_task_of_another_kind_is_refused_by_the_kinds_there_are() -> None:
    box = Box(2, 3)
    box.tasks = (ImageTask,)
    task = ImageTask((1, 2, 2), 2)
    assert box.expect_task(task, ImageTask) is task
    with pytest.raises(UnsupportedError, match="box has networks for images, and none for text"):
        box.expect_task(TextTask(), ImageTask)


def test_an_architecture_holds_plain_integers() -> None:
    arch = Box(2, 3).architecture(rows((1, 2))[0])
    assert arch == Architecture("box", (1, 2))
    assert all(type(gene) is int for gene in arch.genes)


def test_an_architecture_of_the_space_is_a_row_of_it() -> None:
    assert Box(2, 3).row(Architecture("box", (1, 2))).tolist() == [[1, 2]]
    with pytest.raises(InvalidArchitectureError, match="of box; got one of darts"):
        Box(2, 3).row(Architecture("darts", (1, 2)))
    with pytest.raises(InvalidArchitectureError, match="gene 1 is 3"):
        Box(2, 3).row(Architecture("box", (1, 3)))


@given(open_boxes, st.integers(0, 2**32))
def test_all_rows_in_ascending_order(box: Box, seed: int) -> None:
    every = list(product(*map(range, box.cardinalities)))
    assert box.all().tolist() == [list(row) for row in every]
    assert box.all().dtype == np.int16


def test_all_rows_are_the_valid_ones() -> None:
    assert Even(2, 3).all().tolist() == [[0, 0], [0, 2], [1, 1]]


def test_too_many_rows_are_not_listed() -> None:
    assert len(Box(*[2] * 20).all()) == 2**20
    with pytest.raises(UnsupportedError, match="too many architectures to list"):
        Box(*[2] * 21).all()


@pytest.mark.parametrize("box", [Box(3, 1, 4), Box(*[9] * 30)])  # with codes and without
def test_distinct_rows_are_those_that_numpy_finds(box: Box) -> None:
    genes = box.sample(40, rng()).repeat(3, axis=0)
    genes = np.concatenate([rng(1).permutation(genes), genes * (np.arange(box.length) > 0)])
    assert np.array_equal(box.distinct(genes), np.unique(genes, axis=0, return_index=True)[1])
    assert box.distinct(genes[:0]).tolist() == []


def test_odds_are_those_of_mutation() -> None:
    box = Box(2, 1, 5)
    parent = rows((1, 0, 2))
    near = box.neighbors(parent[0])
    counts = np.zeros(len(near))
    for child in box.mutate(np.repeat(parent, 20_000, axis=0), rng()):
        counts[(near == child).all(1)] += 1
    odds = box.odds(parent[0], near)
    assert odds / odds.sum() == pytest.approx(counts / 20_000, abs=0.02)  # over 5 deviations
