"""Encodings side by side."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.spec import Spec
from nascast.encodings.graf import Graf
from nascast.encodings.joined import Joined
from nascast.encodings.wl import WeisfeilerLehman
from nascast.spaces.darts import Darts
from nascast.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
GENES = SPACE.sample(50, np.random.default_rng(0))


def test_columns_stand_side_by_side() -> None:
    found = Joined(["graf", Spec("wl", {"columns": 16})], canonical=False).encode(SPACE, GENES)
    parts = [Graf().encode(SPACE, GENES), WeisfeilerLehman(columns=16).encode(SPACE, GENES)]
    assert np.array_equal(found, np.concatenate(parts, axis=1))


def test_by_default_canonical_rows_are_encoded() -> None:
    canonical = SPACE.canonical(GENES)
    assert (canonical != GENES).any()
    one = Joined(("adjacency_one_hot",))
    assert np.array_equal(one.encode(SPACE, GENES), one.encode(SPACE, canonical))


def test_it_is_written_as_a_spec() -> None:
    spec = Spec.parse("encoding", "joined([graf,wl(depth=1)],canonical=false)")
    made = spec.load("encoding")
    assert made.encode(SPACE, GENES[:2]).shape == (2, 88 + 512)
    assert Spec.of("encoding", made) == spec


def test_what_a_part_does_not_support_is_not_left_out() -> None:
    with pytest.raises(UnsupportedError, match="paths of darts"):
        Joined(["graf", "path"]).encode(Darts(), Darts().sample(2, np.random.default_rng(0)))
    with pytest.raises(InvalidSettingError, match="at least one encoding"):
        Joined([])
