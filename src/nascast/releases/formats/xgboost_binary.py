"""Boosters in the binary format of XGBoost 1.x as JSON, which every later version reads.

XGBoost dropped its first format in version 3.1. It is a header, the two names, and the trees as
arrays of nodes; the layout is that of ``LearnerModelParamLegacy``, ``GBTreeModelParam`` and
``RegTree`` in release 1.2 (https://github.com/dmlc/xgboost). Read are regression trees.
"""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.nasbench301.forest import LEAF
from nascast.benchmarks.nasbench301.members import DELETED, check_xgboost_model
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


def to_json(content: bytes, columns: int, where: str) -> bytes:
    """Returns the booster as XGBoost's JSON model, in which every index leads somewhere.

    Args:
        content: content of a file for which `is_binary` holds.
        columns: columns of the input that it should take.
        where: name of the file for messages.

    Raises:
        CorruptDataError: it is cut off or damaged.
        UnsupportedError: it is not a plain ensemble of regression trees.
    """
    settings = None
    if content.startswith(_CONFIG):
        start = len(_CONFIG) + 8
        stop = start + int.from_bytes(content[len(_CONFIG) : start], "little")
        content, settings = content[start:stop], content[stop:]
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
    trees = [_tree(reader, i, features) for i in range(int(forest["num_trees"]))]
    model = _model(trees, features, float(learner["base_score"]))
    check_xgboost_model(model, columns, where)
    if settings is not None:
        _check_settings(settings, model, where)
    return json.dumps(model, allow_nan=False).encode()


def _check_settings(settings: bytes, model: Any, where: str) -> None:
    """Raises unless a model and the settings it was trained by agree, where both tell one thing.

    An answer is the weight of its leaf times the learning rate, where the leaf has not that already
    (``updater_colmaker.cc`` and ``updater_quantile_hist.cc``). Columns and thresholds are nowhere
    told twice, so that damage of them is noticed only where they lead out of range.
    """
    learner = model["learner"]
    try:
        told = json.loads(settings)["learner"]
        base_score = float(told["learner_model_param"]["base_score"])
        updaters = told["gradient_booster"]["updater"].values()
        rates = {float(updater["train_param"]["eta"]) for updater in updaters}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptDataError(
            f"{where}: the settings of a booster are damaged: {error}"
        ) from error
    if not np.isclose(base_score, float(learner["learner_model_param"]["base_score"])):
        raise CorruptDataError(f"{where}: the base score of a booster is not that of its settings")
    for tree in learner["gradient_booster"]["model"]["trees"]:
        leaf = (np.asarray(tree["left_children"]) == LEAF) & (
            np.asarray(tree["split_indices"]) != DELETED
        )
        answers, weights = (
            np.asarray(tree[name])[leaf] for name in ("split_conditions", "base_weights")
        )
        if not np.any(
            [np.isclose(answers, rate * weights, 1e-6, 0) for rate in (*rates, 1)], axis=0
        ).all():
            raise CorruptDataError(
                f"{where}: tree {tree['id']} of a booster is damaged: the answer of a leaf is not "
                "its weight times the learning rate"
            )


def _model(trees: list[dict[str, Any]], features: int, base_score: float) -> dict[str, Any]:
    """Returns the JSON of a model of trees."""
    model = {
        "gbtree_model_param": {"num_trees": str(len(trees)), "size_leaf_vector": "0"},
        "tree_info": [0] * len(trees),
        "trees": trees,
    }
    return {
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


def _tree(reader: _Reader, number: int, features: int) -> dict[str, Any]:
    head = reader.record(_TREE)
    nodes = reader.array(_NODE, int(head["num_nodes"]))
    statistics = reader.array(_STATISTIC, len(nodes)).copy()
    split = nodes["split"] & ~_DEFAULT_LEFT
    for name in ("loss_change", "hessian", "weight"):  # nothing is predicted with them
        statistics[name] = np.nan_to_num(statistics[name])
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
