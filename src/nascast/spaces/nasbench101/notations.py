"""How cells of NAS-Bench-101 are written, one small parser for each notation."""

import json
import math
import re
from collections.abc import Mapping, Sequence

from nascast.core.literal import Literal, LiteralError, parse_literal
from nascast.core.notation import Notation
from nascast.core.wrapping import ARCHITECTURE
from nascast.spaces.nasbench101.cells import EDGES, VERTICES
from nascast.spaces.nasbench101.matrix import ENDS, MOST, NAMES, OPERATIONS, row_of_matrix

__all__ = ["DIALECTS"]

_MATRIX = ("matrix", "module_adjacency", "adjacency", "adjacency_matrix", "adj", "fixed_adjacency")
_EDGES = ("edges", "edge_list", "links")
_DIGITS = re.compile(  # no two parts of it can take one character, so that it is quick
    r"(?:(?:\w+\.)*(?:array|tensor)\()?(?P<digits>\[*[01][\s,;:/|_\-\[\]()01.]*)"
    r"(?P<labels>['\"]?(?:input|in)\b[\w\s,;|'\"\])-]*)",
    re.IGNORECASE,
)
_LABELS = ("ops", "operations", "module_operations", "labels")
_SPARE = {  # names that beside those above are of something else
    _MATRIX: ("adj_matrix", "original_matrix"),
    _LABELS: ("op", "nodes", "vertices", "node_ops", "original_ops"),
}


def _read_lists(text: str) -> list[int]:
    """Reads a matrix and operations, in whatever brackets, in this order or by their names."""
    text = text.strip()
    depth = 0
    for at, mark in enumerate(text):  # a colon between the texts of two columns of a table
        depth += (mark in "[(") - (mark in "])")
        named = mark == ":" and re.fullmatch(r"\s*[A-Za-z_]\w*\s*", text[:at])
        if mark == "{" or (mark == "=" and not depth) or named:
            break
        if mark == ":" and not depth:
            operations = _second(text[at + 1 :], at + 1)
            return row_of_matrix(_first(text[:at]), operations)
    whole = _module(parse_literal(text))
    if whole.listed:
        matrix, labels = whole.items(2, "a matrix and operations")
        if _is_named(matrix) and not _is_named(labels):
            matrix, labels = labels, matrix
    else:
        fields = whole.fields("matrix", "ops")
        labels = _one_of(fields, _LABELS, whole)
        edges = [fields[name] for name in _EDGES if name in fields]
        if edges and not fields.keys() & set(_MATRIX):  # beside a matrix it may be their number
            return row_of_matrix(_of_edges(edges[0], len(_words(labels))), _words(labels))
        matrix = _one_of(fields, _MATRIX, whole)
    return row_of_matrix(_numbers(matrix), _words(labels))


def _is_named(labels: Literal) -> bool:
    """Whether it is a list of operations."""
    known = (*NAMES, *ENDS)
    return labels.listed and all(str(item).lower() in known for item in labels.items())


def _module(whole: Literal) -> Literal:
    """Returns the dictionary that a record has under an architecture's name, or the record."""
    keyed = whole.keyed or ()
    inside = [v for k, v in keyed if v.keyed is not None and len(keyed) == 1]
    inside += [v for k, v in keyed if (v.keyed is not None or v.listed) and _is_module(str(k))]
    said = {str(key) for key, _ in keyed} & {*_MATRIX, *_EDGES, *_LABELS}
    return inside[0] if len({v.at for v in inside}) == 1 and not said else whole


def _is_module(key: str) -> bool:
    return key.lower() in ARCHITECTURE


def _of_edges(edges: Literal, vertices: int) -> list[list[int]]:
    """Returns the matrix of a list of edges between numbered vertices."""
    matrix = [[0] * vertices for _ in range(vertices)]
    for edge in edges.items(None, "a list of edges"):
        start, stop = (item.whole("a vertex") for item in edge.items(2, "an edge"))
        if not (0 <= start < stop < vertices) or matrix[start][stop]:
            raise LiteralError(
                f"expected each edge once, from a vertex to a later one of {vertices}; got "
                f"{start}→{stop}",
                edge.at,
            )
        matrix[start][stop] = 1
    return matrix


def _first(text: str) -> list[list[int]]:
    if digits := re.fullmatch(r"\s*([01]+)\s*", text):
        return _square([int(digit) for digit in digits[1]], 0)
    return _numbers(parse_literal(text))


def _second(text: str, at: int) -> list[str]:
    if re.match(r"\s*[\w.]*[\[(]", text):
        try:
            return _words(parse_literal(text))
        except LiteralError as error:
            raise LiteralError(error.why, at + (error.at or 0)) from None
    return text.split(",")


def _one_of(fields: Mapping[str, Literal], names: tuple[str, ...], whole: Literal) -> Literal:
    found = [name for name in names if name in fields]
    found = found or [name for name in _SPARE[names] if name in fields]
    if len(found) != 1:
        known = ", ".join(fields) or "none"
        raise LiteralError(f"expected one of {', '.join(names)}; the keys are {known}", whole.at)
    return fields[found[0]]


def _numbers(matrix: Literal) -> list[list[int]]:
    """Returns a matrix that is a list of rows, one list of all its values, or digits."""
    if isinstance(matrix.value, str):
        return _square([_bit(Literal(matrix.at, digit)) for digit in matrix.value], matrix.at)
    items = matrix.items(None, "a matrix")
    if not any(item.listed or isinstance(item.value, str) for item in items):
        return _square([_bit(item) for item in items], matrix.at)
    if not 2 <= len(items) <= MOST:
        raise LiteralError(f"a matrix has 2 to {MOST} rows; got {len(items)}", matrix.at)
    rows = []
    for i, item in enumerate(items):
        values = list(item.value) if isinstance(item.value, str) else item.items(None, "a row")
        if len(values) != len(items):
            raise LiteralError(
                f"row {i} has {len(values)} values; the matrix has {len(items)} rows", item.at
            )
        rows.append([_bit(v if isinstance(v, Literal) else Literal(item.at, v)) for v in values])
    return rows


def _bit(item: Literal) -> int:
    number = item.whole("0 or 1")
    if number not in (0, 1):
        raise LiteralError(f"expected 0 or 1; got {number}", item.at)
    return number


def _square(bits: Sequence[int], at: int) -> list[list[int]]:
    """Returns the matrix of all its values row by row, or of those above the diagonal."""
    for size in range(2, MOST + 1):
        if len(bits) == size * size:
            return [list(bits[i * size : (i + 1) * size]) for i in range(size)]
    size = (1 + math.isqrt(1 + 8 * len(bits))) // 2
    if size < 2 or size * (size - 1) // 2 != len(bits) or size > MOST:
        raise LiteralError(f"{len(bits)} values are neither a square matrix nor half of one", at)
    values = iter(bits)
    return [[next(values) if stop > start else 0 for stop in range(size)] for start in range(size)]


def _words(labels: Literal) -> list[str]:
    if isinstance(labels.value, str):
        return labels.value.split(",")
    for item in labels.items():
        name = item.word("the name of an operation")
        if name.lower() not in NAMES and name.lower() not in ENDS:
            raise LiteralError(
                f"unknown operation {name!r}; known are {', '.join(OPERATIONS)}", item.at
            )
    return [item.word() for item in labels.items()]


def _read_upper(text: str) -> list[int]:
    """Reads the digits above the diagonal, with the operations to tell them from a matrix."""
    written, _, rest = text.partition(":")
    digits, labels = "".join(written.split()), rest.split(",")
    size = len(labels)
    if len(digits) not in (size * size, size * (size - 1) // 2):
        raise LiteralError(
            f"there are {size} operations and {len(digits)} digits; expected {size * size}, or "
            f"{size * (size - 1) // 2} above the diagonal"
        )
    return row_of_matrix(_square([int(digit) for digit in digits], 0), labels)


def _read_digits(text: str) -> list[int]:
    """Reads the digits of a matrix, whatever signs are between them, and then operations."""
    found = _DIGITS.fullmatch(text.strip())
    if not found:
        raise LiteralError("expected digits 0 and 1, and then names of operations")
    if sign := re.search("[^01]-[01]", found["digits"]):
        raise LiteralError(f"expected digits 0 and 1; got {sign[0][1:]}")
    whole = re.sub(r"(?<=[01])\.0*(?![0-9.])", "", found["digits"])  # NumPy prints 1. and 1.0
    if "." in whole:
        raise LiteralError("expected digits 0 and 1; got a fraction")
    digits = [int(digit) for digit in re.findall("[01]", whole)]
    labels = re.findall(r"[\w-]+", found["labels"])
    if len(digits) != len(labels) ** 2 and len(digits) != (len(labels) + 2) ** 2:
        raise LiteralError(
            f"there are {len(labels)} operations and {len(digits)} digits; expected as many as the "
            "square of the number of vertices"
        )
    return row_of_matrix(_square(digits, 0), labels)


def _write_upper(row: Sequence[int]) -> str:
    labels = ",".join(_operations(row))
    return f"{''.join(map(str, row[: len(EDGES)]))}:{labels}"


def _operations(row: Sequence[int]) -> list[str]:
    return ["input", *(OPERATIONS[gene] for gene in row[len(EDGES) :]), "output"]


def _write_lists(row: Sequence[int]) -> str:
    matrix = [[0] * VERTICES for _ in range(VERTICES)]
    for (start, stop), bit in zip(EDGES, row, strict=False):
        matrix[start][stop] = bit
    return json.dumps({"matrix": matrix, "ops": _operations(row)})


def _read_nni(text: str) -> list[int]:
    """Reads ``op1`` … and ``input1`` …, where vertex k has the operation opk and reads inputk."""
    whole = parse_literal(text)
    fields = whole.fields()
    matches = [re.fullmatch(r"input([0-9]{1,2})", key) for key in fields]
    inputs = sorted(int(found[1]) for found in matches if found)
    size = len(inputs) + 1
    if inputs != list(range(1, size)) or not 2 <= size <= MOST:
        raise LiteralError("expected input1, input2 … without a gap", whole.at)
    matrix = [[0] * size for _ in range(size)]
    for stop in inputs:
        for item in fields[f"input{stop}"].items(None, "a list of vertices"):
            start = item.whole("a vertex")
            if not 0 <= start < stop:
                raise LiteralError(
                    f"vertex {stop} reads earlier ones, 0 to {stop - 1}; got {start}", item.at
                )
            matrix[start][stop] = 1
    operations = []
    for vertex in range(1, size - 1):
        if f"op{vertex}" not in fields:
            raise LiteralError(f"there is no op{vertex}", whole.at)
        operations.append(fields[f"op{vertex}"].word("the name of an operation"))
    return row_of_matrix(matrix, operations)


def _write_nni(row: Sequence[int]) -> str:
    found: dict[str, str | list[int]] = {}
    for i, gene in enumerate(row[len(EDGES) :], start=1):
        found[f"op{i}"] = OPERATIONS[gene]
    for v in range(1, VERTICES):
        edges = zip(EDGES, row, strict=False)
        found[f"input{v}"] = [start for (start, stop), bit in edges if bit and stop == v]
    return json.dumps(found)


def _read_hpobench(text: str) -> list[int]:
    whole = parse_literal(text)
    fields = whole.fields()
    keys = [f"edge_{i}" for i in range(len(EDGES))]
    labels = [f"op_node_{i}" for i in range(VERTICES - 2)]
    for key in (*keys, *labels):
        if key not in fields:
            raise LiteralError(f"expected edge_0 to edge_20 and op_node_0 to op_node_4; no {key}")
    bits = [_bit(fields[key]) for key in keys]
    return row_of_matrix(_square(bits, whole.at), [fields[key].word() for key in labels])


def _write_hpobench(row: Sequence[int]) -> str:
    found: dict[str, str | int] = {f"edge_{i}": bit for i, bit in enumerate(row[: len(EDGES)])}
    found |= {f"op_node_{i}": OPERATIONS[gene] for i, gene in enumerate(row[len(EDGES) :])}
    return json.dumps(found)


def _read_hash(text: str) -> list[int]:
    raise LiteralError(
        "a hash does not say which cell it is of; convert the official benchmark, whose table has "
        "the cells, or give matrix and operations"
    )


DIALECTS = (
    Notation(
        "module_hash",
        "the official hash of a cell",
        re.compile(r"\s*[0-9a-fA-F]{32}\s*$"),
        _read_hash,
    ),
    Notation(
        "upper_triangle",
        "the 1, 3, 6, 10, 15 or 21 digits above the diagonal of a matrix, and operations",
        re.compile(
            r"\s*(?=[01][01\s]*:)(?![01]{4}:|[01]{9}:|[01]{16}:|[01]{25}:|[01]{36}:|[01]{49}:)"
        ),
        _read_upper,
        _write_upper,
    ),
    Notation(
        "nni",
        "a dictionary of NNI, op1 to op5 and input1 to input6",
        re.compile(r"\s*[\w{].*?\binput[0-9]", re.DOTALL),
        _read_nni,
        _write_nni,
    ),
    Notation(
        "hpobench",
        "a configuration of HPOBench, edge_0 to edge_20 and op_node_0 to op_node_4",
        re.compile(r"\s*[\w{].*?\b(edge|op_node)_[0-9]", re.DOTALL),
        _read_hpobench,
        _write_hpobench,
    ),
    Notation(
        "matrix",
        "a matrix and operations as lists, as JSON, or as ModelSpec(matrix=…, ops=…)",
        re.compile(
            r"\s*[\[({]|[01\s]+:|[\s\S]{0,200}?\b(matrix|module_adjacency|adj|edges|ModelSpec)"
        ),
        _read_lists,
        _write_lists,
    ),
    Notation(
        "digits",
        "the digits of a matrix with any signs between them, and operations",
        re.compile(r"(?i:[\w.]+\()?\[*[01][\s,;:/|_\-\[\]()01.]*['\"]?(?i:input|in)\b"),
        _read_digits,
    ),
)
