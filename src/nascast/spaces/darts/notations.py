"""How DARTS cells are written, one small parser for each notation."""

import json
import re
from collections.abc import Callable, Iterator, Sequence

from nascast.core.literal import Literal, LiteralError, parse_literal
from nascast.core.notation import Notation
from nascast.spaces._genotypes import Side, read_cells
from nascast.spaces.darts.cell import CELLS, NODES, OPERATIONS, PAIRS

__all__ = ["DIALECTS", "read_genotype"]

Cells = Sequence[Sequence[tuple[Side, Side]]]

_SPELLED = {  # operations by their names in small letters and without signs, as others write them
    **{name.replace("_", ""): i for i, name in enumerate(OPERATIONS)},
    **{name.replace("_", "").replace("pool", "pooling"): i for i, name in enumerate(OPERATIONS)},
    **dict.fromkeys(("identity", "skip", "skipconnection"), OPERATIONS.index("skip_connect")),
}
_PREFIX = "NetworkSelectorDatasetInfo:darts:"
_EDGES = (0, 2, 5, 9)  # the number of a node's first edge in NAS-Bench-301, states 2 to 5


def read_genotype(text: str) -> list[int]:
    """Returns the genes of a genotype; see `nascast.spaces._genotypes`.

    Raises:
        LiteralError: naming the node, what is allowed there, and the place.
    """
    cells = read_cells(text, NODES)
    for cell in cells:
        if cell.outputs not in (None, (2, 3, 4, 5)):
            assert cell.outputs is not None
            raise LiteralError(
                f"{cell.name}_concat is {', '.join(map(str, cell.outputs))}; expected the states "
                "2 to 5 in any order, since every node is output",
                cell.at,
            )
    return _genes([cell.nodes for cell in cells])


def _genes(cells: Cells) -> list[int]:
    row: list[int] = []
    for name, nodes in zip(CELLS, cells, strict=True):
        for node, sides in enumerate(nodes, start=2):
            row += _node(sides, node, f"node {node} of the {name} cell")
    return row


def _node(sides: tuple[Side, Side], node: int, place: str) -> list[int]:
    found = []
    for side in sides:
        number = _SPELLED.get(re.sub(r"[\s_-]", "", side.operation.lower()))
        if number is None:
            raise LiteralError(
                f"{place} has the unknown operation {side.operation!r}; "
                f"known are {', '.join(OPERATIONS)}",
                side.at,
            )
        if not 0 <= side.state < node:
            raise LiteralError(f"{place} reads {side.state}; allowed are 0 to {node - 1}", side.at)
        found.append((side.state, number, side.at))
    (low, first, _), (high, second, at) = sorted(found, key=lambda read: read[0])
    if low == high:
        raise LiteralError(
            f"{place} reads {low} twice; allowed are two different ones of 0 to {node - 1}", at
        )
    return [PAIRS.index((low, high)), first, second]


def _sides(row: Sequence[int]) -> Iterator[tuple[str, int, int, int, str]]:
    """Yields cell, node, which of its sides, the state it reads, and the operation."""
    for at in range(0, len(row), 3):
        cell, node = CELLS[at // (3 * NODES)], 2 + at // 3 % NODES
        for side, state in enumerate(PAIRS[row[at]]):
            yield cell, node, side, state, OPERATIONS[row[at + 1 + side]]


def _write_nested(row: Sequence[int]) -> str:
    cells: dict[str, list[list[tuple[str, int]]]] = {name: [] for name in CELLS}
    for cell, _, side, state, operation in _sides(row):
        if not side:
            cells[cell].append([])
        cells[cell][-1].append((operation, state))
    parts = [f"{name}={cells[name]}, {name}_concat=range(2, 6)" for name in CELLS]
    return f"Genotype({', '.join(parts)})"


def _read_configuration(text: str) -> list[int]:
    """Reads choices of NAS-Bench-301; those of edges that no node reads may be there or not."""
    whole = parse_literal(text)
    fields = {_last(key): value for key, value in whole.fields().items()}
    cells = []
    for cell in CELLS:
        nodes = []
        for node in range(2, 2 + NODES):
            states = (0, 1) if node == 2 else _states(fields, f"inputs_node_{cell}_{node}", whole)
            first, second = (
                _choice(fields, f"edge_{cell}_{_EDGES[node - 2] + state}", state, whole)
                for state in states
            )
            nodes.append((first, second))
        cells.append(nodes)
    return _genes(cells)


def _last(key: str) -> str:
    """Returns a key without ``NetworkSelectorDatasetInfo:darts:`` or what else is before it."""
    found = re.search(r"(?:edge|inputs_node)_(?:normal|reduce)_[0-9]+$", key)
    return found[0] if found else key


def _states(fields: dict[str, Literal], key: str, whole: Literal) -> tuple[int, int]:
    value = _field(fields, key, whole)
    found = re.fullmatch(r"([0-9])_([0-9])", str(value.value))
    if not found:
        raise LiteralError(f"expected two states such as 0_2 for {key}; got {value}", value.at)
    if not int(found[1]) < int(found[2]) < int(key[-1]):
        last = int(key[-1]) - 1
        raise LiteralError(f"{key} is {value}; states are 0 to {last}, ascending", value.at)
    return int(found[1]), int(found[2])


def _choice(fields: dict[str, Literal], key: str, state: int, whole: Literal) -> Side:
    value = _field(fields, key, whole)
    return Side(value.word(f"an operation for {key}"), state, value.at)


def _field(fields: dict[str, Literal], key: str, whole: Literal) -> Literal:
    if key not in fields:
        raise LiteralError(f"there is no {key}", whole.at)
    return fields[key]


def _write_configuration(row: Sequence[int]) -> str:
    found: dict[str, str] = {}
    for cell, node, side, state, operation in _sides(row):
        found[f"{_PREFIX}edge_{cell}_{_EDGES[node - 2] + state}"] = operation
        if node > 2:
            key = f"{_PREFIX}inputs_node_{cell}_{node}"
            found[key] = f"{found[key]}_{state}" if side else str(state)
    return json.dumps(found)


def _read_nni(text: str) -> list[int]:
    whole = parse_literal(text)
    fields = whole.fields()
    cells = []
    for cell in CELLS:
        nodes = []
        for node in range(2, 2 + NODES):
            first, second = (_nni_side(fields, cell, f"{node}_{side}", whole) for side in (0, 1))
            nodes.append((first, second))
        cells.append(nodes)
    return _genes(cells)


def _nni_side(fields: dict[str, Literal], cell: str, place: str, whole: Literal) -> Side:
    operation = _field(fields, f"{cell}/op_{place}", whole)
    state = _field(fields, f"{cell}/input_{place}", whole)
    if state.listed:
        (state,) = state.items(1, "one input")
    return Side(operation.word("an operation"), state.whole("a state"), operation.at)


def _write_nni(row: Sequence[int]) -> str:
    found: dict[str, str | int] = {}
    for cell, node, side, state, operation in _sides(row):
        found[f"{cell}/op_{node}_{side}"] = operation
        found[f"{cell}/input_{node}_{side}"] = state
    return json.dumps(found)


def _read_naslib(text: str) -> list[int]:
    """Reads two cells of eight pairs of state and operation, both as numbers."""
    cells = []
    for cell in parse_literal(text).items(2, "a normal and a reduction cell"):
        sides = [_naslib_side(pair) for pair in cell.items(2 * NODES, "pairs of state, operation")]
        cells.append(list(zip(sides[::2], sides[1::2], strict=True)))
    return _genes(cells)


def _naslib_side(pair: Literal) -> Side:
    state, operation = pair.items(2, "a pair of state and operation")
    number = operation.whole("the number of an operation")
    if not 0 <= number < len(OPERATIONS):
        known = ", ".join(f"{i} {name}" for i, name in enumerate(OPERATIONS))
        raise LiteralError(f"unknown operation {number}; NASLib's are {known}", operation.at)
    return Side(OPERATIONS[number], state.whole("a state"), pair.at)


def _write_naslib(row: Sequence[int]) -> str:
    cells: dict[str, list[tuple[int, int]]] = {name: [] for name in CELLS}
    for cell, _, _, state, operation in _sides(row):
        cells[cell].append((state, OPERATIONS.index(operation)))
    return str(tuple(tuple(cells[name]) for name in CELLS))


def _notation(
    name: str,
    about: str,
    looks: str,
    read: Callable[[str], list[int]],
    write: Callable[[Sequence[int]], str],
) -> Notation:
    return Notation(name, about, re.compile(looks, re.DOTALL), read, write)


DIALECTS = (
    _notation(
        "nested_genotype",
        "a genotype whose pairs are grouped by nodes",
        "(?!)",  # the space's own notation reads it too
        read_genotype,
        _write_nested,
    ),
    _notation(
        "nasbench301",
        "a configuration of NAS-Bench-301, also as YAHPO Gym writes it",
        r"\s*[\w{].*?(edge|inputs_node)_(normal|reduce)_[0-9]",
        _read_configuration,
        _write_configuration,
    ),
    _notation(
        "nni",
        "a dictionary of NNI, normal/op_2_0 to reduce/input_5_1",
        r"\s*[\w{].*?(normal|reduce)/(op|input)_[0-9]",
        _read_nni,
        _write_nni,
    ),
    _notation(
        "naslib",
        "NASLib's compact form, pairs of state and operation as numbers "
        f"({', '.join(f'{i} {name}' for i, name in enumerate(OPERATIONS))})",
        r"\s*(\w+\s*=\s*)?[\[(]\s*[\[(]\s*[\[(]\s*[0-9]",
        _read_naslib,
        _write_naslib,
    ),
)
