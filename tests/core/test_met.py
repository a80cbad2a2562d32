import numpy as np
import pytest

import nascast.core.met as module
from nascast.core.met import Met
from nascast.core.types import Candidate, Evaluation, Genes, Trial
from nascast.testing.doubles import TinySpace

SPACE = TinySpace()
RNG = np.random.default_rng(0)


def candidate(*genes: int, epochs: int | None = None) -> Candidate:
    return Candidate(SPACE.architecture(np.asarray(genes, dtype=np.int16)), epochs)


def told(*candidates: Candidate) -> Met:
    met = Met(SPACE)
    met.add([Trial(i, c, Evaluation({}, 1.0), 1.0) for i, c in enumerate(candidates)])
    return met


class Rows:
    """Draws these rows, whatever the number asked for."""

    def __init__(self, *rows: tuple[int, ...]) -> None:
        self.rows = np.asarray(rows, dtype=np.int16)

    def __call__(self, n: int, rng: np.random.Generator) -> Genes:
        return self.rows


def test_what_is_new_is_proposed_in_the_order_drawn() -> None:
    draw = Rows((1, 1, 1, 1, 0), (2, 2, 2, 2, 0), (2, 1, 1, 1, 0))
    met = told(candidate(1, 1, 1, 1, 0))
    assert met.others(2, RNG, draw) == [candidate(2, 2, 2, 2, 0), candidate(2, 1, 1, 1, 0)]


def test_pending_candidates_and_equivalent_ones_are_not_new() -> None:
    draw = Rows((0, 0, 1, 1, 0), (1, 0, 0, 2, 0), (0, 0, 0, 1, 0))
    met = told(candidate(1, 1, 0, 0, 0))
    (found,) = met.others(1, RNG, draw, pending=[candidate(0, 1, 2, 0, 0)])
    assert found == candidate(0, 0, 0, 1, 0)


def test_equivalent_rows_are_not_proposed_together() -> None:
    draw = Rows((0, 0, 1, 1, 0), (1, 0, 0, 1, 0), (0, 0, 0, 2, 0))
    assert told().others(2, RNG, draw) == [candidate(0, 0, 1, 1, 0), candidate(0, 0, 0, 2, 0)]


def test_what_the_draw_does_not_find_comes_from_the_whole_space() -> None:
    draw = Rows((1, 1, 1, 1, 0))
    met = told(candidate(1, 1, 1, 1, 0))
    found = met.others(3, RNG, draw)
    assert len(set(found)) == 3
    assert candidate(1, 1, 1, 1, 0) not in found


def test_in_a_space_that_is_met_whole_other_epochs_then_other_rows_then_repeats_remain() -> None:
    networks = np.unique(SPACE.canonical(SPACE.all()), axis=0)
    short = [Candidate(SPACE.architecture(row), 1) for row in networks]
    draw = Rows((0, 0, 1, 1, 0), (1, 1, 0, 0, 0))
    assert told(*short).others(1, RNG, draw, epochs=3) == [candidate(0, 0, 1, 1, 0, epochs=3)]
    assert told(*short).others(1, RNG, draw, epochs=1) == [candidate(1, 1, 0, 0, 0, epochs=1)]
    every = [Candidate(SPACE.architecture(row)) for row in SPACE.all()]
    assert told(*every).others(2, RNG, draw) == [candidate(0, 0, 1, 1, 0)]


def test_rows_of_any_number_have_the_keys_of_their_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_KEPT", 7)
    met = Met(SPACE)
    rows = SPACE.all()
    expected = [row.tobytes() for row in SPACE.canonical(rows)]
    for size in (1, 5, 3, 20, 2):  # some fit beside those before, some do not, some are too many
        which = RNG.integers(len(rows), size=size)
        assert met.networks(rows[which]) == [expected[i] for i in which]
    assert met.networks(rows[:0]) == []
