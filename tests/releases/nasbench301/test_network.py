"""Converting YAHPO Gym's surrogate: what is lifted, checked and refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks.nasbench301.choices import CHOICES, INACTIVE, choices
from nascast.benchmarks.nasbench301.onnx_rows import OnnxRows
from nascast.core.errors import CorruptDataError
from nascast.releases.nasbench301.network import check_encoding, lift
from nascast.spaces.darts import Darts

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

SPACE = Darts()


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    found = shared_data / "nb301_yahpo"
    if not found.is_dir():
        pytest.skip(f"no {found}")
    return found


@pytest.fixture(scope="module")
def file(folder: Path) -> Path:
    return next(folder.glob("*.onnx"))


@pytest.fixture(scope="module")
def lifted(file: Path) -> OnnxRows:
    return OnnxRows(lift(file.read_bytes(), file), file)


def test_the_batch_dimension_is_lifted(lifted: OnnxRows) -> None:
    assert lifted.batched


def test_a_graph_that_is_lifted_stays_as_it_is(file: Path) -> None:
    model = lift(file.read_bytes(), file)
    assert lift(model, file) == model


def test_the_published_encoding_is_ours(folder: Path) -> None:
    file = folder / "encoding_v2.json"
    encoding = json.loads(file.read_text())
    check_encoding(encoding, file)
    name = "NetworkSelectorDatasetInfo_COLON_darts_COLON_edge_normal_3"
    with pytest.raises(CorruptDataError, match="edge_normal_3"):
        check_encoding({**encoding, name: {"#na#": 0, "max_pool_3x3": 1}}, file)
    del encoding[name]
    with pytest.raises(CorruptDataError, match="edge_normal_3 has None"):
        check_encoding(encoding, file)


def graph(width: int = 34, outputs: int = 2, noisy: bool = False, scale: float = 0.0) -> bytes:
    """A small model of the same inputs: a constant for every row, or noise."""
    h, tensor = onnx.helper, onnx.TensorProto
    nodes = [
        h.make_node("Cast", ["x_cat"], ["floats"], to=tensor.FLOAT),
        h.make_node("ReduceSum", ["floats", "axis"], ["sum"], keepdims=1),
        h.make_node("Mul", ["sum", "zero"], ["nothing"]),
        h.make_node("Add", ["nothing", "constant"], ["plain"]),
        h.make_node("RandomUniformLike" if noisy else "Identity", ["plain"], ["out"]),
    ]
    weights = [
        h.make_tensor("axis", tensor.INT64, [1], [1]),
        h.make_tensor("zero", tensor.FLOAT, [], [scale]),
        h.make_tensor("constant", tensor.FLOAT, [outputs], [50.0] * outputs),
    ]
    model = h.make_model(
        h.make_graph(
            nodes,
            "small",
            [
                h.make_tensor_value_info("x_cat", tensor.INT64, ["n", width]),
                h.make_tensor_value_info("x_cont", tensor.FLOAT, ["n", 1]),
            ],
            [h.make_tensor_value_info("out", tensor.FLOAT, ["n", outputs])],
            weights,
        ),
        opset_imports=[h.make_opsetid("", 17)],
        ir_version=8,
    )
    return bytes(model.SerializeToString())


def test_a_small_model_is_read(tmp_path: Path) -> None:
    rows = OnnxRows(graph(scale=1.0), tmp_path)
    genes = SPACE.sample(300, np.random.default_rng(0))
    found = rows.predict(genes, (1, 2))
    assert found.shape == (300, 2, 2)
    (first,) = choices(genes[:1])
    codes = [
        0 if index == INACTIVE else sorted(values).index(values[index]) + 1
        for values, index in zip(CHOICES.values(), first, strict=True)
    ]
    assert found[0, 0, 0] == 50 + sum(codes)
    assert rows.predict(genes[:0], (1,)).shape == (0, 1, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an ONNX model"),
        (b"text" * 100, "not an ONNX model"),
        (graph(width=33), r"x_cat of 34 .*33"),
        (graph(outputs=4), r"one output of 2 .*4"),
        (graph(noisy=True), "change from call to call"),
        (graph(scale=1e6), "no accuracies in percent"),
    ],
)
def test_other_models_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(CorruptDataError, match=message):
        lift(content, tmp_path)
