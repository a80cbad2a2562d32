"""Boosters in the binary format of XGBoost 1.x as JSON, which every later version reads.

XGBoost dropped its first format in version 3.1. It is a header, the two names, and the trees as
arrays of nodes; the layout is that of ``LearnerModelParamLegacy``, ``GBTreeModelParam`` and
``RegTree`` in release 1.2 (https://github.com/dmlc/xgboost). Read are regression trees.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, UnsupportedError

__all__ = ["is_binary", "to_json"]

_CONFIG = b"CONFIG-offset:"  # a serialised booster: this, the length of the model, model, settings
_MAGIC = b"binf"
_LEARNER = np.dtype(
    [("base_score", "<f4"), ("num_feature", "<u4"), ("num_class", "<i4"), ("rest", "<i4", 31)]
)
_FOREST = np.dtype(
    [("num_trees", "<i4"), ("old", "<i4", 6), ("size_leaf_vector", "<i4"), ("rest", "<i4", 32)]
)
_TREE = np.dtype(
    [("roots", "<i4"), ("num_nodes", "<i4"), ("num_deleted", "<i4"), ("rest", "<i4", 34)]
)
_NODE = np.dtype(
    [("parent", "<i4"), ("left", "<i4"), ("right", "<i4"), ("split", "<u4"), ("value", "<f4")]
)
_STATISTIC = np.dtype(
    [("loss_change", "<f4"), ("hessian", "<f4"), ("weight", "<f4"), ("leaves", "<i4")]
)
_DEFAULT_LEFT = np.uint32(1 << 31)  # the upper bit of a node's split index


def is_binary(content: bytes) -> bool:
    """Returns whether the content is a booster, or a serialised one, in the binary format."""
    return content.startswith((_CONFIG, _MAGIC))


class _Reader:
    """A reader of one record after the other, never past the end."""

    def __init__(self, content: bytes, where: str) -> None:
        self._content, self._where, self._place = content, where, 0

    def array(self, kind: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        size = np.dtype(kind).itemsize * count
        if count < 0 or size > len(self._content) - self._place:
            raise CorruptDataError(f"{self._where}: a booster that is cut off or damaged")
        found = np.frombuffer(self._content, kind, count, self._place)
        self._place += size
        return found

    def record(self, kind: np.dtype[Any]) -> Any:
        return self.array(kind, 1)[0]

    def text(self) -> str:
        (size,) = self.array("<u8", 1)
        return self.array("u1", int(size)).tobytes().decode("latin-1")


def to_json(content: bytes, where: str) -> bytes:
    """Returns the booster as XGBoost's JSON model.

    Args:
        content: content of a file for which `is_binary` holds.
        where: name of the file for messages.

    Raises:
        CorruptDataError: it is cut off or damaged.
        UnsupportedError: it is not a plain ensemble of regression trees.
    """
    if content.startswith(_CONFIG):
        start = len(_CONFIG) + 8
        size = int.from_bytes(content[len(_CONFIG) : start], "little")
        content = content[start : start + size]
    reader = _Reader(content.removeprefix(_MAGIC), where)
    learner = reader.record(_LEARNER)
    objective, booster = reader.text(), reader.text()
    if (objective, booster) not in {("reg:squarederror", "gbtree"), ("reg:linear", "gbtree")}:
        raise UnsupportedError(
            f"{where}: expected a booster gbtree for reg:squarederror; got {booster!r} for "
            f"{objective!r}"
        )
    forest = reader.record(_FOREST)
    if forest["size_leaf_vector"] or learner["num_class"]:
        raise UnsupportedError(f"{where}: a booster with more than one output")
    features = int(learner["num_feature"])
    trees = [_tree(reader, i, features, where) for i in range(int(forest["num_trees"]))]
    return _model(trees, features, float(learner["base_score"]))


def _model(trees: list[dict[str, Any]], features: int, base_score: float) -> bytes:
    """Returns the JSON of a model of trees."""
    model = {
        "gbtree_model_param": {"num_trees": str(len(trees)), "size_leaf_vector": "0"},
        "tree_info": [0] * len(trees),
        "trees": trees,
    }
    return json.dumps(
        {
            "version": [1, 7, 0],
            "learner": {
                "attributes": {},
                "gradient_booster": {"model": model, "name": "gbtree"},
                "learner_model_param": {
                    "base_score": repr(base_score),
                    "num_class": "0",
                    "num_feature": str(features),
                },
                "objective": {
                    "name": "reg:squarederror",
                    "reg_loss_param": {"scale_pos_weight": "1"},
                },
            },
        }
    ).encode()


def _tree(reader: _Reader, number: int, features: int, where: str) -> dict[str, Any]:
    head = reader.record(_TREE)
    nodes = reader.array(_NODE, int(head["num_nodes"]))
    statistics = reader.array(_STATISTIC, len(nodes))
    split = nodes["split"] & ~_DEFAULT_LEFT
    inner = nodes["left"] != -1
    children = np.concatenate([nodes["left"][inner], nodes["right"][inner]])
    outside = (children <= 0) | (children >= len(nodes))
    if not len(nodes) or outside.any() or (split[inner] >= features).any():
        raise CorruptDataError(f"{where}: tree {number} of a booster is damaged")
    return {
        "id": number,
        "tree_param": {
            "num_deleted": str(int(head["num_deleted"])),
            "num_feature": str(features),
            "num_nodes": str(len(nodes)),
            "size_leaf_vector": "0",
        },
        "left_children": nodes["left"].tolist(),
        "right_children": nodes["right"].tolist(),
        "parents": (nodes["parent"] & 0x7FFFFFFF).tolist(),
        "split_indices": split.tolist(),
        "split_conditions": nodes["value"].tolist(),
        "default_left": (nodes["split"] >> np.uint32(31)).tolist(),
        "split_type": [0] * len(nodes),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "base_weights": statistics["weight"].tolist(),
        "loss_changes": statistics["loss_change"].tolist(),
        "sum_hessian": statistics["hessian"].tolist(),
    }
