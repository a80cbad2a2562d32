"""How others write cells of NAS-Bench-201, one small parser for each notation."""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from nascast.core.literal import Literal, LiteralError, parse_literal
from nascast.core.notation import OFFICIAL_INDEX, Notation
from nascast.core.wrapping import ARCHITECTURE
from nascast.spaces.nasbench201.cell import EDGES, NONE, OPERATIONS, SKIP
from nascast.spaces.nasbench201.terms import EDGE, NAMES, OPERATION, pairs_in, read_terms

__all__ = ["DIALECTS"]

_NNI = {"nor_conv_1x1": "conv_1x1", "nor_conv_3x3": "conv_3x3"}
_CELLS = len(OPERATIONS) ** len(EDGES)

# NASLib, search_spaces/nasbench201/conversions.py: its edges from the first vertex come first.
_NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_NASLIB_OPERATIONS = (SKIP, NONE, 3, 2, 4)

_FROM, _TO = ("from", "start", "source", "src", "u"), ("to", "stop", "target", "dst", "v")
_OF = ("op", "operation", "op_name", "label", "name", "_value", "_name")
_HOLDING = ("parameters", "parameter", "params", "hyperparameters", "sample")  # of a trial
_LISTED = ("links", "edges", "edge_list")  # NetworkX, node_link_data
_UNBRACED = re.compile(rf"[\s\[(-]*['\"]?{EDGE}['\"]?\s*[:=,]\s*['\"]?[A-Za-z]")
_EDGE_KEY = re.compile(
    r"(?:.*\D)?([0-9])\s*(<-|←|=>|[\s_]*to[\s_]*|[-_,:~>→\s]+)\s*[A-Za-z]*_?([0-9])\W*"
    r"|(?:(?:e|edge|op|x|n|node|cell)[_/-]?)?([0-9])([0-9])",  # e01
    re.DOTALL,
)


def _operation(item: Literal) -> int:
    """Returns the gene of an operation's name."""
    if item.listed:  # NNI may put a choice into a list of one
        (item,) = item.items(1, "an operation")
    name = item.word("the name of an operation")
    gene = NAMES.get(name.lower())
    if gene is None:
        known = ", ".join(OPERATIONS)
        raise LiteralError(f"unknown operation {name!r}; known are {known}", item.at)
    return gene


@cache
def _official_order() -> tuple[int, ...]:
    """Returns the code of each official index: the cells, shuffled.

    All cells in the order of their genes are shuffled by Python's generator with the seed 88
    (``traverse_net`` in the authors' ``exps/NATS-Bench/main-tss.py``,
    https://github.com/D-X-Y/AutoDL-Projects).
    """
    codes = list(range(_CELLS))
    random.Random(88).shuffle(codes)
    return tuple(codes)


@cache
def _official_places() -> dict[int, int]:
    return {code: index for index, code in enumerate(_official_order())}


def _read_index(text: str) -> list[int]:
    written = re.fullmatch(OFFICIAL_INDEX, text)
    if not written:
        raise LiteralError("expected a number, such as 284 or arch_index: 284")
    index = int(written["index"])
    if index >= _CELLS:
        raise LiteralError(f"expected an index from 0 to {_CELLS - 1}; got {index}")
    code = _official_order()[index]
    return [code // 5**place % 5 for place in reversed(range(len(EDGES)))]


def _write_index(row: Sequence[int]) -> str:
    code = 0
    for gene in row:
        code = 5 * code + gene
    return str(_official_places()[code])


def _read_edges(text: str) -> list[int]:
    """Reads a dictionary whose keys name two vertices, counted from 0 or from 1, in any order."""
    if _UNBRACED.match(text):
        text = "{" + ", ".join(f'"{edge}": "{name}"' for edge, name in pairs_in(text)) + "}"
    given = _named_one(parse_literal(text))
    listed = [v for k, v in given.keyed or () if str(k) in _LISTED and v.listed and v.items()]
    if len(listed) == 1:
        return _of_list(listed[0])
    found: dict[tuple[int, int], Literal] = {}
    for key, value in _by_edge(given.fields()):
        ends = _EDGE_KEY.fullmatch(key)
        if not ends:
            continue  # a setting that is no edge, such as the epochs of a training
        first, arrow, second = int(ends[1] or ends[4]), ends[2], int(ends[3] or ends[5])
        edge = (second, first) if arrow in ("<-", "←") else (first, second)
        if edge in found:
            raise LiteralError(f"the edge {edge[0]}→{edge[1]} is there twice", value.at)
        found[edge] = value
    named = {edge: _operation(_named(value)) for edge, value in found.items()}
    return _in_order(named, given)


def _in_order(found: Mapping[tuple[int, int], int], given: Literal) -> list[int]:
    """Returns the genes of six edges between vertices that are counted from 0, or from 1."""
    first = min((start for start, _ in found), default=0)
    edges = [(start + min(first, 1), stop + min(first, 1)) for start, stop in EDGES]
    if found.keys() != set(edges):
        wrong = [f"no {a}→{b}" for a, b in edges if (a, b) not in found]
        wrong += [f"a {a}→{b}" for a, b in found if (a, b) not in edges]
        raise LiteralError(
            f"expected the six edges {', '.join(f'{a}→{b}' for a, b in edges)}; "
            f"there is {', '.join(wrong)}",
            given.at,
        )
    return [found[edge] for edge in edges]


def _named_one(given: Literal) -> Literal:
    """Returns the dictionary under an architecture's name, or under any if it is all there is."""
    keyed = given.keyed or ()
    if any(_EDGE_KEY.fullmatch(str(key)) for key, _ in keyed):
        return given
    dictionaries = [(str(key).lower(), value) for key, value in keyed if value.keyed is not None]
    for names in (ARCHITECTURE, _HOLDING):
        inside = [value for key, value in dictionaries if len(keyed) == 1 or key in names]
        if inside:
            return inside[0] if len(inside) == 1 else given
    return given


def _by_edge(fields: Mapping[str, Literal]) -> Iterator[tuple[str, Literal]]:
    """Yields keys and values of a dictionary, or of those inside of it by either end of edges."""
    for key, value in fields.items():
        if not key.isdigit() or value.keyed is None:
            yield key, value
            continue
        for other, operation in value.fields().items():
            yield "_".join(sorted((key, other))), operation


def _named(operation: Literal) -> Literal:
    """Returns the name of an operation that stands in a dictionary of its own."""
    keyed = operation.keyed is not None
    return _any(operation, operation.fields(), _OF) if keyed else operation


def _write_edges(row: Sequence[int]) -> str:
    names = [_NNI.get(OPERATIONS[gene], OPERATIONS[gene]) for gene in row]
    return json.dumps({f"{a}_{b}": name for (a, b), name in zip(EDGES, names, strict=True)})


def _write_hpobench(row: Sequence[int]) -> str:
    ends = zip(EDGES, row, strict=True)
    return json.dumps({f"{b}<-{a}": OPERATIONS[gene] for (a, b), gene in ends})


def _read_syne_tune(text: str) -> list[int]:
    fields = parse_literal(text).fields()
    keys = [f"hp_x{i}" for i in range(len(EDGES))]
    missing = [key for key in keys if key not in fields]
    if missing:
        raise LiteralError(f"expected the keys hp_x0 to hp_x5; there is no {missing[0]}")
    return [_operation(fields[key]) for key in keys]


def _write_syne_tune(row: Sequence[int]) -> str:
    return json.dumps({f"hp_x{i}": OPERATIONS[gene] for i, gene in enumerate(row)})


def _read_list(text: str) -> list[int]:
    return [_operation(item) for item in parse_literal(text).items(len(EDGES), "six operations")]


def _write_list(row: Sequence[int]) -> str:
    return str([OPERATIONS[gene] for gene in row])


def _read_naslib(text: str) -> list[int]:
    """Reads numbers or names of classes in the order of NASLib's edges."""
    by_edge: dict[tuple[int, int], int] = {}
    items = parse_literal(text).items(len(EDGES), "six operations")
    for edge, item in zip(_NASLIB_EDGES, items, strict=True):
        if isinstance(item.value, str) and not item.value.isdigit():
            by_edge[edge] = _operation(item)
            continue
        number = item.whole("the number of an operation")
        if not 0 <= number < len(OPERATIONS):
            raise LiteralError(f"operations are 0 to 4; got {number}", item.at)
        by_edge[edge] = _NASLIB_OPERATIONS[number]
    return [by_edge[edge] for edge in EDGES]


def _write_naslib(row: Sequence[int]) -> str:
    by_edge: Mapping[tuple[int, int], int] = dict(zip(EDGES, row, strict=True))
    return str(tuple(_NASLIB_OPERATIONS.index(by_edge[edge]) for edge in _NASLIB_EDGES))


def _read_nodes(text: str) -> list[int]:
    """Reads three lists of (operation, vertex it reads)."""
    found: dict[tuple[int, int], int] = {}
    nodes = parse_literal(text).items(3, "the three nodes 1, 2 and 3")
    for stop, node in enumerate(nodes, start=1):
        for place, pair in enumerate(node.items(stop, f"the inputs of node {stop}")):
            if isinstance(pair.value, str):  # in the order of the nodes it reads
                found[place, stop] = _operation(pair)
                continue
            operation, start = pair.items(2, "an operation and the node it reads")
            edge = (start.whole("a node"), stop)
            if edge not in EDGES or edge in found:
                raise LiteralError(
                    f"node {stop} reads each of 0 to {stop - 1} once; got {edge[0]}", start.at
                )
            found[edge] = _operation(operation)
    return [found[edge] for edge in EDGES]


def _read_edge_list(text: str) -> list[int]:
    """Reads six edges: (start, stop, operation), also as NetworkX prints them, or dictionaries."""
    return _of_list(parse_literal(text))


def _of_list(edges: Literal) -> list[int]:
    found: dict[tuple[int, int], int] = {}
    for item in edges.items(len(EDGES), "six edges"):
        if item.keyed is not None:
            fields = item.fields()
            start, stop = _ends(item, fields)
            operation = _any(item, fields, _OF)
        else:
            parts = item.items()
            if len(parts) == 2 and parts[0].listed:  # ((start, stop), operation)
                parts = (*parts[0].items(), parts[1])
            if len(parts) != 3:
                raise LiteralError("expected an edge: start, stop and operation", item.at)
            start, stop, operation = parts
            if isinstance(start.value, str) and not start.value.isdigit():  # the operation first
                operation, start, stop = parts
        edge = (start.whole("a node"), stop.whole("a node"))
        if not 0 <= edge[0] < edge[1] <= len(EDGES) or edge in found:
            raise LiteralError(
                f"there is one edge from each of 0 to 3 to later ones; got {edge}", item.at
            )
        found[edge] = _operation(_named(operation))
    return _in_order(found, edges)


def _ends(item: Literal, fields: Mapping[str, Literal]) -> tuple[Literal, Literal]:
    """Returns start and stop of an edge, which may be one field: (0, 1), or 0_1."""
    edge = fields.get("edge")
    if edge is None:
        return _any(item, fields, _FROM), _any(item, fields, _TO)
    if edge.listed:
        start, stop = edge.items(2, "start and stop of an edge")
        return start, stop
    ends = re.fullmatch(r"([0-9])\s*(?:[-_,>]|->|→)\s*([0-9])", edge.word("an edge"))
    if not ends:
        raise LiteralError(f"expected an edge such as 0_1; got {edge}", edge.at)
    return Literal(edge.at, int(ends[1])), Literal(edge.at, int(ends[2]))


def _any(item: Literal, fields: Mapping[str, Literal], names: Sequence[str]) -> Literal:
    """Returns the field that has one of some names."""
    for name in names:
        if name in fields:
            return fields[name]
    raise LiteralError(f"there is none of {', '.join(names)}", item.at)


def _write_edge_list(row: Sequence[int]) -> str:
    return str([(*edge, OPERATIONS[gene]) for edge, gene in zip(EDGES, row, strict=True)])


def _read_matrix(text: str) -> list[int]:
    """Reads the matrix of ``str2matrix``: row j has the operations of the edges that end in j."""
    rows = [
        row.items(4, "a row of a 4×4 matrix")
        for row in parse_literal(text).items(4, "a 4×4 matrix")
    ]
    numbers = [[item.whole("the number of an operation") for item in row] for row in rows]
    for stop, row in enumerate(rows):
        for start, item in enumerate(row):
            number = numbers[stop][start]
            if (start, stop) not in EDGES and number:
                raise LiteralError(
                    f"row {stop} reads earlier vertices only, and has zeros from column {stop} on; "
                    f"got {number} in column {start}",
                    item.at,
                )
            if not 0 <= number < len(OPERATIONS):
                known = ", ".join(f"{i} {name}" for i, name in enumerate(OPERATIONS))
                raise LiteralError(f"operations are {known}; got {number}", item.at)
    return [numbers[stop][start] for start, stop in EDGES]


def _write_matrix(row: Sequence[int]) -> str:
    matrix = [[0] * 4 for _ in range(4)]
    for (start, stop), gene in zip(EDGES, row, strict=True):
        matrix[stop][start] = gene
    return str(matrix)


def _write_nodes(row: Sequence[int]) -> str:
    nodes: list[list[tuple[str, int]]] = [[], [], []]
    for (start, stop), gene in zip(EDGES, row, strict=True):
        nodes[stop - 1].append((OPERATIONS[gene], start))
    return str(nodes)


DIALECTS = (
    Notation(
        "official_index",
        "the official index, 0 to 15624",
        re.compile(OFFICIAL_INDEX),
        _read_index,
        _write_index,
    ),
    Notation(
        "syne_tune",
        "a configuration of Syne Tune, hp_x0 to hp_x5 in the order of the official string",
        re.compile(r"\s*(\w+\s*=\s*)?[{\w].*hp_x[0-9]", re.DOTALL),
        _read_syne_tune,
        _write_syne_tune,
    ),
    Notation(
        "edges",
        "a dictionary of edges, as NNI (0_1) and HPOBench (1<-0) write it",
        re.compile(
            r"\s*(\w+\s*=\s*)?(\{|(\w*[dD]ict|Configuration|mappingproxy|Namespace)\()(?!.*(hp_x[0-9]|arch_str))"
            rf"|{_UNBRACED.pattern}",
            re.DOTALL,
        ),
        _read_edges,
        _write_edges,
    ),
    Notation(
        "hpobench",
        "a configuration of HPOBench, 1<-0 to 3<-2",
        re.compile(r"(?!)"),  # `edges` reads it too
        _read_edges,
        _write_hpobench,
    ),
    Notation(
        "edge_list",
        "a list of edges (start, stop, operation), also as NetworkX prints them",
        re.compile(
            r"\s*(\w+\s*=\s*)?[\[(]\s*"
            r"([\[(]\s*[\[(]?\s*[0-9]\s*,\s*[0-9]\s*[\])]?\s*,\s*(['\"{]|[A-Za-z])|\{"
            r"|[\[(]\s*['\"]?[A-Za-z]\w*['\"]?\s*,\s*[0-9]\s*,\s*[0-9])"
        ),
        _read_edge_list,
        _write_edge_list,
    ),
    Notation(
        "nodes",
        "lists of (operation, input) of each node, as CellStructure keeps them",
        re.compile(r"\s*(\w+\s*=\s*)?[\[(]\s*[\[(](?!\s*[\[(]?\s*[0-9])"),
        _read_nodes,
        _write_nodes,
    ),
    Notation(
        "matrix",
        "the 4×4 matrix of str2matrix, whose row j has the operations that feed vertex j "
        f"({', '.join(f'{i} {name}' for i, name in enumerate(OPERATIONS))})",
        re.compile(r"\s*(\w+\s*=\s*)?[\[(]\s*[\[(]\s*[0-9]"),
        _read_matrix,
        _write_matrix,
    ),
    Notation(
        "operations",
        "six names of operations in the order of the official string",
        re.compile(
            r"\s*(\w+\s*=\s*)?([\[(]\s*['\"]?(none|skip_|nor_|conv|avg_)"
            r"|['\"]?(none|skip_|nor_|conv|avg_)\w*['\"]?\s*,)"
        ),
        _read_list,
        _write_list,
    ),
    Notation(
        "naslib",
        "six operations in the order of NASLib's edges (0→1, 0→2, 0→3, 1→2, 1→3, 2→3), by name "
        "or by number (0 Identity, 1 Zero, 2 ReLUConvBN3x3, 3 ReLUConvBN1x1, 4 AvgPool1x1)",
        re.compile(
            r"\s*(\w+\s*=\s*)?([\[(]\s*['\"]?(Identity|Zero|ReLU|AvgPool|[0-9])"
            r"|['\"]?(Identity|Zero|ReLU|AvgPool)\w*['\"]?\s*,|[0-9](\.0*)?[)\s]*,)"
        ),
        _read_naslib,
        _write_naslib,
    ),
    Notation(
        "terms",
        "the official string with other signs, or none, between its terms",
        re.compile(rf"[\s|\[]*({OPERATION})\s*[~:@_]\s*[0-2](?!\w)", re.IGNORECASE),
        read_terms,
    ),
)
