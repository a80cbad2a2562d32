"""Other spellings: what can be meant in one way alone is read, and no more."""

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.spaces.test_notations import GENOTYPE

from nascast.core import plugins
from nascast.core.errors import InvalidArchitectureError

_PAIRS = [(name, int(state)) for name, state in re.findall(r"\('(\w+)', (\d)\)", GENOTYPE)]
_GROUPED = [[_PAIRS[i : i + 2] for i in range(at, at + 8, 2)] for at in (0, 8)]
_FED = [(name, state, 2 + i % 8 // 2) for i, (name, state) in enumerate(_PAIRS)]
_KEYED = [{"op": name, "input": state} for name, state in _PAIRS]


def _fed(nodes: Sequence[int]) -> dict[str, list[dict[str, int | str]]]:
    """A genotype in dictionaries that tell which nodes are fed."""
    fed = [{**side, "to": nodes[i % 8 // 2]} for i, side in enumerate(_KEYED)]
    return {"normal": fed[:8], "reduce": fed[8:]}


OUTPUTS = (
    *("range(2, 2+4)", "range(2, 2 + 4)", "range(1+1, 7-1)", "range(2, 3*2)", "slice(2, 6)"),
    *("range(4-2*1, 2+2*2)", "range(start=2, stop=6, step=1)"),
    *("np.r_[2:6]", "range(6)[2:]", "list(range(8))[2:-2]", "[2, 3] + [4, 5]"),
    *("range(2, 6).tolist()", "np.arange(start=2, stop=6)", "[i for i in range(2, 6)]"),
    *("range(2, 6)[::-1]", "list(range(2, 8))[:4:1]", "reversed(range(2, 6))", "slice(2, 6, None)"),
    *("list(reversed([2, 3, 4, 5]))", "[i + 2 for i in range(4)]", "[2+i for i in range(4)]"),
    *("[n - 1 for n in (3, 4, 5, 6)]", "ListConfig([2, 3, 4, 5])", "array('i', [2, 3, 4, 5])"),
    *("dict_keys([2, 3, 4, 5])", "np.array([5, 4, 3, 2])[::-1]"),
    *("list(map(int, [2, 3, 4, 5]))", "[*range(2, 4)] + [4] + [5]"),
)
GENOTYPES = (
    *(GENOTYPE.replace("range(2, 6)", outputs) for outputs in OUTPUTS),
    GENOTYPE.replace("Genotype", "CellGenotype"),
    str(_GROUPED),
    str((_PAIRS[:8], _PAIRS[8:])),
    f"normal: {_PAIRS[:8]}; reduce: {_PAIRS[8:]}",
    f"Genotype(normal={_FED[:8]}, reduce={_FED[8:]})",
    json.dumps({"normal": _KEYED[:8], "reduce": _KEYED[8:]}),
    json.dumps(_fed([2, 3, 4, 5])),
    json.dumps([_PAIRS[:8], [2, 3, 4, 5], _PAIRS[8:], [2, 3, 4, 5]]),  # a named tuple in JSON
    str((_PAIRS[:8], range(2, 6), _PAIRS[8:], range(2, 6))),
    GENOTYPE.replace("reduce", "reduction"),
    GENOTYPE.replace("Genotype", "OrderedDict"),
    *(GENOTYPE.replace("skip_connect", name) for name in ("identity", "skip", "Skip-Connection")),
    GENOTYPE.replace("sep_conv_3x3", "SepConv3x3").replace("max_pool_3x3", "max_pooling_3x3"),
    GENOTYPE.replace("_conv_", "-CONV-"),
    json.dumps({"normal_cell": _PAIRS[:8], "reduction_cell": _PAIRS[8:]}),
    re.sub(r"(\('\w+', \d)", r"\1, 0.1301", GENOTYPE),  # with weights, as GDAS
    *(text.format(GENOTYPE) for text in ("```python\n{}\n```", "```\n{}\n```", "In [3]: {}")),
    *(text.format(GENOTYPE) for text in ("\u202a{}\u202c", "\u200e{}", "{}\x1a")),
)

_NODES: dict[str, Any] = {f"node_{i}": pairs for i, pairs in enumerate(_GROUPED[0], 2)}
GENOTYPES += (
    *(text.format(GENOTYPE) for text in ("[{}]", "({},)", "genotypes = [{}]", "{{'DARTS': {}}}")),
    f'{{"genotype": {GENOTYPE}, "val_acc": 97.2}}',
    f"archs = {{'best': {GENOTYPE}}}",
    str({"normal": _NODES, "reduce": dict(zip(_NODES, _GROUPED[1], strict=True))}),
    str({"normal": dict(enumerate(_GROUPED[0], 1)), "reduce": dict(enumerate(_GROUPED[1]))}),
    str({"normal": [(*a, *b) for a, b in _GROUPED[0]], "reduce": _GROUPED[1]}),
    f"Genotype(normal=[{_PAIRS[:8]}], reduce=[{_GROUPED[1]}])",
)

CELL = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
_EDGES = {"0_1": "conv_1x1", "0_2": "none", "1_2": "avg_pool_3x3", "0_3": "skip_connect"}
_EDGES |= {"1_3": "none", "2_3": "conv_3x3"}
CELLS = (
    *(CELL[1:], CELL[:-1], CELL[1:-1], CELL.upper(), f"[{CELL}]", CELL.replace("|+|", "||")),
    *(
        CELL.replace("+", "/"),
        CELL.replace("nor_", ""),
        CELL.replace("~", ":"),
        CELL.replace("~", "˜"),
    ),
    *(CELL.replace("~", "～").replace("|", "│"), re.sub("(?<=~)([012])", r"\1", CELL)),
    "".join(chr(ord(sign) + 0xFEE0) for sign in CELL),
    re.sub("~([012])", r"_\1", CELL),
    *(
        json.dumps({key.format(*edge.split("_")): name for edge, name in _EDGES.items()})
        for key in ("{}→{}", "{}{}", "e{}{}", "op_{}{}", "node{}_node{}", "{}=>{}")
    ),
    *(
        json.dumps({key.format(*edge.split("_")): name for edge, name in _EDGES.items()})
        for key in ("{}to{}", "{}_to_{}", "from_{}_to_{}")
    ),
    *(
        view.format([make(int(e[0]) + first, int(e[2]) + first, op) for e, op in _EDGES.items()])
        for first in (0, 1)
        for view, make in (
            ("{}", lambda a, b, op: (a, b, op)),
            ("{}", lambda a, b, op: (op, a, b)),
            ("{}", lambda a, b, op: {"from": a, "to": b, "op": op}),
            ("OutEdgeDataView({})", lambda a, b, op: (a, b, {"op": op})),
        )
    ),
    json.dumps({"cell": _EDGES}),
    json.dumps({"config": _EDGES, "val_accuracy": 93.1}),
    json.dumps({"parent": dict.fromkeys(_EDGES, "none"), "arch": _EDGES}),
    json.dumps({**_EDGES, "parent": dict.fromkeys(_EDGES, "none")}),
    str(list(_EDGES.items())),
    *(sign.join(f"{e}: {name}" for e, name in _EDGES.items()) for sign in (", ", " | ", "\n- ")),
    "; ".join(f"{edge}={name}" for edge, name in _EDGES.items()),
)
_CLASS = "<class 'str'>"
CELLS += (
    *(f"{name}({_EDGES})" for name in ("mappingproxy", "frozendict", "immutabledict", "AttrDict")),
    f"defaultdict({_CLASS}, {_EDGES})",
    f"Namespace({', '.join(f'edge_{edge}={name!r}' for edge, name in _EDGES.items())})",
    json.dumps({edge.replace("_", "->node_"): name for edge, name in _EDGES.items()}),
    json.dumps({edge: {"_value": name, "_idx": 1} for edge, name in _EDGES.items()}),
    *(json.dumps({"value": 93.1, key: _EDGES}) for key in ("parameters", "params", "sample")),
    json.dumps({"params": {"lr": 0.1}, "arch": _EDGES}),
    json.dumps([{"edge": edge, "op": name} for edge, name in _EDGES.items()]),
    json.dumps([{"edge": [int(e[0]), int(e[2])], "op": name} for e, name in _EDGES.items()]),
    json.dumps(
        {
            "directed": True,
            "nodes": [{"id": i} for i in range(4)],
            "links": [
                {"source": int(e[0]), "target": int(e[2]), "op": name} for e, name in _EDGES.items()
            ],
        }
    ),
)
INDICES = (
    *(
        "000284.pickle.pbz2",
        "000284-FULL",
        "000284.pth",
        "tensor([284])",
        "array(284, dtype=int64)",
    ),
    *("NATS-tss-v1_0-3ffb9-full/000284.pickle.pbz2", "C:\\nats\\arch-000284-FULL.pth"),
    *("tensor(284, device='cuda:0')", "{'index': 284}", '{"arch_index": 284, "val_acc": 90.1}'),
    *("arch_284", "arch 284", "arch-284", "arch: 284", "cell 284", "cell_284", "arch000284"),
    *("archid=284", "arch no. 284", "np.int64(284)", "(284)", "２８４"),
    *("cell #284", "Arch#284", "tensor(284)", "array(284)", "arch_index: 284  # the best"),
)

MODULE = "0101000001000100000100000:input,conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu,output"
_MATRIX = np.array([int(digit) for digit in MODULE[:25]]).reshape(5, 5)
_LABELS = MODULE[26:].split(",")
_LINES = ["".join(map(str, line)) for line in _MATRIX]
_ENDS = np.argwhere(_MATRIX).tolist()
MODULES = (
    ",".join(MODULE[:25]) + MODULE[25:],
    *(sign.join(_LINES) + MODULE[25:] for sign in ("/", "-", "_", "|", ",", "; ")),
    "\n".join(" ".join(line) for line in _LINES) + "\n" + MODULE[26:],
    *(f"{MODULE[:25]}{sign}{MODULE[26:]}" for sign in (" ", "; ")),
    f"{MODULE[:26]}{' '.join(_LABELS)}",
    f"{MODULE[:25]};{';'.join(_LABELS)}",
    f"{_MATRIX!r} {_LABELS}",
    f"{_MATRIX.tolist()}\n{MODULE[26:]}",
    f"edges={_ENDS}, ops={_LABELS}",
    json.dumps({"edges": _ENDS, "ops": _LABELS}),
    json.dumps({"matrix": _MATRIX.tolist(), "ops": _LABELS, "edges": len(_ENDS)}),
    f"{_MATRIX!r}:{np.array(_LABELS)!r}",
    f"np.matrix({_MATRIX.tolist()}):{_LABELS}",
    f"({_LABELS}, {_MATRIX.tolist()})",
    json.dumps({"arch": {"matrix": _MATRIX.tolist(), "ops": _LABELS}, "val_acc": 0.94}),
    *(MODULE.replace("-", dash) for dash in "‐‑–—−"),  # as copied from a printed page
)
MODULES += (
    *(
        json.dumps({"matrix": _MATRIX.tolist(), key: _LABELS})
        for key in ("op", "nodes", "vertices")
    ),
    json.dumps({"adj_matrix": _MATRIX.tolist(), "operations": _LABELS}),
    json.dumps({"original_matrix": _MATRIX.tolist(), "original_ops": _LABELS}),
    json.dumps({"edges": _ENDS, "ops": _LABELS, "nodes": list(range(5))}),
    json.dumps({"arch": [_MATRIX.tolist(), _LABELS]}),
    json.dumps({"0": {"matrix": _MATRIX.tolist(), "ops": _LABELS}}),
    f"{_MATRIX.astype(float)} {_LABELS}",
    f"{_MATRIX.tolist()}:{[label.encode() for label in _LABELS]}",
    f"ModelSpec(original_matrix={np.ones((7, 7)).tolist()}, original_ops={['input'] * 7}, "
    f"matrix={_MATRIX.tolist()}, ops={_LABELS})",
)
_NNI = json.dumps(  # of a module whose output reads vertices 2 and 3
    {f"op{i}": "conv3x3-bn-relu" for i in (1, 2, 3)}
    | {"input1": [0], "input2": [1], "input3": [0], "input4": [2, 3]}
)
CHANNELS = (
    *("8→16→24→32→64", "8;16;24;32;64", "8|16|24|32|64", "8.0:16.0:24.0:32.0:64.0"),
    "8:16:24:32:64:",
    "{'layer_1': 8, 'layer_2': 16, 'layer_3': 24, 'layer_4': 32, 'layer_5': 64}",
    "{'stage1': '8', 'stage2': '16', 'stage3': '24', 'stage4': '32', 'stage5': '64'}",
    "hp_x0=8,hp_x1=16,hp_x2=24,hp_x3=32,hp_x4=64",
)
SAME = (
    *(("darts", text, GENOTYPE) for text in GENOTYPES),
    *(("nasbench201", text, CELL) for text in CELLS),
    *(("nasbench201", text, "284") for text in INDICES),
    *(("nasbench101", text, MODULE) for text in MODULES),
    *(("nats_size", text, "8:16:24:32:64") for text in CHANNELS),
)


@pytest.mark.parametrize(("name", "text", "own"), SAME)
def test_what_can_be_meant_in_one_way_is_read(name: str, text: str, own: str) -> None:
    space = plugins.load("space", name)
    assert space.read(text).genes == space.read(own).genes


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("nasbench201", text) for text in ("arch -1", "index: -1", "arch_15625", "284/15625")),
        *(("nasbench201", text) for text in ("284th", "2.84e2", "28,4", "arch_index: 284.5")),
        *(
            ("nasbench201", text)
            for text in ('{"index": 284, "acc": 90.1}', "28.pth", "0000284.pth")
        ),
        ("nasbench201", '{"index": 3, "arch_index": 284, "arch_id": 5}'),
        ("nasbench101", f"{_MATRIX * 0.1} {_LABELS}"),
        ("nasbench201", json.dumps({"params": _EDGES, "parameters": _EDGES})),
        ("nasbench201", f"dict({_EDGES}, edge_2_3='none')"),  # of which one would be lost
        *(("nasbench201", text) for text in ("epoch 284", "id=284", "model_284", "nb201-284")),
        *(("nasbench201", text) for text in ("architectures: 284", "archs 284", "archive 284")),
        ("nasbench201", json.dumps({"id": 284, "parent": _EDGES})),
        ("nasbench201", json.dumps({"arch": _EDGES, "genotype": _EDGES})),
        ("nasbench201", str([(int(e[2]), int(e[0]), op) for e, op in _EDGES.items()])),
        ("nasbench201", str([(int(e[0]) + 2, int(e[2]) + 2, op) for e, op in _EDGES.items()])),
        ("nasbench201", CELL.replace("+", "", 1)),  # groups of 3 and 3
        ("nasbench201", CELL.replace("none~1", "none~0")),
        ("nasbench201", f"{CELL}, 93.2"),
        ("nasbench201", json.dumps({edge: i % 5 for i, edge in enumerate(_EDGES)})),  # whose order?
        ("nasbench201", ", ".join(f"{edge}: {name}" for edge, name in list(_EDGES.items())[:5])),
        *(
            ("darts", GENOTYPE.replace("range(2, 6)", outputs))
            for outputs in ("[i+1 for i in range(4)]", "range(2, 6)[::0]", "range(2, 6)[::2]")
        ),
        *(
            ("darts", GENOTYPE.replace("range(2, 6)", outputs))
            for outputs in ("range(2, 3+4)", "range(2, n+2)", "[1:6]", "[2, 3] + [4, 4]", "...")
        ),
        ("darts", GENOTYPE.replace("range(2, 6)", "range(2, 1+1*3)")),
        ("darts", f"[{GENOTYPE}, {GENOTYPE}]"),
        ("darts", f"{{'a': {GENOTYPE}, 'b': {GENOTYPE}}}"),
        ("darts", f"{{'arch': {GENOTYPE}, 'genotype': {GENOTYPE}}}"),
        ("darts", str({"normal": _NODES | {"2": _GROUPED[0][0]}, "reduce": _GROUPED[1]})),
        ("darts", str({"normal": [(*a, b) for a, b in _GROUPED[0]], "reduce": _GROUPED[1]})),
        ("darts", json.dumps(_fed([3, 2, 4, 5]))),  # in another order
        ("darts", f"Genotype(normal={_FED[:8]}, reduce={_FED[7:15]})"),  # feeds another node
        ("darts", str([*_GROUPED, _GROUPED[0]])),
        ("darts", json.dumps([_PAIRS[:8], [2, 3, 4], _PAIRS[8:], [2, 3, 4, 5]])),
        ("darts", re.sub(r"(\('\w+', \d)", r"\1, 1.5", GENOTYPE)),
        ("darts", GENOTYPE.replace("reduce=", "reduction=[], reduce=")),
        ("nasbench101", ",".join(MODULE[:24]) + MODULE[25:]),
        ("nasbench101", ",".join(MODULE[:25]).replace("1", "2", 1) + MODULE[25:]),
        ("nasbench101", ",".join(MODULE[:25]).replace("1", "-1", 1) + MODULE[25:]),
        ("nasbench101", _NNI.replace("[2, 3]", "[2: 3]")),
        ("nasbench101", f"{_LABELS}:{_LABELS}"),
        ("nasbench101", f"{_MATRIX.T.tolist()}:{_LABELS}"),
        ("nasbench101", json.dumps({"edges": [[1, 0]], "ops": _LABELS})),
        ("nasbench101", json.dumps({"edges": [[0, 5]], "ops": _LABELS})),
        ("nats_size", "8.5:16:24:32:64"),
        ("nats_size", "{'a': 8, 'b': 16, 'c': 24, 'd': 32, 'e': 64}"),
    ],
)
def test_what_could_mean_something_else_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidArchitectureError):
        plugins.load("space", name).read(text)


def test_the_number_of_a_row_is_no_architecture() -> None:
    """A record with both has the architecture, and the other is a row of a table."""
    space = plugins.load("space", "nasbench201")
    for record in ({"index": 3, "arch": CELL}, {"arch_index": 3, "arch_str": CELL}):
        assert space.read(json.dumps(record)).genes == space.read(CELL).genes
