"""What is no architecture is refused, by the library and the command line, and the reason given."""

import sys
from typing import Any

import numpy as np
import pytest

from nascast.cli.main import main
from nascast.core import plugins
from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Genes, ImageTask

SPACES = plugins.builtin_names("space")
_DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('skip_connect', 0), ('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('skip_connect', 0)], normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=range(2, 6))"
)
_BLOCK = "add(identity(0), conv_1x1(1))"
_NASNET = f"normal: {', '.join([_BLOCK] * 5)}; reduction: {', '.join([_BLOCK] * 5)}"
_LAYERS = ";".join(["3x3:24"] * 15)
_TREE = "; ".join(["add tanh"] * 15) + "; inject add relu; cell 1 0"
_MOTIF = "identity|none,identity|none,none,identity"
_MOTIFS = " ".join(f"2.{m}({_MOTIF})" for m in range(1, 7))
_CELL = "2.1|none,2.1|none,none,2.1|none,none,none,2.1"
_LINEAR = '{"op": "linear", "input": ["x", "h_prev_0"]}'

# Space, text, and parts of the message: what came, and what is allowed.
TEXTS: list[tuple[str, str, list[str]]] = [
    ("nasbench201", "|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|", ["'conv'", "nor_conv_3x3"]),
    ("nasbench201", "|none~0|+|none~0|none~1|", ["|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"]),
    ("nasbench201", "|none~0|+|none~0|none~2|+|none~0|none~1|none~2|", ["expected a string"]),
    ("nasbench101", "010001000:input,conv5x5,output", ["'conv5x5'", "conv3x3-bn-relu"]),
    ("nasbench101", "0100000000010000:input,maxpool3x3,maxpool3x3,output", ["no path"]),
    ("nasbench101", "0100001001010001:input,maxpool3x3,maxpool3x3,output", ["from 2 to 1"]),
    ("nasbench101", "010011000:input,maxpool3x3,output", ["from 1 to 1"]),
    ("nasbench101", "01000100:input,maxpool3x3,output", ["3 operations and 8 digits"]),
    ("nasbench101", "010001000:maxpool3x3,input,output", ["first vertex is 'input'"]),
    ("darts", _DARTS.replace("sep_conv_3x3", "conv_9x9", 1), ["node 2", "'conv_9x9'", "dil_conv"]),
    ("darts", _DARTS.replace("', 1)", "', 2)", 1), ["node 2 of the normal", "0 to 1"]),
    ("darts", _DARTS.replace("('max_pool_3x3', 1)", "('max_pool_3x3', 0)"), ["reads 0 twice"]),
    ("darts", _DARTS.replace("range(2, 6), reduce=", "[2, 3], reduce="), ["normal_concat"]),
    (
        "nasnet",
        _NASNET.replace("conv_1x1", "conv_2x2", 1),
        ["state 2", "'conv_2x2'", "sep_conv_7x7"],
    ),
    ("nasnet", _NASNET.replace("identity(0)", "identity(2)", 1), ["state 2", "allowed are 0, 1"]),
    ("nasnet", _NASNET.replace("add", "mul", 1), ["'mul'", "add, concat"]),
    ("nasnet", _NASNET.replace(f"{_BLOCK}, ", "", 1), ["4 blocks; expected 5"]),
    ("nasbench_nlp", f'{{"h_new_0": {_LINEAR.replace("linear", "conv")}}}', ["'conv'", "blend"]),
    (
        "nasbench_nlp",
        '{"h_new_0": {"op": "elementwise_sum", "input": ["h_prev_0", "h_new_0"]}}',
        ["cycle", "'h_new_0'"],
    ),
    ("nasbench_nlp", f'{{"h_new_0": {_LINEAR.replace("prev_0", "prev_1")}}}', ["h_prev_1"]),
    ("nasbench_nlp", f'{{"node_0": {_LINEAR}}}', ["h_new_0"]),
    (
        "nasbench_nlp",
        '{"h_new_0": {"op": "blend", "input": ["h_prev_0"]}}',
        ["1 inputs", "takes 3"],
    ),
    ("layerwise", _LAYERS.replace("3x3", "2x3", 1), ["layer 0", "'2x3:24'", "(1, 3, 5, 7)"]),
    ("layerwise", _LAYERS.replace(";3x3:24", ";3x3:24<1", 1), ["layer 1", "earlier layers"]),
    ("layerwise", f"{_LAYERS};3x3:24", ["expected 15 layers", "got 16"]),
    ("recurrent_tree", _TREE.replace("tanh", "gelu", 1), ["'add gelu'", "identity, tanh, sigmoid"]),
    ("recurrent_tree", _TREE.replace("cell 1 0", "cell 15 0"), ["0 to 14"]),
    ("recurrent_tree", _TREE.replace("add tanh; ", "", 1), ["expected 15 nodes"]),
    ("hierarchical", f"{_MOTIFS} 3.1({_CELL.replace('2.1', '2.7', 1)})", ["3.1", "'2.7'", "2.6"]),
    ("hierarchical", f"{_MOTIFS} 3.1({_CELL.replace('2.1', 'none')})", ["no path from the input"]),
    ("hierarchical", f"{_MOTIFS}", ["expected the motifs 2.1, 2.2"]),
    ("morphism", "deepen(0,7)", ["'deepen(0,7)'", "kernels (3, 5)"]),
    ("morphism", "add(0,3)", ["move 0 is add(0,3)", "3 layers"]),
    ("morphism", "add(0,2)-add(0,2)", ["move 1 is add(0,2)"]),
    ("morphism", "-".join(["widen(0,2)"] * 9), ["at most 8 moves; got 9"]),
    ("nats_size", "8:16:24:32:65", ["65 channels", "8, 16, 24, 32, 40, 48, 56, 64"]),
    ("nats_size", "8:16:24:32", ["expected 5 numbers"]),
    ("nats_size", "8:16:24:32:64:64", ["expected 5 numbers"]),
]
_IDS = [f"{space}-{parts[0]}" for space, _, parts in TEXTS]


@pytest.fixture(params=SPACES)
def space(request: pytest.FixtureRequest) -> SearchSpace:
    found: SearchSpace = plugins.load("space", request.param)
    return found


def rows(space: SearchSpace, n: int = 3) -> Genes:
    return space.sample(n, np.random.default_rng(0))


@pytest.mark.parametrize(("name", "text", "parts"), TEXTS, ids=_IDS)
def test_texts(name: str, text: str, parts: list[str]) -> None:
    space = plugins.load("space", name)
    good = space.to_text(rows(space, 1))[0]
    with pytest.raises(InvalidArchitectureError) as caught:
        space.from_text([good, text])
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    for part in (*parts, text):
        assert part in message


@pytest.mark.parametrize(("name", "text", "parts"), TEXTS, ids=_IDS)
def test_texts_on_the_command_line(
    name: str,
    text: str,
    parts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["nascast", "show", text, "--space", name])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    assert stop.value.code == 2
    assert not out
    assert err.startswith(f"Error: {name}: ")
    assert "Traceback" not in err
    assert all(part in err for part in parts)


def test_every_space_is_in_the_table() -> None:
    assert {name for name, _, _ in TEXTS} == set(SPACES)


def test_a_text_in_place_of_a_list(space: SearchSpace) -> None:
    text = space.to_text(rows(space, 1))[0]
    with pytest.raises(InvalidArchitectureError, match="expected a list of texts"):
        space.from_text(text)  # type: ignore[arg-type]


def test_rows_of_another_length(space: SearchSpace) -> None:
    good = rows(space)
    for bad in (good[:, 1:], np.concatenate([good, good[:, :1]], axis=1), good[0], good.tolist()):
        with pytest.raises(InvalidArchitectureError, match=f"expected rows of {space.length} gene"):
            space.to_text(bad)
        with pytest.raises(InvalidArchitectureError, match=f"expected rows of {space.length} gene"):
            space.graphs(bad)


@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("value", ["first", "next", "last"])
def test_genes_out_of_range(space: SearchSpace, place: int, value: str) -> None:
    bad = rows(space)
    gene = range(space.length)[place]
    most = space.cardinalities[gene] - 1
    bad[1, gene] = {"first": -1, "next": most + 1, "last": np.iinfo(np.int16).max}[value]
    expected = f"{space.name}: row 1, gene {gene} is {bad[1, gene]}; allowed are 0 to {most}"
    with pytest.raises(InvalidArchitectureError, match=expected):
        space.canonical(bad)


@pytest.mark.parametrize("gene", [2**15, -(2**40), 10**30, 0.5, "1", None])
def test_genes_that_no_row_has(space: SearchSpace, gene: Any) -> None:
    genes = (*space.architecture(rows(space)[0]).genes[:-1], gene)
    with pytest.raises(InvalidArchitectureError, match=f"gene {space.length - 1} is {gene!r}"):
        space.row(Architecture(space.name, genes))


ROWS: list[tuple[str, dict[int, int], str]] = [  # genes of a row that is otherwise zeros
    ("nasbench101", {}, "has no path from input to output"),
    ("nasbench101", {0: 1, 6: 1}, "has no path from input to output"),
    ("nasbench101", dict.fromkeys(range(21), 1), "has 21 edges on paths .* allowed are 9"),
    ("hierarchical", {}, "no path from the input of the cell to its output"),
    ("hierarchical", {36: 1, 38: 1, 41: 1, 45: 1}, "motifs that are themselves connected"),
    ("morphism", {0: 113 - 1}, "move 0 is concat"),
    ("nasbench_nlp", {}, "new states are h_new_0"),
    ("nasbench_nlp", {0: 5, 1: 2}, "new states are h_new_0"),
    ("nasbench_nlp", {0: 5, 1: 1, 96: 1}, "reads 'x', which has another size"),
    ("nasbench_nlp", {0: 3, 1: 2, 2: 2, 96: 1}, "reads 'h_prev_0' twice"),
]


@pytest.mark.parametrize(("name", "genes", "message"), ROWS)
def test_rows_that_break_a_rule(name: str, genes: dict[int, int], message: str) -> None:
    space = plugins.load("space", name)
    row = np.zeros((1, space.length), dtype=np.int16)
    row[0, list(genes)] = list(genes.values())
    with pytest.raises(InvalidArchitectureError, match=message):
        space.graphs(row)
    pytest.importorskip("torch")
    with pytest.raises(InvalidArchitectureError, match=message):
        space.build(Architecture(name, tuple(row[0].tolist())), ImageTask())


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 5, 3), (3, 1, 1)])
def test_images_that_are_halved_to_one_pixel(space: SearchSpace, shape: Any) -> None:
    """Strides round sizes up, so that images smaller than their product are no mistake."""
    torch = pytest.importorskip("torch")
    small = {
        "darts": {"channels": 4, "cells": 6, "auxiliary": True},
        "nasnet": {"filters": 4, "repeats": 1, "auxiliary": True},
    }
    arch = space.architecture(rows(space)[0])
    network = space.build(arch, ImageTask(shape, 3, small.get(space.name, {})))
    logits = network(torch.randn(2, *shape))
    assert logits.shape == (2, 3)
    assert logits.isfinite().all()


@pytest.mark.parametrize("name", ["darts", "nasnet"])
def test_images_that_are_too_small_for_the_stem(name: str) -> None:
    space = plugins.load("space", name)
    task = ImageTask((3, 31, 224), skeleton={"stem": "imagenet"})
    with pytest.raises(InvalidSettingError, match=r"imagenet stem .* at least 32×32; got 31×224"):
        space.build(space.architecture(rows(space)[0]), task)


@pytest.mark.parametrize(
    ("shape", "classes"),
    [((3, 8.0, 8), 10), (("3", 8, 8), 10), (3, 10), ((3, 8, 8), 2.5), ((3, 8, 8), "10")],
)
def test_tasks_of_other_types(shape: Any, classes: Any) -> None:
    with pytest.raises(InvalidSettingError, match="positive whole numbers and at least 2 classes"):
        ImageTask(shape, classes)
