"""Boosters in XGBoost's first binary format; what they predict is tested with NAS-Bench-301."""

import fnmatch
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from nascast.core.errors import CorruptDataError, UnsupportedError
from nascast.releases.formats.xgboost_binary import to_json

SMALL = Path(__file__).parents[1] / "nasbench301/nb_models_small.zip"


def pickled() -> tuple[bytes, int, int]:
    """Returns a pickled booster, and where in it the model starts and stops."""
    with zipfile.ZipFile(SMALL) as archive:
        names = fnmatch.filter(archive.namelist(), "*/xgb_v1.0/*/surrogate_model.model")
        content = archive.read(names[0])
    start = content.index(b"binf")
    return content, start, start + int.from_bytes(content[start - 8 : start], "little")


def settings_of(content: bytes, stop: int) -> bytes:
    end = b'"version":[1,2,1]}'
    return content[stop : content.index(end, stop) + len(end)]


def test_a_booster_cut_off_anywhere_is_refused() -> None:
    """Also where the pickle around it is whole."""
    content, start, stop = pickled()
    model = content[start:stop]
    whole = to_json(model, 56, "x")
    serialised = content[start - 22 : stop] + settings_of(content, stop)
    assert whole == to_json(serialised, 56, "x")
    refused = 0
    for length in range(0, len(model), 97):
        try:
            assert (
                to_json(model[:length], 56, "x") == whole
            )  # behind the trees stands what is not read
        except CorruptDataError:
            refused += 1
    assert refused > 40


def answers(model: bytes) -> list[Any]:
    """Returns the base score, and the answers of the leaves of each tree."""
    learner = json.loads(model)["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    return [
        learner["learner_model_param"]["base_score"],
        *(
            value
            for tree in trees
            for value, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
            if left == -1
        ),
    ]


def test_another_answer_of_a_leaf_or_base_score_is_refused() -> None:
    content, start, stop = pickled()
    serialised = content[start - 22 : stop] + settings_of(content, stop)
    sound = answers(to_json(serialised, 56, "x"))
    refused = set()
    for at in range(22, 22 + stop - start, 3):
        damaged = bytearray(serialised)
        damaged[at] ^= 0x10
        try:
            assert answers(to_json(bytes(damaged), 56, "x")) == sound
        except (CorruptDataError, UnsupportedError) as error:
            refused.add(str(error).rpartition(": ")[2])
    assert "the answer of a leaf is not its weight times the learning rate" in refused
    assert "the base score of a booster is not that of its settings" in refused


def test_damaged_settings_are_refused() -> None:
    content, start, stop = pickled()
    model, settings = content[start - 22 : stop], settings_of(content, stop)
    for text, other in ((b'"learner"', b'"lerner"'), (b'"eta":"0.4', b'"eta":"0.3'), (b"}", b"")):
        with pytest.raises(CorruptDataError, match=r"settings of a booster|learning rate"):
            to_json(model + settings.replace(text, other), 56, "x")
