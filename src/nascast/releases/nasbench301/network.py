"""YAHPO Gym's network in ONNX as an archive.

The published graph takes one row. None of its operators mixes rows, so that its batch dimension can
be lifted; `lift` does so where onnxruntime then gives the same bits as row by row on this machine.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nascast.benchmarks.nasbench301.archive import FEATURE, write_archive
from nascast.benchmarks.nasbench301.choices import CHOICES
from nascast.benchmarks.nasbench301.onnx_rows import CODES, EPOCHS, MODEL, OnnxRows
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.extras import extra
from nascast.releases.catalogue import Progress
from nascast.spaces.darts import Darts

__all__ = ["check_encoding", "convert_network", "lift"]

_PROBES = 64  # architectures on which a graph is tried; chosen


def convert_network(source: Path, target: Path, progress: Progress) -> Path:
    """Writes YAHPO's model as an archive, and returns the path of that.

    Args:
        source: path of the .onnx file; an encoding beside it is checked.
        target: path of the archive.
        progress: function called with the bytes read.

    Raises:
        MissingDataError: there is no such file.
        MissingExtraError: onnx or onnxruntime is not installed.
        CorruptDataError: it is another model, or has another encoding.
    """
    if not source.is_file():
        raise MissingDataError(f"no file {source}")
    content = source.read_bytes()
    progress(0, len(content))
    for encoding in sorted(source.parent.glob("encoding*.json")):
        try:
            check_encoding(json.loads(encoding.read_text()), encoding)
        except (ValueError, AttributeError) as error:
            if isinstance(error, CorruptDataError):
                raise
            raise CorruptDataError(f"{encoding}: not an encoding of YAHPO Gym; {error}") from error
    model = lift(content, source)
    head = {
        "source": f"{source.name}, YAHPO Gym, scenario nb301, https://github.com/slds-lmu/yahpo_data",
        "licence": "Apache-2.0",
        "predicts": "validation accuracy after 1 to 98 epochs, seconds of the whole training",
        "batched": OnnxRows(model, source).batched,
    }
    write_archive(target, head, {MODEL: model})
    progress(len(content), len(content))
    return target


def lift(model: bytes, where: Path) -> bytes:
    """Returns the model with an open batch dimension, or as it is where that changes predictions.

    Raises:
        MissingExtraError: onnx is not installed.
        CorruptDataError: it is not the surrogate, or its predictions cannot be right.
    """
    one = OnnxRows(model, where)
    genes = Darts().sample(_PROBES, np.random.default_rng(0))
    marks = (1, EPOCHS // 2, EPOCHS)
    expected = one.predict(genes, marks)
    accuracy, seconds = expected[..., 0], expected[..., 1]
    sound = np.isfinite(expected).all() and accuracy.min() >= 0 and accuracy.max() <= 100
    if not (sound and seconds.min() > 0 and np.array_equal(one.predict(genes, marks), expected)):
        raise CorruptDataError(
            f"{where}: its predictions are no accuracies in percent and seconds, or change from "
            "call to call; expected the surrogate without noise"
        )
    if one.batched:
        return model
    onnx = extra("onnx", "onnx", FEATURE)
    graph = onnx.load_model_from_string(model)
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    lifted: bytes = graph.SerializeToString()
    same = np.array_equal(OnnxRows(lifted, where).predict(genes, marks), expected)
    return lifted if same else model


def check_encoding(encoding: Mapping[str, Mapping[str, int]], where: Path) -> None:
    """Raises unless a published encoding has the codes that `OnnxRows` writes.

    Raises:
        CorruptDataError: a code differs; the message names the first such choice.
    """
    plain = {name.replace("_COLON_", ":"): codes for name, codes in encoding.items()}
    for column, (name, values) in enumerate(CHOICES.items()):
        ours = {"#na#": 0} | {v: int(CODES[column, i]) for i, v in enumerate(values)}
        if plain.get(name) != ours:
            raise CorruptDataError(f"{where}: {name} has {plain.get(name)}; expected {ours}")
