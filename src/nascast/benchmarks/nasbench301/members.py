"""Checks of the boosters in an archive, before XGBoost or LightGBM see them.

XGBoost's models are read as the library itself wrote them, in Universal Binary JSON, or as JSON.
LightGBM's are text (``src/boosting/gbdt_model_text.cpp`` in https://github.com/microsoft/LightGBM).
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.nasbench301.forest import LEAF, Forest, check_forest
from nascast.benchmarks.nasbench301.ubjson import loads
from nascast.core.errors import CorruptDataError

__all__ = ["DELETED", "check_lightgbm", "check_xgboost", "check_xgboost_model"]

DELETED = 2**31 - 1  # the column of a deleted node, with `default_left`
_EMPTY = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_NODES = (  # one item for each node
    *("base_weights", "default_left", "left_children", "loss_changes", "parents"),
    *("right_children", "split_conditions", "split_indices", "split_type", "sum_hessian"),
)
_PER_SPLIT = (  # LightGBM: one item for each inner node
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_SINGLE = ("Tree", "num_leaves", "num_cat", "shrinkage", "is_linear")
_NEEDED = {*_PER_SPLIT[:1], *_PER_SPLIT[2:6], "leaf_value", "num_leaves", "num_cat"}
_DECISIONS = (0, 2, 4, 6, 8, 10)  # numbers, missing ones to either side; no categories
_END = "end of trees"


def check_xgboost(content: bytes, columns: int, where: object) -> None:
    """Raises unless this is a model of regression trees in one of XGBoost's forms of JSON.

    Args:
        content: of a file.
        columns: of the input.
        where: names the model in messages.

    Raises:
        CorruptDataError: something else, or an index that leads nowhere.
    """
    try:
        model = json.loads(content) if content[:2] == b'{"' else loads(content)
    except (ValueError, RecursionError) as error:
        raise CorruptDataError(f"{where}: no booster of XGBoost, or damaged; {error}") from error
    check_xgboost_model(model, columns, where)


def check_xgboost_model(model: Any, columns: int, where: object) -> None:
    """Raises as `check_xgboost` does, for a model that was parsed."""
    try:
        forest = _xgboost_forest(model, columns)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CorruptDataError(
            f"{where}: no booster of regression trees for {columns} columns, or damaged; "
            f"{type(error).__name__}: {error}"
        ) from error
    check_forest(forest, columns, where)


def _xgboost_forest(model: Mapping[str, Any], columns: int) -> Forest:
    learner = model["learner"]
    _check_learner(learner, columns)
    booster = learner["gradient_booster"]["model"]
    trees = booster["trees"]
    if int(booster["gbtree_model_param"]["num_trees"]) != len(trees):
        raise ValueError("num_trees is not their number")
    steps = booster.get("iteration_indptr", [0, len(trees)])
    steps = np.asarray(steps, dtype=np.int64)
    if steps.ndim != 1 or steps[0] != 0 or steps[-1] != len(trees) or (np.diff(steps) < 0).any():
        raise ValueError("iterations that do not count the trees")
    if list(map(int, booster["tree_info"])) != [0] * len(trees):
        raise ValueError("more than one output")
    if any(map(len, booster.get("cats", {}).values())):
        raise ValueError("categories")
    sizes = np.asarray([_xgboost_tree(t, i, columns) for i, t in enumerate(trees)], dtype=np.int64)

    def joined(name: str, kind: type[Any]) -> npt.NDArray[Any]:
        parts = [np.asarray(tree[name]).astype(kind, casting="same_kind") for tree in trees]
        return np.concatenate(parts) if parts else np.empty(0, kind)

    split, default = joined("split_indices", np.int64), joined("default_left", np.int64)
    if joined("split_type", np.int64).any() or not np.isin(default, (0, 1)).all():
        raise ValueError("a split by category, or a default that is neither left nor right")
    deleted = (split == DELETED) & (default == 1)
    told = [int(tree["tree_param"]["num_deleted"]) for tree in trees]
    if [int(part.sum()) for part in np.split(deleted, sizes.cumsum()[:-1])] != told:
        raise ValueError("num_deleted is not the number of deleted nodes")
    left, right = joined("left_children", np.int64), joined("right_children", np.int64)
    value, parents = joined("split_conditions", np.float64), joined("parents", np.int64)
    return Forest(sizes, left, right, split, value, parents, deleted)


def _check_learner(learner: Mapping[str, Any], columns: int) -> None:
    told = learner["learner_model_param"]
    one = {"0", "1"}
    fits = int(told["num_feature"]) == columns
    if not (fits and told["num_class"] in one and told.get("num_target", "1") in one):
        raise ValueError(f"it takes {told['num_feature']} columns, or has more than one output")
    if not math.isfinite(float(str(told["base_score"]).strip("[]"))):
        raise ValueError("base_score is no number")
    names = learner["gradient_booster"]["name"], learner["objective"]["name"]
    if names != ("gbtree", "reg:squarederror"):
        raise ValueError(f"it is {names[0]!r} for {names[1]!r}")
    for name in ("feature_names", "feature_types"):
        if len(learner.get(name, ())) not in (0, columns):
            raise ValueError(f"{name} are not those of {columns} columns")


def _xgboost_tree(tree: Mapping[str, Any], number: int, columns: int) -> int:
    """Returns the number of nodes of a tree whose lists have their lengths."""
    told = tree["tree_param"]
    nodes = len(tree["left_children"])
    if any(len(tree[name]) != nodes for name in _NODES) or int(told["num_nodes"]) != nodes:
        raise ValueError(f"tree {number} has lists of other lengths than its {nodes} nodes")
    if any(len(tree.get(name, ())) for name in _EMPTY):
        raise ValueError(f"tree {number} has categories")
    sound = int(told["num_feature"]) == columns and told["size_leaf_vector"] in {"0", "1"}
    if not sound or int(tree["id"]) != number:
        raise ValueError(f"tree {number} has other columns, outputs or another number")
    return nodes


def check_lightgbm(text: str, columns: int, where: object) -> str:
    """Returns the part of a model's text that the library needs, which ends with the trees.

    Raises:
        CorruptDataError: no model of regression trees, or an index that leads nowhere.
    """
    try:
        head, trees, whole = _parts(text)
        _check_head(head, columns)
        forest = _lightgbm_forest(trees)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CorruptDataError(
            f"{where}: no booster of LightGBM for {columns} columns, or damaged; "
            f"{type(error).__name__}: {error}"
        ) from error
    check_forest(forest, columns, where)
    return whole


def _parts(text: str) -> tuple[dict[str, str], list[dict[str, str]], str]:
    """Returns the fields of the head, those of each tree, and the text of both."""
    if not text.isascii() or not text.startswith("tree\n") or "\r" in text or "\0" in text:
        raise ValueError("it does not begin with 'tree'")
    start, stop = text.find("\nTree=") + 1, text.find(f"\n{_END}\n")
    if not 0 < start < stop:
        raise ValueError("it has no trees, or their end is missing")
    head = _fields(text[:start].split("\n")[1:])
    sizes = [_whole(size) for size in head["tree_sizes"].split()]
    found, at = [], start
    for number, size in enumerate(sizes):
        block = text[at : at + size]
        if size < 1 or len(block) != size or not block.startswith(f"Tree={number}\n"):
            raise ValueError(f"tree_sizes does not lead to tree {number}")
        found.append(_fields(block.split("\n")))
        at += size
    if text[at:].lstrip("\n").startswith(_END) is False or at > stop + 1:
        raise ValueError("tree_sizes does not lead to the end of the trees")
    return head, found, text[:stop] + f"\n{_END}\n"


def _fields(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(None, lines):
        key, equals, value = line.partition("=")
        if not equals or key in found:
            raise ValueError(f"the line {line[:40]!r} has no value, or is there twice")
        found[key] = value
    return found


def _check_head(head: Mapping[str, str], columns: int) -> None:
    single = ("num_class", "num_tree_per_iteration")
    if any(_whole(head[name]) != 1 for name in single) or "average_output" in head:
        raise ValueError("it has more than one output")
    if _whole(head["max_feature_idx"]) != columns - 1 or _whole(head["label_index"]) != 0:
        raise ValueError(f"it takes {head['max_feature_idx']} and one columns")
    if head["objective"] != "regression":
        raise ValueError(f"it is for {head['objective']!r}")
    for name in ("feature_names", "feature_infos"):
        if len(head[name].split()) != columns:
            raise ValueError(f"{name} are not those of {columns} columns")
    if head.get("monotone_constraints", "").strip():
        raise ValueError("monotone constraints")


def _lightgbm_forest(trees: list[dict[str, str]]) -> Forest:
    """Returns the trees with the leaves of each behind its inner nodes."""
    parts = [_lightgbm_tree(tree, number) for number, tree in enumerate(trees)]
    if not parts:
        raise ValueError("it has no trees")
    sizes = np.asarray([len(part[0]) for part in parts])
    left, right, split, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Forest(sizes, left, right, split, value)


def _lightgbm_tree(tree: Mapping[str, str], number: int) -> tuple[npt.NDArray[Any], ...]:
    """Returns left, right, column and value of each node."""
    strange = tree.keys() - {*_PER_SPLIT, *_PER_LEAF, *_SINGLE}
    if strange or not tree.keys() >= _NEEDED:
        raise ValueError(f"tree {number} has {sorted(strange)}, or lacks a list")
    leaves = _whole(tree["num_leaves"])
    if leaves < 1 or _whole(tree["num_cat"]) or _whole(tree.get("is_linear", "0")):
        raise ValueError(f"tree {number} has no leaves, categories, or lines for leaves")
    if not math.isfinite(float(tree.get("shrinkage", "1"))):
        raise ValueError(f"tree {number} has no shrinkage that is a number")
    lists = {name: tree[name].split() for name in (*_PER_SPLIT, *_PER_LEAF) if name in tree}
    for name, items in lists.items():
        # the rest of what a tree of one leaf has is empty, or not there
        wanted = leaves if name in _PER_LEAF else leaves - 1
        if len(items) != wanted and (leaves > 1 or name == "leaf_value" or items):
            raise ValueError(f"tree {number} has {len(items)} items of {name}, not {wanted}")
    numbers = {name: np.asarray(items, dtype=np.float64) for name, items in lists.items()}
    if not all(np.isfinite(values).all() for values in numbers.values()):
        raise ValueError(f"tree {number} has a number that is not finite")
    inner = leaves - 1
    if any(_whole(item) not in _DECISIONS for item in lists["decision_type"]):
        raise ValueError(f"tree {number} has a decision that is not by numbers")
    left, right, split = (
        np.asarray([_whole(item) for item in lists[name]], dtype=np.int64)
        for name in ("left_child", "right_child", "split_feature")
    )
    if any(
        (~child[child < 0] >= leaves).any() or (child >= inner).any() for child in (left, right)
    ):
        raise ValueError(f"tree {number} has a child out of range")
    nothing = np.full(leaves, LEAF)
    value = np.concatenate([numbers["threshold"], numbers["leaf_value"]])
    left, right = (np.where(child < 0, inner + ~child, child) for child in (left, right))
    return (
        np.concatenate([left, nothing]),
        np.concatenate([right, nothing]),
        np.concatenate([split, np.zeros(leaves, dtype=np.int64)]),
        value,
    )


def _whole(text: str) -> int:
    """Returns a whole number of 32 bits."""
    if not re.fullmatch(r"-?[0-9]{1,10}", text) or not -(2**31) <= int(text) < 2**31:
        raise ValueError(f"{text[:20]!r} is no whole number of 32 bits")
    return int(text)
