"""The surrogate of NAS-Bench-301 in YAHPO Gym: a network in ONNX that predicts a learning curve.

Pfisterer et al., AutoML-Conf 2022 (https://arxiv.org/abs/2109.03670). Its columns stand in the
order of ``cat_names`` in https://github.com/slds-lmu/yahpo_gym, edges by number. The published
encoding gives the codes, but lists the names sorted as texts; that is not the columns' order.

The published graph takes one row. None of its operators mixes rows, so that its batch dimension can
be lifted; `lift` does so where onnxruntime then gives the same bits as row by row on this machine.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nascast.benchmarks._archive import write_archive
from nascast.benchmarks._darts_choices import CHOICES, INACTIVE, choices
from nascast.benchmarks._official import Progress
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.extras import extra
from nascast.core.types import Floats, Genes
from nascast.spaces.darts import Darts

__all__ = ["EPOCHS", "MODEL", "OnnxRows", "check_encoding", "convert_network", "lift"]

_FEATURE = "this surrogate of nasbench301"

EPOCHS = 98  # of every training
MODEL = "model.onnx"  # in the archive
_BLOCK = 256  # rows in one call; chosen, larger blocks leave the cache and are slower
_PROBES = 64  # architectures on which a graph is tried; chosen


class OnnxRows:
    """Predicts accuracies and seconds, row by row or in blocks as the graph allows.

    Attributes:
        batched: whether the graph takes more than one row.
    """

    def __init__(self, model: bytes, where: Path) -> None:
        """Opens a model.

        Args:
            model: an ONNX file.
            where: what to name in messages.

        Raises:
            MissingExtraError: onnxruntime is not installed.
            CorruptDataError: no ONNX model, or one with other inputs and outputs.
        """
        runtime = extra("onnxruntime", "onnx", _FEATURE)
        state = runtime.capi.onnxruntime_pybind11_state
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1  # graphs this small are slower with more
        options.log_severity_level = 4
        try:
            self._session = runtime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except (
            *(state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf),
            *(state.NotImplemented, state.RuntimeException),
        ) as error:
            raise CorruptDataError(f"{where}: not an ONNX model; {error}") from error
        inputs = {item.name: item for item in self._session.get_inputs()}
        widths = {name: item.shape[1:] for name, item in inputs.items()}
        outputs = [item.shape[1:] for item in self._session.get_outputs()]
        if widths != {"x_cat": [len(CHOICES)], "x_cont": [1]} or outputs != [[2]]:
            raise CorruptDataError(
                f"{where}: expected the inputs x_cat of {len(CHOICES)} and x_cont of 1 columns and "
                f"one output of 2 (YAHPO Gym, nb301); got {widths} and {outputs}"
            )
        self.batched = inputs["x_cat"].shape[0] != 1
        self._integer = np.int64 if inputs["x_cat"].type == "tensor(int64)" else np.int32

    def accuracy(self, genes: Genes, epochs: tuple[int, ...]) -> Floats:
        """Returns ``(n, k)``: percent after each of k epochs."""
        return self.predict(genes, epochs)[:, :, 0]

    def seconds(self, genes: Genes) -> Floats:
        """Returns ``(n,)``: of the whole training."""
        return self.predict(genes, (EPOCHS,))[:, 0, 1]

    def predict(self, genes: Genes, epochs: tuple[int, ...]) -> Floats:
        """Returns ``(n, k, 2)``: what the model says of each row after each of k epochs.

        Args:
            genes: ``(n, 24)`` rows of the space darts, taken as they stand.
            epochs: of 1 to 98.
        """
        categories = np.repeat(_CODES[np.arange(len(CHOICES)), choices(genes)], len(epochs), axis=0)
        numbers = np.tile(np.asarray(epochs, dtype=np.float32), len(genes))[:, None]
        out = np.empty((len(numbers), 2))
        step = _BLOCK if self.batched else 1
        for start in range(0, len(out), step):
            part = slice(start, start + step)
            feed = {"x_cat": categories[part].astype(self._integer), "x_cont": numbers[part]}
            (out[part],) = self._session.run(None, feed)
        return out.reshape(len(genes), len(epochs), 2)


def convert_network(source: Path, target: Path, progress: Progress) -> Path:
    """Writes YAHPO's model as an archive and returns its path.

    Args:
        source: the .onnx file; an encoding beside it is checked.
        target: the archive.
        progress: told of the bytes read.

    Raises:
        MissingDataError: no such file.
        MissingExtraError: onnx or onnxruntime is not installed.
        CorruptDataError: another model, or another encoding.
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
        CorruptDataError: not the surrogate, or one whose predictions cannot be right.
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
    onnx = extra("onnx", "onnx", _FEATURE)
    graph = onnx.load_model_from_string(model)
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    lifted: bytes = graph.SerializeToString()
    same = np.array_equal(OnnxRows(lifted, where).predict(genes, marks), expected)
    return lifted if same else model


def check_encoding(encoding: Mapping[str, Mapping[str, int]], where: Path) -> None:
    """Raises unless a published encoding has the codes that `OnnxRows` writes.

    Raises:
        CorruptDataError: naming the first choice that differs.
    """
    plain = {name.replace("_COLON_", ":"): codes for name, codes in encoding.items()}
    for column, (name, values) in enumerate(CHOICES.items()):
        ours = {"#na#": 0} | {v: int(_CODES[column, i]) for i, v in enumerate(values)}
        if plain.get(name) != ours:
            raise CorruptDataError(f"{where}: {name} has {plain.get(name)}; expected {ours}")


def _codes() -> npt.NDArray[np.int64]:
    """Returns ``(34, 11)``: the code of each value, 1 … in the order of their texts.

    The last column, which is also column −1, is that of `INACTIVE`.
    """
    widest = max(map(len, CHOICES.values()))
    out = np.zeros((len(CHOICES), widest + 1), dtype=np.int64)
    for row, values in zip(out, CHOICES.values(), strict=True):
        for code, value in enumerate(sorted(values), 1):
            row[values.index(value)] = code
    return out


assert INACTIVE == -1
_CODES = _codes()
