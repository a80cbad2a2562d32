"""YAHPO Gym's surrogate against direct calls of onnxruntime, one row at a time."""

import json
from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks._darts_choices import CHOICES, INACTIVE, choices
from nascast.benchmarks._onnx_rows import OnnxRows, check_encoding, lift
from nascast.core.errors import CorruptDataError
from nascast.core.types import Floats, Genes
from nascast.spaces.darts import Darts
from nascast.studies.metrics import kendall

runtime = pytest.importorskip("onnxruntime")
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


def one_by_one(file: Path, genes: Genes, epochs: tuple[int, ...]) -> Floats:
    """The published graph and the published encoding, with nothing of ours but the choices."""
    encoding = json.loads((file.parent / "encoding_v2.json").read_text().replace("_COLON_", ":"))
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(file.read_bytes(), options)
    out = []
    for row in choices(genes):
        texts = [
            "#na#" if index == INACTIVE else values[index]
            for values, index in zip(CHOICES.values(), row, strict=True)
        ]
        codes = [encoding[name][text] for name, text in zip(CHOICES, texts, strict=True)]
        for epoch in epochs:
            feed = {
                "x_cat": np.asarray([codes], np.int32),
                "x_cont": np.asarray([[epoch]], np.float32),
            }
            out.append(session.run(None, feed)[0][0])
    return np.asarray(out, dtype=np.float64).reshape(len(genes), len(epochs), 2)


def test_lifted_to_batches_it_says_the_same_to_the_bit(file: Path, lifted: OnnxRows) -> None:
    genes = SPACE.sample(100, np.random.default_rng(0))
    epochs = (1, 7, 98)
    expected = one_by_one(file, genes, epochs)
    assert np.array_equal(OnnxRows(file.read_bytes(), file).predict(genes, epochs), expected)
    assert np.array_equal(lifted.predict(genes, epochs), expected)


def test_the_batch_dimension_is_lifted(lifted: OnnxRows) -> None:
    assert lifted.batched


def test_a_graph_that_is_lifted_stays_as_it_is(file: Path) -> None:
    model = lift(file.read_bytes(), file)
    assert lift(model, file) == model


def test_the_order_of_the_columns_makes_equal_networks_nearly_equal(lifted: OnnxRows) -> None:
    """With the columns in another order, relabelled cells agree by τ 0.68 at most.

    So it was for 12 random orders within the edges of each cell, and for the names sorted as texts.
    """
    genes = SPACE.sample(1000, np.random.default_rng(0))
    as_they_are = lifted.accuracy(genes, (98,))[:, 0]
    canonical = lifted.accuracy(SPACE.canonical(genes), (98,))[:, 0]
    assert kendall(as_they_are, canonical) > 0.78


def test_predictions_are_those_of_networks(lifted: OnnxRows) -> None:
    genes = SPACE.sample(200, np.random.default_rng(0))
    curve = lifted.accuracy(genes, tuple(range(1, 99)))
    assert curve.min() > 20
    assert curve.max() < 97
    assert (curve[:, -1] > curve[:, 9]).all()
    convolutions = (genes.reshape(200, 2, 4, 3)[..., 1:] >= 3).sum((1, 2, 3))
    assert kendall(lifted.seconds(genes), convolutions.astype(float)) > 0.5


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
