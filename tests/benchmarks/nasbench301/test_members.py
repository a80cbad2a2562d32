"""Boosters are refused unless every index leads somewhere and every node is met once."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.nasbench301.forest import LEAF, Forest, check_forest
from nascast.benchmarks.nasbench301.members import check_lightgbm, check_xgboost
from nascast.benchmarks.nasbench301.ubjson import loads
from nascast.core.errors import CorruptDataError

xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")

WIDTH = 5


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    rows = rng.random((200, WIDTH))
    return rows, rows @ rng.random(WIDTH) + (rows[:, 0] > 0.5)


@pytest.fixture(scope="module")
def booster() -> Any:
    settings = {"max_depth": 4, "nthread": 1, "gamma": 0.05}
    return xgboost.train(settings, xgboost.DMatrix(*data()), 6)


@pytest.fixture(scope="module")
def text() -> str:
    settings = {"verbosity": -1, "num_leaves": 7, "num_threads": 1, "min_data_in_leaf": 5}
    trained = lightgbm.train(settings, lightgbm.Dataset(*data()), 6)
    return str(trained.model_to_string())


# --- Trees -------------------------------------------------------------------------------------


def forest(left: list[int], right: list[int], **changes: Any) -> Forest:
    n = len(left)
    values: dict[str, Any] = {
        "sizes": np.asarray([n]),
        "left": np.asarray(left),
        "right": np.asarray(right),
        "split": np.zeros(n, dtype=np.int64),
        "value": np.zeros(n),
    }
    return Forest(**{**values, **changes})


LEFT, RIGHT = [1, LEAF, 3, LEAF, LEAF], [2, LEAF, 4, LEAF, LEAF]


def test_sound_trees_are_taken() -> None:
    check_forest(forest(LEFT, RIGHT), 1, "x")
    check_forest(forest(LEFT, RIGHT, parents=np.array([9, 0, 0, 2, 2])), 1, "x")
    check_forest(forest([LEAF], [LEAF]), 1, "x")
    two = forest([*LEFT, LEAF], [*RIGHT, LEAF], sizes=np.array([5, 1]))
    check_forest(two, 1, "x")
    gone = np.array([False] * 5 + [True])
    check_forest(forest([*LEFT, LEAF], [*RIGHT, LEAF], deleted=gone), 1, "x")


@pytest.mark.parametrize(
    ("left", "right", "changes", "message"),
    [
        ([1, LEAF, 5, LEAF, LEAF], RIGHT, {}, "out of range"),
        ([1, LEAF, -2, LEAF, LEAF], RIGHT, {}, "out of range"),
        ([1, LEAF, 0, LEAF, LEAF], RIGHT, {}, "out of range"),  # the root is nobody's child
        ([1, LEAF, 3, LEAF, 3], RIGHT, {}, "one child"),
        ([1, LEAF, 1, LEAF, LEAF], RIGHT, {}, "no node, or more than one"),
        ([1, LEAF, 2, LEAF, LEAF], [3, LEAF, 4, LEAF, LEAF], {}, "a cycle"),  # beside the tree
        ([LEAF] * 2, [LEAF] * 2, {}, "no node, or more"),  # left over
        (LEFT, RIGHT, {"split": np.array([0, 0, 1, 0, 0])}, "column out of range"),
        (LEFT, RIGHT, {"split": np.array([0, 0, -1, 0, 0])}, "column out of range"),
        (LEFT, RIGHT, {"value": np.array([0, 0, 0, np.nan, 0])}, "not finite"),
        (LEFT, RIGHT, {"parents": np.array([0, 0, 0, 2, 1])}, "parent is another"),
        (LEFT, RIGHT, {"deleted": np.array([0, 0, 0, 0, 1]) > 0}, "no node, or more"),
        (LEFT, RIGHT, {"deleted": np.array([0, 0, 1, 0, 0]) > 0}, "deleted node with"),
        (LEFT, RIGHT, {"deleted": np.array([1, 0, 0, 0, 0]) > 0}, "deleted node with"),
        (LEFT, RIGHT, {"sizes": np.array([5, 0])}, "without nodes"),
        (LEFT, RIGHT, {"sizes": np.array([3, 2])}, "out of range"),
        (LEFT, RIGHT, {"sizes": np.array([6])}, "as long as"),
    ],
)
def test_trees_that_lead_nowhere(
    left: list[int], right: list[int], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CorruptDataError, match=message):
        check_forest(forest(left, right, **changes), 1, "x")


# --- XGBoost -----------------------------------------------------------------------------------


def test_models_of_the_library_are_taken(booster: Any) -> None:
    """Pruning leaves deleted nodes; both forms of JSON say the same."""
    for form in ("ubj", "json"):
        check_xgboost(bytes(booster.save_raw(form)), WIDTH, "x")
    ours, theirs = (booster.save_raw(form) for form in ("ubj", "json"))
    found, said = loads(bytes(ours)), json.loads(bytes(theirs))
    trees = [model["learner"]["gradient_booster"]["model"]["trees"] for model in (found, said)]
    for one, other in zip(*trees, strict=True):
        assert one.keys() == other.keys()
        for name in ("left_children", "split_indices", "split_conditions"):
            assert np.allclose(one[name], other[name], rtol=1e-6)


def changes() -> list[tuple[str, Callable[[dict[str, Any], list[dict[str, Any]]], Any]]]:
    """What is done to the model and its trees."""
    return [
        ("a child", lambda m, t: t[1]["left_children"].__setitem__(0, 10**6)),
        ("the parent", lambda m, t: t[1]["parents"].__setitem__(1, 3)),
        ("a column", lambda m, t: t[1]["split_indices"].__setitem__(0, WIDTH)),
        ("a value", lambda m, t: t[1]["split_conditions"].__setitem__(0, float("inf"))),
        ("a list", lambda m, t: t[1]["base_weights"].pop()),
        ("a list more", lambda m, t: t[1]["parents"].append(0)),
        ("nodes", lambda m, t: t[1]["tree_param"].update(num_nodes="3")),
        ("deleted", lambda m, t: t[1]["tree_param"].update(num_deleted="1")),
        ("features", lambda m, t: t[1]["tree_param"].update(num_feature="99")),
        ("vectors", lambda m, t: t[1]["tree_param"].update(size_leaf_vector="5")),
        ("kinds", lambda m, t: t[1]["split_type"].__setitem__(0, 1)),
        ("categories", lambda m, t: t[1]["categories"].append(0)),
        ("order", lambda m, t: t[1].update(id=4)),
        ("a tree less", lambda m, t: t.pop()),
        ("width", lambda m, t: m["learner"]["learner_model_param"].update(num_feature="6")),
        ("classes", lambda m, t: m["learner"]["learner_model_param"].update(num_class="3")),
        ("base", lambda m, t: m["learner"]["learner_model_param"].update(base_score="nan")),
        ("kind", lambda m, t: m["learner"]["gradient_booster"].update(name="dart")),
        ("names", lambda m, t: m["learner"].update(feature_names=["a"])),
        (
            "iterations",
            lambda m, t: m["learner"]["gradient_booster"]["model"]["iteration_indptr"].append(99),
        ),
        (
            "outputs",
            lambda m, t: m["learner"]["gradient_booster"]["model"]["tree_info"].__setitem__(0, 7),
        ),
    ]


@pytest.mark.parametrize("change", [c for _, c in changes()], ids=[name for name, _ in changes()])
def test_an_altered_model_is_refused(booster: Any, change: Callable[..., Any]) -> None:
    model = json.loads(bytes(booster.save_raw("json")))
    change(model, model["learner"]["gradient_booster"]["model"]["trees"])
    with pytest.raises(CorruptDataError, match="x: "):
        check_xgboost(json.dumps(model).encode(), WIDTH, "x")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100,
        b"{}",
        b'{"',
        b"[$l#L" + b"\xff" * 8,
        b"SL" + b"\x7f" * 8,
        b"x",
        b"{}x",
    ],
)
def test_what_is_no_model(content: bytes) -> None:
    with pytest.raises(CorruptDataError, match="x: no booster"):
        check_xgboost(content, WIDTH, "x")


def test_a_model_that_is_cut_off_anywhere(booster: Any) -> None:
    content = bytes(booster.save_raw("ubj"))
    for length in range(0, len(content), 61):
        with pytest.raises(CorruptDataError, match="x: "):
            check_xgboost(content[:length], WIDTH, "x")


# --- LightGBM ----------------------------------------------------------------------------------


def test_what_is_left_of_the_text_predicts_the_same(text: str) -> None:
    rows, _ = data()
    kept = check_lightgbm(text, WIDTH, "x")
    assert len(kept) < len(text)
    found = lightgbm.Booster(model_str=kept).predict(rows, num_threads=1)
    assert np.array_equal(found, lightgbm.Booster(model_str=text).predict(rows, num_threads=1))


@pytest.mark.parametrize(
    ("pattern", "to"),
    [
        (r"(left_child=)-?\d+", r"\g<1>99"),
        (r"(left_child=)-?\d+", r"\g<1>-99"),
        (r"(right_child=)-?\d+", r"\g<1>0"),
        (r"(split_feature=)\d+", r"\g<1>5"),
        (r"(split_feature=)\d+", r"\g<1>-1"),
        (r"(num_leaves=)\d+", r"\g<1>8"),
        (r"(num_leaves=)\d+", r"\g<1>0"),
        (r"(num_cat=)0", r"\g<1>1"),
        (r"(decision_type=)\d+", r"\g<1>1"),
        (r"(leaf_value=)\S+", r"\g<1>nan"),
        (r"(threshold=)\S+", r"\g<1>1e999"),
        (r"(leaf_count=)\S+ ", r"\g<1>"),
        (r"(tree_sizes=)\d+", r"\g<1>9"),
        (r"(tree_sizes=)\d+", r"\g<1>99999999999999999999"),
        (r"(tree_sizes=\d+) \d+", r"\g<1>"),
        (r"(max_feature_idx=)\d+", r"\g<1>900"),
        (r"(num_class=)1", r"\g<1>2"),
        (r"(objective=)\w+", r"\g<1>binary"),
        (r"Tree=3", "Tree=2"),
        (r"end of trees", "end"),
        (r"(shrinkage=)\S+", r"\g<1>inf"),
    ],
)
def test_an_altered_text_is_refused(text: str, pattern: str, to: str) -> None:
    altered, count = re.subn(pattern, to, text, count=1)
    assert count == 1
    if "tree_sizes" not in pattern and "Tree=" in text:  # the sizes are made to fit again
        blocks = re.findall(r"(?s)Tree=\d+\n.*?(?=Tree=|end of trees|end\n)", altered)
        sizes = " ".join(str(len(block)) for block in blocks)
        altered = re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", altered)
    with pytest.raises(CorruptDataError, match="x: "):
        check_lightgbm(altered, WIDTH, "x")


def test_a_cycle_in_a_text(text: str) -> None:
    """Of the same length, so that nothing else is wrong."""
    start = text.index("left_child=")
    line = text[start : text.index("\n", start)]
    items = line.removeprefix("left_child=").split()
    place = next(i for i, item in enumerate(items) if len(item) == 1 and i)
    items[place] = str(place)
    altered = text.replace(line, "left_child=" + " ".join(items), 1)
    with pytest.raises(CorruptDataError, match=r"no node, or more than one|cycle"):
        check_lightgbm(altered, WIDTH, "x")
