"""Every notation in which the field writes an architecture is read as that architecture."""

import csv
import gzip
import json
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidArchitectureError, InvalidSettingError, UnsupportedError
from nascast.spaces.nasbench101 import NasBench101

GENOTYPE = (
    "Genotype(normal=[('sep_conv_5x5', 0), ('skip_connect', 1), ('dil_conv_3x3', 1), "
    "('sep_conv_3x3', 2), ('avg_pool_3x3', 0), ('dil_conv_5x5', 3), ('sep_conv_3x3', 0), "
    "('max_pool_3x3', 4)], normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0), "
    "('avg_pool_3x3', 1), ('skip_connect', 2), ('sep_conv_5x5', 0), ('dil_conv_3x3', 1), "
    "('skip_connect', 3), ('max_pool_3x3', 1), ('sep_conv_3x3', 2)], reduce_concat=range(2, 6))"
)
_NESTED = re.sub(r"(\('\w+', \d\)), (\('\w+', \d\))", r"[\1, \2]", GENOTYPE)
_CONFIGURATION = {
    **{"edge_normal_0": "sep_conv_5x5", "edge_normal_1": "skip_connect"},
    **{"inputs_node_normal_3": "1_2", "edge_normal_3": "dil_conv_3x3"},
    **{"edge_normal_4": "sep_conv_3x3", "inputs_node_normal_4": "0_3"},
    **{"edge_normal_5": "avg_pool_3x3", "edge_normal_8": "dil_conv_5x5"},
    **{"inputs_node_normal_5": "0_4", "edge_normal_9": "sep_conv_3x3"},
    **{"edge_normal_13": "max_pool_3x3", "edge_reduce_0": "max_pool_3x3"},
    **{"edge_reduce_1": "avg_pool_3x3", "inputs_node_reduce_3": "0_2"},
    **{"edge_reduce_2": "sep_conv_5x5", "edge_reduce_4": "skip_connect"},
    **{"inputs_node_reduce_4": "1_3", "edge_reduce_6": "dil_conv_3x3"},
    **{"edge_reduce_8": "skip_connect", "inputs_node_reduce_5": "1_2"},
    **{"edge_reduce_10": "max_pool_3x3", "edge_reduce_11": "sep_conv_3x3"},
}
_PAIRS = re.findall(r"\('(\w+)', (\d)\)", GENOTYPE)
_NNI_DARTS = {
    f"{cell}/{key}_{2 + i // 2}_{i % 2}": value
    for cell, pairs in (("normal", _PAIRS[:8]), ("reduce", _PAIRS[8:]))
    for i, (operation, state) in enumerate(pairs)
    for key, value in (("op", operation), ("input", [int(state)]))
}

CELL = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
_EDGES = {"2_3": "conv_3x3", "0_3": "skip_connect", "0_2": "none", "1_3": "none"}
_EDGES |= {"1_2": "avg_pool_3x3", "0_1": "conv_1x1"}
_OFFICIAL = [re.sub(r"~\d", "", part) for part in re.findall(r"\w+~\d", CELL)]
_ENDS = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]

MODULE = "0101000001000100000100000:input,conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu,output"
_MATRIX = [[0, 1, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
_FLAT = [bit for line in _MATRIX for bit in line]
_FLOATS = [[float(bit) for bit in line] for line in _MATRIX]
_LABELS = ["input", "conv3x3-bn-relu", "maxpool3x3", "conv1x1-bn-relu", "output"]
_PRINTED = "[[0 1 0 1 0]\n [0 0 0 0 1]\n [0 0 0 1 0]\n [0 0 0 0 1]\n [0 0 0 0 0]]"

RECIPE = {
    "node_0": {"op": "linear", "input": ["x", "h_prev_0"]},
    "h_new_0": {"op": "activation_tanh", "input": ["node_0"]},
}

# Space, the architecture in the space's own notation, another text of it, and its notation.
SAME: list[tuple[str, str, str, str]] = [
    # cases 01 and 02, and more of their kind
    ("darts", GENOTYPE, _NESTED, "genotype"),
    ("darts", GENOTYPE, _NESTED.replace("[(", "((").replace(")]", "))"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "list(range(2, 6))"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "(2, 3, 4, 5)"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "[2, 3, 4, 5,]"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "range(2, 6, 1)"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "[5, 4, 3, 2]"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "range(5, 1, -1)"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "array([2, 3, 4, 5])"), "genotype"),
    ("darts", GENOTYPE, re.sub(r"\w+_concat=range\(2, 6\),? ?", "", GENOTYPE), "genotype"),
    ("darts", GENOTYPE, re.sub(r"(normal|reduce)(_concat)?=", "", GENOTYPE), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("'", '"').replace(", ", " ,\n\t"), "genotype"),
    ("darts", GENOTYPE, f"BEST = {GENOTYPE}\n", "genotype"),  # case 03
    ("darts", GENOTYPE, f"  genotypes.{GENOTYPE};", "genotype"),
    ("darts", GENOTYPE, f"X: Genotype = {GENOTYPE}", "genotype"),
    (
        "darts",
        GENOTYPE,
        json.dumps({"normal": _PAIRS[:8], "reduce": _PAIRS[8:], "normal_concat": [2, 3, 4, 5]}),
        "genotype",
    ),
    ("darts", GENOTYPE, json.dumps(_CONFIGURATION), "nasbench301"),
    (
        "darts",
        GENOTYPE,
        str(
            {f"NetworkSelectorDatasetInfo:darts:{k}": v for k, v in _CONFIGURATION.items()}
            | {"epoch": 98}
        ),
        "nasbench301",
    ),
    (
        "darts",
        GENOTYPE,
        json.dumps(
            {
                f"NetworkSelectorDatasetInfo_COLON_darts_COLON_{k}": v
                for k, v in reversed(_CONFIGURATION.items())
            }
        ),
        "nasbench301",
    ),
    ("darts", GENOTYPE, f"Configuration(values={_CONFIGURATION})", "nasbench301"),
    ("darts", GENOTYPE, re.sub(r", (\d)\)", r", np.int64(\1))", GENOTYPE), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("range(2, 6)", "np.arange(2, 6)"), "genotype"),
    ("darts", GENOTYPE, f"11/14 09:38:14 PM genotype = {GENOTYPE}\r\n", "genotype"),
    ("darts", GENOTYPE, f"2026-11-26 02:02:25,123 genotype = {GENOTYPE}", "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("'", "’"), "genotype"),
    ("darts", GENOTYPE, GENOTYPE.replace("normal=[", "normal=[  # node 2\n"), "genotype"),
    ("darts", GENOTYPE, f'"{GENOTYPE}",', "genotype"),
    ("darts", GENOTYPE, f"'{GENOTYPE}'", "genotype"),
    ("darts", GENOTYPE, json.dumps(_NNI_DARTS), "nni"),
    ("darts", GENOTYPE, str({k: v[0] if isinstance(v, list) else v for k, v in _NNI_DARTS.items()}),
     "nni"),
    ("darts", GENOTYPE, "(((0, 4), (1, 2), (1, 5), (2, 3), (0, 1), (3, 6), (0, 3), (4, 0)), "
     "((0, 0), (1, 1), (2, 2), (0, 4), (1, 5), (3, 2), (1, 0), (2, 3)))", "naslib"),
    # cases 03, 05 and 16
    ("nasbench201", CELL, f" {CELL} \n", "official_string"),
    ("nasbench201", CELL, CELL.replace("+", " +\n"), "official_string"),
    ("nasbench201", CELL, CELL.replace("|", " | "), "official_string"),
    ("nasbench201", CELL, f"cell = '{CELL}',", "official_string"),
    ("nasbench201", CELL, f"Structure(4 nodes with {CELL})", "official_string"),
    ("nasbench201", CELL, CELL.replace("|none~0|avg_pool_3x3~1|", "|avg_pool_3x3~1|none~0|"),
     "official_string"),
    ("nasbench201", CELL, json.dumps(_EDGES), "edges"),
    ("nasbench201", CELL, json.dumps(dict(sorted(_EDGES.items()))), "edges"),
    ("nasbench201", CELL, str({tuple(map(int, k.split("_"))): v for k, v in _EDGES.items()}),
     "edges"),
    ("nasbench201", CELL, str({k.replace("_", "->"): v for k, v in _EDGES.items()}), "edges"),
    ("nasbench201", CELL, json.dumps({f"cell/{k}": [v] for k, v in _EDGES.items()}), "edges"),
    ("nasbench201", CELL, str({(int(k[0]) + 1, int(k[2]) + 1): v for k, v in _EDGES.items()}),
     "edges"),
    ("nasbench201", CELL, f"dict({', '.join(f'edge_{k}={v!r}' for k, v in _EDGES.items())})",
     "edges"),
    ("nasbench201", CELL, str({f"{b}<-{a}": op for (b, a), op in zip(_ENDS, _OFFICIAL,
     strict=True)}), "edges"),
    ("nasbench201", CELL, json.dumps({f"hp_x{i}": op for i, op in enumerate(_OFFICIAL)}),
     "syne_tune"),
    ("nasbench201", CELL, str(_OFFICIAL), "operations"),
    ("nasbench201", CELL, "((('nor_conv_1x1', 0),), (('none', 0), ('avg_pool_3x3', 1)), "
     "(('skip_connect', 0), ('none', 1), ('nor_conv_3x3', 2)))", "nodes"),
    ("nasbench201", CELL, "['ReLUConvBN1x1', 'Zero', 'Identity', 'AvgPool1x1', 'Zero', "
     "'ReLUConvBN3x3']", "naslib"),
    ("nasbench201", CELL, "naslib: (3, 1, 0, 4, 1, 2)", "naslib"),
    ("nasbench201", CELL, "genes: [2, 0, 4, 1, 0, 3]", "genes"),
    ("nasbench201", CELL, "2-0-4-1-0-3", "genes"),
    ("nasbench201", CELL.replace(CELL, "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|"
     "nor_conv_1x1~1|none~2|"), "284", "official_index"),
    ("nasbench201", CELL, str({"name": "infer.tiny", "C": 16, "N": 5, "arch_str": CELL}),
     "network_config"),
    ("nasbench201", CELL, "[[0. 0. 0. 0.]\n [2. 0. 0. 0.]\n [0. 4. 0. 0.]\n [1. 0. 3. 0.]]",
     "matrix"),
    ("nasbench201", CELL, "array([[0, 0, 0, 0], [2, 0, 0, 0], [0, 4, 0, 0], [1, 0, 3, 0]])",
     "matrix"),
    ("nasbench201", CELL, ", ".join(_OFFICIAL), "operations"),
    ("nasbench201", CELL, "Configuration(values={\n  "
     + ",\n  ".join(f"'{b}<-{a}': {op!r}" for (b, a), op in zip(_ENDS, _OFFICIAL, strict=True))
     + ",\n})\n", "edges"),
    # case 14
    ("nasbench101", MODULE, f"{_MATRIX}:{_LABELS}", "matrix"),
    ("nasbench101", MODULE, f"{_FLOATS}:{_LABELS}", "matrix"),
    ("nasbench101", MODULE, f"({_FLOATS}, {_LABELS})", "matrix"),
    ("nasbench101", MODULE, f"[{_MATRIX}, {_LABELS}]", "matrix"),
    ("nasbench101", MODULE, f"{_FLAT}:{','.join(_LABELS)}", "matrix"),
    ("nasbench101", MODULE, f"0101000001000100000100000:{_LABELS}", "matrix"),
    ("nasbench101", MODULE, json.dumps({"matrix": _MATRIX, "ops": _LABELS}), "matrix"),
    ("nasbench101", MODULE, json.dumps({"ops": _LABELS[1:-1], "adjacency": _FLOATS}), "matrix"),
    ("nasbench101", MODULE, f"module_adjacency: {_PRINTED}\nmodule_operations: {_LABELS}\n"
     "trainable_parameters: 3468426", "matrix"),
    ("nasbench101", MODULE, f"api.ModelSpec(matrix={_MATRIX}, ops={_LABELS})", "matrix"),
    ("nasbench101", MODULE, f"ModelSpec(np.array({_FLOATS}), {_LABELS})", "matrix"),
    ("nasbench101", MODULE, MODULE.replace(",", ", ") + "\n", "matrix_string"),
    ("nasbench101", MODULE, f"{_PRINTED}, {_LABELS}", "matrix"),
    ("nasbench101", MODULE, f"np.array({_FLOATS}), {_LABELS}", "matrix"),
    ("nasbench101", MODULE, f"array({_MATRIX}, dtype=int8):{_LABELS}", "matrix"),
    ("nasbench101", MODULE, f"{[[bit > 0 for bit in line] for line in _MATRIX]}:{_LABELS}",
     "matrix"),
    ("nasbench101", MODULE, f"matrix = {_MATRIX}  # of edges\nops = {_LABELS}  # 'in' first",
     "matrix"),
    ("nasbench101", MODULE, f"1010001101:{','.join(_LABELS)}", "upper_triangle"),
    ("nasbench101", MODULE, json.dumps({"op1": _LABELS[1], "op2": _LABELS[2], "op3": _LABELS[3],
     "input1": [0], "input2": [], "input3": [0, 2], "input4": [1, 3]}), "nni"),
    # sizes, with case 03
    ("nats_size", "8:16:24:32:64", "8:16:24:32:64 \n", "channels"),
    ("nats_size", "8:16:24:32:64", "8 : 16 : 24:32: 64", "channels"),
    ("nats_size", "8:16:24:32:64", "[8, 16, 24, 32, 64]", "list"),
    ("nats_size", "8:16:24:32:64", "(8, 16.0, 24, 32, 64,)", "list"),
    ("nats_size", "8:16:24:32:64", str(0 * 8**4 + 1 * 8**3 + 2 * 8**2 + 3 * 8 + 7),
     "official_index"),
    ("nats_size", "8:16:24:32:64", "[0, 1, 2, 3, 7]", "genes"),
    ("nats_size", "8:16:24:32:64", "8, 16, 24, 32, 64", "list"),
    ("nats_size", "8:16:24:32:64", "np.array([8, 16, 24, 32, 64])", "list"),
    ("nats_size", "8:16:24:32:64", "8:16:24:32:64;", "channels"),
    ("nats_size", "8:16:24:32:64", "{'name': 'infer.shape.tiny', 'channels': '8:16:24:32:64', "
     "'genotype': '|nor_conv_3x3~0|', 'num_classes': 10}", "network_config"),
    ("nasbench_nlp", json.dumps(RECIPE), str(RECIPE), "python"),
    ("nasbench_nlp", json.dumps(RECIPE), f"recipe = {RECIPE}", "python"),
    ("nasbench_nlp", json.dumps(RECIPE), json.dumps({"recepie": RECIPE, "wall": 3.5}), "python"),
]  # fmt: skip


COPIED = [
    *("{}  # the best one", "# the best one\n{}", "b'{}'", 'r"{}"', "'''{}'''", "`{}`", "“{}”"),
    *("‘{}’", "\ufeff{}", "\xa0{}\u200b", "{}\r\n", "arch = '{}'  # best", "arch: str = '{}'"),
    *("arch: '{}'", "- '{}'", '"arch": "{}",', "2026-11-26 02:02:25 arch = '{}'", "{};", "{},"),
]


@pytest.mark.parametrize("around", COPIED)
@pytest.mark.parametrize(
    "name", ["nasbench101", "nasbench201", "nats_size", "hierarchical", "layerwise", "morphism"]
)
def test_what_is_copied_with_a_text_does_not_matter(name: str, around: str) -> None:
    space = plugins.load("space", name)
    genes = space.sample(1, np.random.default_rng(0))
    [text] = space.to_text(genes)
    assert space.from_text([around.format(text)]).tolist() == genes.tolist()


@pytest.mark.parametrize(("name", "own", "text", "notation"), SAME)
def test_the_same_architecture(name: str, own: str, text: str, notation: str) -> None:
    space = plugins.load("space", name)
    reading = space.read(text)
    assert np.array_equal([reading.genes], space.from_text([own]))
    assert reading.notation.name == notation
    assert np.array_equal(space.from_text([text, own]), space.from_text([own, own]))


def test_the_official_index_of_all_cells(shared_data: Path) -> None:
    space = plugins.load("space", "nasbench201")
    for file in ("nasbench201/all_seeds.csv.gz", "nasbench201_cifar10/table.csv.gz"):
        with gzip.open(shared_data / file, "rt") as opened:
            rows = list(csv.DictReader(opened))
        genes = space.from_text([row["arch_str"] for row in rows])
        assert len(rows) == 15_625
        assert np.array_equal(space.from_text([row["index"] for row in rows]), genes)
        assert space.write(genes, "official_index") == [row["index"] for row in rows]


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|"
            "skip_connect~2|"),
        (9, "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"),
        (777, "|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|skip_connect~0|none~1|none~2|"),
        (15624, "|nor_conv_1x1~0|+|none~0|nor_conv_1x1~1|+|none~0|nor_conv_1x1~1|nor_conv_1x1~2|"),
    ],
)  # fmt: skip
def test_official_indices(index: int, text: str) -> None:
    space = plugins.load("space", "nasbench201")
    for written in (f"{index}", f" {index}\n", f"{index}.0"):
        assert space.to_text(space.from_text([written])) == [text]


def test_what_is_read_of_a_matrix_is_the_module() -> None:
    space = NasBench101()
    genes = space.from_matrix(np.asarray(_FLOATS), _LABELS)
    assert np.array_equal(genes, space.from_text([MODULE]))
    assert space.module_hash(genes) == ["1af995a92568cf42af2c2668f72834ea"]
    from nascast.core.types import ImageTask

    assert space.parameters(genes, ImageTask()).tolist() == [3_468_426]


def test_a_matrix_of_more_vertices_is_pruned() -> None:
    space = NasBench101()
    matrix = np.zeros((9, 9), dtype=bool)
    for start, stop in ((0, 1), (1, 8), (2, 3), (0, 7)):
        matrix[start, stop] = True
    labels = ["input", "conv1x1-bn-relu", *["maxpool3x3"] * 6, "output"]
    same = space.from_text(["010001000:input,conv1x1-bn-relu,output"])
    assert np.array_equal(space.from_matrix(matrix, labels), same)
    matrix[:, 8] = True
    matrix[8, 8] = False
    matrix[0, :] = True
    matrix[0, 0] = False
    with pytest.raises(InvalidArchitectureError, match="expected 2 to 7 vertices on paths"):
        space.from_matrix(matrix, labels)


@pytest.mark.parametrize(
    ("matrix", "labels", "message"),
    [
        ([[0, 1], [1, 0]], ["input", "output"], "there is one from 1 to 0"),
        ([[0, 2], [0, 0]], ["input", "output"], "values 0 and 1"),
        ([[0, 1]], ["input", "output"], "square matrix; got the shape"),
        ([[0, 1], [0]], ["input", "output"], "nasbench101: "),
        ([[0, 1], [0, 0]], ["input"], "an operation for each of 2 vertices; got 1"),
        ([[0, 0], [0, 0]], ["input", "output"], "no path from input to output"),
        (_MATRIX, [*_LABELS[:3], "conv9x9", "output"], "unknown operation 'conv9x9'; known are"),
    ],
)
def test_matrices_that_are_no_module(matrix: Any, labels: list[str], message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        NasBench101().from_matrix(matrix, labels)


def test_a_genotype_is_a_cell_of_nasnet_where_the_outputs_agree() -> None:
    """NASNet-A as DARTS prints it: its blocks' outputs that nothing reads are concatenated."""
    space = plugins.load("space", "nasnet")
    text = (
        "NASNet = Genotype(normal = [('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 0),"
        "('sep_conv_3x3', 0), ('avg_pool_3x3', 1), ('skip_connect', 0), ('avg_pool_3x3', 0), "
        "('avg_pool_3x3', 0), ('sep_conv_3x3', 1), ('skip_connect', 1)], normal_concat = [2, 3, 4, "
        "5, 6], reduce = [('sep_conv_5x5', 1), ('sep_conv_7x7', 0), ('max_pool_3x3', 1), "
        "('sep_conv_7x7', 0), ('avg_pool_3x3', 1), ('sep_conv_5x5', 0), ('skip_connect', 3), "
        "('avg_pool_3x3', 2), ('sep_conv_3x3', 2), ('max_pool_3x3', 1)], reduce_concat = [4, 5, 6])"
    )
    reading = space.read(text)
    assert reading.notation.name == "genotype"
    assert space.to_text(np.asarray([reading.genes], dtype=np.int16))[0].startswith(
        "normal: add(sep_conv_5x5(0), sep_conv_3x3(1)), add(sep_conv_5x5(1), sep_conv_3x3(1)), "
    )
    pairs = [(name, int(state)) for name, state in re.findall(r"\('(\w+)', (\d)\)", text)]
    listed = [pairs[:10], [2, 3, 4, 5, 6], pairs[10:], [4, 5, 6]]  # as JSON has a named tuple
    for same in (json.dumps(listed), str(tuple(listed)), text.replace("reduce", "reduction")):
        assert space.read(same).genes == reading.genes
    with pytest.raises(InvalidArchitectureError, match=r"reduce_concat is .*no block reads"):
        space.read(text.replace("[4, 5, 6]", "[3, 4, 5, 6]"))
    with pytest.raises(
        InvalidArchitectureError, match=r"the normal cell has 8 pairs .* expected 10"
    ):
        space.read(GENOTYPE)


# Space, text, and what the message says: the notation it looks like, the trouble and the place.
_PLACE = f"at character {1 + GENOTYPE.index(repr('dil_conv_5x5')) - 1}"
WRONG: list[tuple[str, str, list[str]]] = [
    ("darts", _NESTED.replace("[('sep_conv_5x5', 0), ", "[", 1),
     ["genotype", "node 2 of the normal cell, 2 values; got 1", "at character 18"]),
    ("darts", GENOTYPE.replace("'dil_conv_5x5'", "'dil_conv_7x7'"),
     ["genotype", "node 4 of the normal cell", "'dil_conv_7x7'", _PLACE]),
    ("darts", GENOTYPE[:-30], ["genotype", "at character"]),
    ("darts", json.dumps({**_CONFIGURATION, "edge_normal_0": "none"}),
     ["nasbench301", "node 2 of the normal cell has the unknown operation 'none'"]),
    ("darts", json.dumps({**_CONFIGURATION, "inputs_node_normal_3": "2_1"}),
     ["nasbench301", "inputs_node_normal_3 is 2_1"]),
    ("darts", json.dumps({k: v for k, v in _CONFIGURATION.items() if k != "edge_normal_9"}),
     ["nasbench301", "there is no edge_normal_9"]),
    ("darts", json.dumps({k: v for k, v in _NNI_DARTS.items() if k != "reduce/op_3_1"}),
     ["nni", "there is no reduce/op_3_1"]),
    ("darts", "(((0, 7),),)", ["naslib", "a normal and a reduction cell, 2 values; got 1"]),
    ("nasbench201", json.dumps({**_EDGES, "0_1": "conv_9x9"}),
     ["edges", "'conv_9x9'", "nor_conv_1x1", "at character"]),
    ("nasbench201", json.dumps({k: v for k, v in _EDGES.items() if k != "1_3"}),
     ["edges", "no 1→3"]),
    ("nasbench201", json.dumps({**_EDGES, "1_0": "none"}), ["edges", "a 1→0"]),
    ("nasbench201", json.dumps(_EDGES)[:-9], ["edges", "at character"]),
    ("nasbench201", str(_OFFICIAL[:5]), ["operations", "6 values; got 5"]),
    ("nasbench201", "15625", ["official_index", "0 to 15624"]),
    ("nasbench201", "(4, 0, 3, 1, 4, 3)", ["2 ways", "naslib", "genes", "'naslib: (4, 0, 3"]),
    ("nasbench201", "[4. 0. 3. 1. 4. 3.]", ["2 ways", "naslib", "genes"]),
    ("nasbench201", "np.array([4, 0, 3, 1, 4, 3])", ["2 ways", "naslib", "genes"]),
    ("nasbench201", "4, 0, 3, 1, 4, 3", ["2 ways", "naslib", "genes"]),
    ("nasbench201", "[[0, 2, 0, 1], [0, 0, 4, 0], [0, 0, 0, 3], [0, 0, 0, 0]]",
     ["matrix", "row 0", "got 2 in column 1", "at character 6"]),
    ("nasbench201", "{'C': 16, 'arch_str': 5}", ["network_config", "got 5"]),
    ("nasbench201", " \n", ["expected a string like", "; got ' ", "also read are"]),
    ("nasbench201", "naslib: (4, 0, 3, 1, 4, 5)", ["naslib", "0 to 4; got 5", "at character"]),
    ("nasbench101", f"{_MATRIX}:{_LABELS}".replace("1", "2", 1),
     ["matrix", "expected 0 or 1; got 2", "at character 6"]),
    ("nasbench101", f"({_MATRIX}, {[*_LABELS[:2], 'conv9x9', *_LABELS[3:]]})",
     ["matrix", "'conv9x9'", "at character"]),
    ("nasbench101", json.dumps({"matrix": _MATRIX}), ["matrix", "one of ops"]),
    ("nasbench101", f"{_MATRIX[:4]}:{_LABELS}", ["matrix", "row 0 has 5 values"]),
    ("nasbench101", "1af995a92568cf42af2c2668f72834ea", ["module_hash", "convert the official"]),
    ("nats_size", "[8, 16, 24, 32, 65]", ["list", "65 channels", "at character 17"]),
    ("nats_size", "32768", ["official_index", "0 to 32767"]),
    ("nasbench_nlp", str(RECIPE).replace("linear", "conv"), ["python", "'conv'", "'node_0'"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "parts"), WRONG)
def test_messages_name_the_notation_and_the_place(name: str, text: str, parts: list[str]) -> None:
    with pytest.raises(InvalidArchitectureError) as caught:
        plugins.load("space", name).from_text([text])
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    for part in parts:
        assert part in message


def test_a_text_like_none_lists_the_notations() -> None:
    with pytest.raises(InvalidArchitectureError, match=r"also read are .*official_index, .*naslib"):
        plugins.load("space", "nasbench201").from_text(["no cell"])


HOSTILE = [
    *("x" * 10**6, "[" * 10**6, "[" * 10_000 + "]" * 10_000, "(" * 10_000 + ")" * 10_000),
    *("{'a':" * 10_000 + "1" + "}" * 10_000, " " * 10**6, "9" * 10**6, "1-" * 500_000),
    *("Genotype(" * 110_000, "a=" * 500_000, "'" * 10**6, "a" + " " * 10**6 + "b", "|" * 10**6),
    *("0 " * 500_000 + ":", "range(" * 160_000, "-" * 10**6, "[1," * 300_000, "2.1(" * 250_000),
]


BLANK = " " * 90_000  # of which two parts of a pattern could each take some
SLOW = (
    *(f"284{BLANK}x", f"284]{BLANK}x", f"tensor(284{BLANK},", f"[[1, 2][{BLANK}:", f"[1:{BLANK}:"),
    *(f"[i{BLANK}for", f"[1{BLANK}+", f"cell{BLANK}#", f"{{'0_1'{BLANK}x", f"[0.{BLANK}input"),
    *("000284" + "-A" * 45_000, "tensor(284" + ", device=a" * 9_000 + "x", "a/" * 45_000),
)


@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "darts", "nats_size"])
@pytest.mark.parametrize("text", SLOW, ids=range(len(SLOW)))
def test_no_pattern_takes_the_square_of_a_text(name: str, text: str) -> None:
    space = plugins.load("space", name)
    began = time.process_time()
    with suppress(InvalidArchitectureError):
        space.reading(text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("name", plugins.builtin_names("space"))
def test_long_and_deep_texts_are_refused_quickly(name: str) -> None:
    space = plugins.load("space", name)
    good = space.to_text(space.sample(1, np.random.default_rng(0)))[0]
    began = time.process_time()
    for text in (*HOSTILE, good * (10**6 // len(good))):
        with pytest.raises(InvalidArchitectureError) as caught:
            space.from_text([text])
        assert len(str(caught.value)) < 20_000
    assert time.process_time() - began < 2 * len(HOSTILE)


def test_nothing_in_a_text_is_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    for space in (plugins.load("space", name) for name in plugins.builtin_names("space")):
        for call in (f"open({str(target)!r}, 'w')", f"__import__('os').mkdir({str(target)!r})"):
            with pytest.raises(InvalidArchitectureError):
                space.from_text([GENOTYPE.replace("range(2, 6)", call, 1)])
    assert not target.exists()


def test_names_of_notations() -> None:
    space = plugins.load("space", "nasbench201")
    genes = space.from_text([CELL])
    assert space.write(genes, "naslib") == ["(3, 1, 0, 4, 1, 2)"]
    assert space.from_text(["(3, 1, 0, 4, 1, 2)"], "naslib").tolist() == genes.tolist()
    assert space.from_text(["(2, 0, 4, 1, 0, 3)"], "genes").tolist() == genes.tolist()
    with pytest.raises(InvalidSettingError, match="no notation 'nasbench'; it has official_string"):
        space.write(genes, "nasbench")
    with pytest.raises(UnsupportedError, match="module_hash is only read; written are matrix_st"):
        NasBench101().write(NasBench101().from_text([MODULE]), "module_hash")
    with pytest.raises(InvalidArchitectureError, match="expected a text; got a int"):
        space.from_text([284])
