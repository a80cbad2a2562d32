"""The surrogate of NAS-Bench-301 in YAHPO Gym: a network in ONNX that predicts a learning curve.

Pfisterer et al., AutoML-Conf 2022 (https://arxiv.org/abs/2109.03670). Its columns stand in the
order of ``cat_names`` in https://github.com/slds-lmu/yahpo_gym, edges by number. The published
encoding gives the codes, but lists the names sorted as texts; that is not the columns' order.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.nasbench301.archive import FEATURE
from nascast.benchmarks.nasbench301.choices import CHOICES, INACTIVE, choices
from nascast.core.errors import CorruptDataError
from nascast.core.extras import extra
from nascast.core.types import Floats, Genes

__all__ = ["CODES", "EPOCHS", "MODEL", "OnnxRows"]

EPOCHS = 98  # epochs of every training
MODEL = "model.onnx"  # in the archive
_BLOCK = 256  # rows in one call; chosen, larger blocks leave the cache and are slower


class OnnxRows:
    """Predicts accuracies and seconds, row by row or in blocks as the graph allows.

    Attributes:
        batched: whether the graph takes more than one row.
    """

    def __init__(self, model: bytes, where: Path) -> None:
        """Opens a model.

        Args:
            model: content of an ONNX file.
            where: path to name in messages.

        Raises:
            MissingExtraError: onnxruntime is not installed.
            CorruptDataError: it is no ONNX model, or has other inputs and outputs.
        """
        runtime = extra("onnxruntime", "onnx", FEATURE)
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
        """Returns ``(n, k)`` accuracies in percent after each of k epochs."""
        return self.predict(genes, epochs)[:, :, 0]

    def seconds(self, genes: Genes) -> Floats:
        """Returns ``(n,)`` seconds of the whole training."""
        return self.predict(genes, (EPOCHS,))[:, 0, 1]

    def predict(self, genes: Genes, epochs: tuple[int, ...]) -> Floats:
        """Returns ``(n, k, 2)``: the outputs of the model for each row after each of k epochs.

        Args:
            genes: ``(n, 24)`` rows of the space darts, taken as they stand.
            epochs: epochs from 1 to 98.
        """
        categories = np.repeat(CODES[np.arange(len(CHOICES)), choices(genes)], len(epochs), axis=0)
        numbers = np.tile(np.asarray(epochs, dtype=np.float32), len(genes))[:, None]
        out = np.empty((len(numbers), 2))
        step = _BLOCK if self.batched else 1
        for start in range(0, len(out), step):
            part = slice(start, start + step)
            feed = {"x_cat": categories[part].astype(self._integer), "x_cont": numbers[part]}
            (out[part],) = self._session.run(None, feed)
        return out.reshape(len(genes), len(epochs), 2)


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
CODES = _codes()
