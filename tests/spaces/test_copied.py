"""Architectures as they stand in logs, web pages and files of lines, and those of other spaces."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidArchitectureError

CELL = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
_OPERATIONS = re.findall(r"(\w+)~", CELL)
_EDGES = ["0_1", "0_2", "1_2", "0_3", "1_3", "2_3"]
_NORMAL = [("sep_conv_5x5", 0), ("skip_connect", 1), ("dil_conv_3x3", 1), ("sep_conv_3x3", 2)]
_NORMAL += [("avg_pool_3x3", 0), ("dil_conv_5x5", 3), ("sep_conv_3x3", 0), ("max_pool_3x3", 4)]
_REDUCE = [("max_pool_3x3", 0), ("avg_pool_3x3", 1), ("skip_connect", 2), ("sep_conv_5x5", 0)]
_REDUCE += [("dil_conv_3x3", 1), ("skip_connect", 3), ("max_pool_3x3", 1), ("sep_conv_3x3", 2)]
GENOTYPE = (
    f"Genotype(normal={_NORMAL}, normal_concat=range(2, 6), "
    f"reduce={_REDUCE}, reduce_concat=range(2, 6))"
)


def _by_node(pairs: list[tuple[str, int]], first: int) -> dict[int, list[tuple[str, int]]]:
    return {first + i: pairs[2 * i : 2 * i + 2] for i in range(4)}


MODULE = "0101000001000100000100000:input,conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu,output"

HEADS = [
    *(
        "INFO: ",
        "INFO:root:",
        "[INFO] ",
        "[info] best: ",
        "WARNING - ",
        "best arch: ",
        "arch_str: ",
    ),
    *("arch_str:", "- arch_str: ", "2026-11-26 02:02:25,123 - nas - INFO - arch: ", "[02:02:25] "),
    *("2026-11-26 02:02:25 | INFO | search:run:12 - the best = ", "[2026-11-26 02:02:25][INFO] - "),
    *("I1126 02:02:25.123456 4711 search.py:12] ", "Epoch 49: genotype = ", "11/14 09:38 PM x = "),
    *("2026-11-26T02:02:25Z INFO ", "E 1126 02:02:25 ", "[2026/11/26 02:02:25 nas] INFO: "),
]


def _escaped(text: str) -> str:
    return re.sub(r"([|_~\[\]*])", r"\\\1", text)


WAYS: list[Callable[[str], str]] = [
    *(lambda text, head=head: head + text for head in HEADS),
    _escaped,
    lambda text: f"`{_escaped(text)}`",
    lambda text: text.replace("|", "&#124;").replace("'", "&#39;"),
    lambda text: f"**{text}**",
    lambda text: f"2026-11-26 02:02:25 INFO **{_escaped(text)}**",
    *(lambda text, bullet=bullet: bullet + text for bullet in ("> ", "* ", "12. ", "$ ", "+ ")),
    lambda text: f"<code>{text}</code>",
    lambda text: f"\x1b[32m{text}\x1b[0m\x00",
    lambda text: f"({text})",
    lambda text: f"print({text})",
    lambda text: f"return {text}",
    lambda text: str([text.replace("'", '"')]).replace('\\"', '"'),
    lambda text: str({"accuracy": 90.5, "genotype": text.replace("'", '"')}),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nasbench201", CELL),
        ("darts", GENOTYPE),
        ("nasbench101", MODULE),
        ("nats_size", "8:16:24:32:64"),
    ],
)
def test_what_stands_around_a_text(name: str, text: str, way: Callable[[str], str]) -> None:
    space = plugins.load("space", name)
    reading = space.read(way(text))
    assert np.array_equal([reading.genes], space.from_text([text]))
    assert reading.notation.name == space.own[0]


def _lines(pairs: list[tuple[str, str]], form: str) -> str:
    return "\n".join(form.format(*pair) for pair in pairs)


def _genotype(item: str, concat: str) -> str:
    cells = [("normal", _NORMAL), ("reduce", _REDUCE)]
    return "\n".join(
        f"{name}:\n{_lines(pairs, item)}\n{name}_concat: {concat}"  # type: ignore[arg-type]
        for name, pairs in cells
    )


CHOICES = list(zip(_EDGES, _OPERATIONS, strict=True))


def _nested(outer: int, inner: int) -> dict[int, dict[int, str]]:
    """The operations by one end of their edges, and then by the other."""
    found: dict[int, dict[int, str]] = {}
    for edge, operation in CHOICES:
        found.setdefault(int(edge[outer]), {})[int(edge[inner])] = operation
    return found


ARROWS = [(f"{edge[2]}<-{edge[0]}", operation) for edge, operation in CHOICES]
BLOCKS = [
    ("nasbench201", "Configuration:\n" + _lines(ARROWS, "  {}, Value: {!r}") + "\n", "edges"),
    ("nasbench201", _lines(CHOICES, "{}: {}"), "edges"),
    ("nasbench201", "---\n" + _lines(CHOICES[::-1], "'{}': {}  # an edge") + "\n", "edges"),
    ("nasbench201", "cell:\n" + _lines(CHOICES, "  {}: {}"), "edges"),
    ("nasbench201", f"name: infer.tiny\nC: 16\narch_str: {CELL}\n", "network_config"),
    ("nasbench201", _lines(CHOICES, "- {1}"), "operations"),
    ("darts", _genotype("  - [{}, {}]", "[2, 3, 4, 5]"), "genotype"),
    ("darts", _genotype("- - {}\n  - {}", "\n- 2\n- 3\n- 4\n- 5"), "genotype"),
    ("darts", _genotype("- ['{}',\n   {}]", "{2, 3, 4, 5}"), "genotype"),
    ("darts", GENOTYPE.replace("range(2, 6)", "{5, 2, 3, 4}"), "genotype"),
    ("darts", GENOTYPE.replace("range(2, 6)", "set(range(2, 6))"), "genotype"),
    ("darts", GENOTYPE.replace("range(2, 6)", "frozenset({2, 3, 4, 5})"), "genotype"),
    ("nasbench201", str([(int(e[0]), int(e[2]), op) for e, op in CHOICES[::-1]]), "edge_list"),
    ("nasbench201", str([(int(e[0]), int(e[2]), {"op": op}) for e, op in CHOICES]), "edge_list"),
    ("nasbench201", str([((int(e[0]), int(e[2])), op) for e, op in CHOICES]), "edge_list"),
    ("nasbench201", str({(int(e[0]), int(e[2])): {"op": op} for e, op in CHOICES}), "edges"),
    ("nasbench201", str(_nested(2, 0)), "edges"),
    ("nasbench201", str(_nested(0, 2)), "edges"),
    (
        "nasbench201",
        str([{"from": int(e[0]), "to": int(e[2]), "operation": op} for e, op in CHOICES]),
        "edge_list",
    ),
    ("nasbench201", str([_OPERATIONS[:1], _OPERATIONS[1:3], _OPERATIONS[3:]]), "nodes"),
    ("nasbench201", _lines(CHOICES, "{} = {}"), "edges"),
    ("nasbench201", str({f"x{e[0]}->x{e[2]}": op for e, op in CHOICES}), "edges"),
    ("darts", re.sub(r"\('(\w+)', (\d)\)", r"(\2, '\1')", GENOTYPE), "genotype"),
    ("darts", GENOTYPE.replace("range(2, 6)", "[*range(2, 6)]"), "genotype"),
    ("darts", GENOTYPE.replace("range(2, 6)", "'[2, 3, 4, 5]'"), "genotype"),
    ("darts", GENOTYPE.replace("range(2, 6)", "None"), "genotype"),
    ("nasbench201", f"arch = CellStructure(4 nodes with {CELL})", "official_string"),
    ("nasbench201", f"<TopologyStructure(4 nodes with {CELL})>", "official_string"),
]


@pytest.mark.parametrize(("name", "text", "notation"), BLOCKS)
def test_blocks_of_lines_sets_and_prints(name: str, text: str, notation: str) -> None:
    space = plugins.load("space", name)
    own = {"nasbench201": CELL, "darts": GENOTYPE}[name]
    reading = space.read(text)
    assert np.array_equal([reading.genes], space.from_text([own]))
    assert reading.notation.name == notation


@pytest.mark.parametrize(
    ("name", "text", "own"),
    [
        *(
            ("nasbench201", text, "284")
            for text in (
                "arch_index: 284",
                "index 284",
                "[284]",
                "idx=284",
                "000284-FULL.pth",
                "#284",
            )
        ),
        *(
            ("darts", text, GENOTYPE)
            for text in (
                f">>> {GENOTYPE}",
                GENOTYPE.replace("Genotype", "Namespace"),
                GENOTYPE.replace("range(2, 6), reduce=", "sorted({5, 2, 4, 3}), reduce="),
                GENOTYPE.replace("range", "xrange"),
                f"Genotype(normal={_by_node(_NORMAL, 2)}, reduce={_by_node(_REDUCE, 0)})",
            )
        ),
        *(
            ("nats_size", text, "8:16:24:32:64")
            for text in (
                *("8-16-24-32-64", "8x16x24x32x64", "8 16 24\t32 64", "('8:16:24:32:64',)"),
                '{"channels": [8, 16, 24, 32, 64]}',
            )
        ),
        ("nasbench101", MODULE.replace(":", ","), MODULE),
        ("nasbench101", MODULE.replace(":", "\t"), MODULE),
        (
            "nasbench101",
            f"{np.array(list(map(int, MODULE[:25]))).reshape(5, 5)}\n{MODULE[26:].split(',')}",
            MODULE,
        ),
    ],
)
def test_other_spellings(name: str, text: str, own: str) -> None:
    space = plugins.load("space", name)
    assert np.array_equal(space.from_text([text]), space.from_text([own]))


def test_a_number_behind_a_label_could_mean_anything() -> None:
    space = plugins.load("space", "nasbench201")
    for text in ("epoch: 284", "INFO: 284", "[02:02:25] accuracy = 28.4", "8:16:24:32:65"):
        with pytest.raises(InvalidArchitectureError):
            space.read(text)
    with pytest.raises(InvalidArchitectureError):
        plugins.load("space", "nats_size").read("[INFO] 8:16:24:32:65")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nasbench201", GENOTYPE, r"another space: darts \(genotype\)"),
        ("darts", CELL, r"another space: nasbench201 \(official_string\)"),
        ("nasbench201", MODULE, r"another space: nasbench101 \(matrix_string\)"),
        ("darts", "8:16:24:32:64", r"another space: nats_size \(channels\)"),
        ("nasbench201", "Genotype(normal=[('none', 0)])", r"a genotype of DARTS \(space darts\)"),
    ],
)
def test_a_text_of_another_space_is_named(name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=said):
        plugins.load("space", name).read(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("('skip_connect', 1), ", ""),
            r"7 pairs .* expected 8, two for each of 4 nodes; the last",
        ),
        (
            ("[('sep_conv_5x5', 0), ('skip_connect', 1)", "[[('sep_conv_5x5', 0), ('zero', 1)]"),
            "one by itself: dil_conv_3x3,1; node 3 needs a list of two",
        ),
        (
            ("('skip_connect', 1), ('dil_conv_3x3', 1), ('sep_conv_3x3', 2), ", ""),
            "5 pairs .* one is missing before dil_conv_5x5,3, the pair 3, which would be of node 3",
        ),
    ],
)
def test_a_stray_pair_of_a_cell_is_named(change: tuple[str, str], said: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=said):
        plugins.load("space", "darts").read(GENOTYPE.replace(*change, 1))
