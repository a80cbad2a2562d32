"""The genotype of DARTS as text: ``Genotype(normal=[…], normal_concat=…, reduce=[…], …)``.

It is how cells of blocks are printed by much of the field, also those of other spaces than DARTS.
"""

import re
from dataclasses import dataclass

from nascast.core.literal import Literal, LiteralError, parse_literal
from nascast.core.wrapping import ARCHITECTURE

__all__ = ["GENOTYPE", "CellText", "Side", "read_cells"]

GENOTYPE = r"\s*(\w+\s*=\s*)?(\w+\.)*\w*Genotype\w{0,20}\s*\(|[\s\S]{0,200}?\bnormal\b['\"]?\s*[=:]"
_FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")
_SAME = {
    **dict.fromkeys(("reduction", "reduce_cell", "reduction_cell", "cell_reduce"), "reduce"),
    **dict.fromkeys(("normal_cell", "cell_normal"), "normal"),
    "reduction_concat": "reduce_concat",
}
_CALL = re.compile(r"\w*(genotype|namespace)\w*|OrderedDict", re.IGNORECASE)
_OPERATION = ("op", "operation", "op_name", "name", "label")
_STATE = ("input", "from", "state", "src", "source", "node", "index")
_FED = ("to", "target", "dst", "dest", "output", "stop")


@dataclass(frozen=True, slots=True)
class Side:
    """One operation of a node, and the state it reads.

    Attributes:
        operation: as it is written.
        state: 0 is the output of the last cell but one, 1 that of the last cell.
        at: its place in the text.
    """

    operation: str
    state: int
    at: int


@dataclass(frozen=True, slots=True)
class CellText:
    """One cell of a genotype.

    Attributes:
        name: ``normal`` or ``reduce``.
        nodes: the two sides of each node.
        outputs: the states that are concatenated, ascending; None where nothing is said.
        at: where they stand in the text.
    """

    name: str
    nodes: tuple[tuple[Side, Side], ...]
    outputs: tuple[int, ...] | None
    at: int


def read_cells(text: str, nodes: int) -> tuple[CellText, CellText]:
    """Returns the normal and the reduction cell of a genotype.

    The pairs of a cell stand in one list, or grouped by nodes; lists may be tuples, and the outputs
    a list or a range in any order. A dictionary with the same keys is read too, and the two cells
    in a list, or all four fields, as JSON has a named tuple. A pair may be a dictionary, or have as
    a third the node that it feeds, or the weight that the search gave it, as GDAS prints them.

    Args:
        text: what is printed, with or without a name before it.
        nodes: of each cell.

    Raises:
        LiteralError: naming what was expected, and where.
    """
    whole = _only(parse_literal(text))
    if whole.name and not _CALL.fullmatch(whole.name):
        raise LiteralError(f"expected Genotype(…); got {whole}", whole.at)
    if whole.listed and len(whole.items()) == 2:
        fields = dict(zip(("normal", "reduce"), whole.items(), strict=True))
    elif whole.listed and len(whole.items()) == len(_FIELDS):
        fields = dict(zip(_FIELDS, whole.items(), strict=True))
    else:
        fields = whole.fields(*_FIELDS)
    for key in set(fields) & set(_SAME):
        if _SAME[key] in fields:
            raise LiteralError(f"there is {key} and {_SAME[key]}; expected one", fields[key].at)
        fields[_SAME[key]] = fields.pop(key)
    for key, value in fields.items():
        if key not in _FIELDS:
            raise LiteralError(f"unknown field {key!r}; known are {', '.join(_FIELDS)}", value.at)
    for key in ("normal", "reduce"):
        if key not in fields:
            raise LiteralError(f"there is no {key} cell", whole.at)
    first, second = (_cell(fields, name, nodes) for name in ("normal", "reduce"))
    return first, second


def _only(whole: Literal) -> Literal:
    """Returns the genotype that is all that a list or dictionary has, or its architecture."""
    if whole.listed and len(whole.items()) == 1:
        return whole.items()[0]
    keyed = () if whole.name else whole.keyed or ()
    inside = [v for k, v in keyed if _is_genotype(v) and str(k).lower() in ARCHITECTURE]
    alone = [v for _, v in keyed if _is_genotype(v)] if len(keyed) == 1 else []
    return (inside or alone or [whole])[0] if len(inside) < 2 else whole


def _is_genotype(value: Literal) -> bool:
    names = {str(key) for key, _ in value.keyed or ()}
    return bool(value.name and _CALL.fullmatch(value.name)) or "normal" in names


def _cell(fields: dict[str, Literal], name: str, nodes: int) -> CellText:
    cell = _by_node(fields[name], nodes)
    listed = _pairs(cell.items(None, f"a list of pairs for the {name} cell"), name)
    if len(listed) != 2 * nodes:
        raise LiteralError(
            f"the {name} cell has {len(listed)} pairs of operation and input; expected "
            f"{2 * nodes}, two for each of {nodes} nodes{_odd(listed)}",
            fields[name].at,
        )
    sides = [_side(item, 2 + i // 2, name) for i, item in enumerate(listed)]
    concat = fields.get(f"{name}_concat")
    outputs = None
    if concat is not None and concat.value is None and concat.keyed is None:
        concat = None  # nothing is said, as without the field
    if concat is not None:
        outputs = tuple(sorted(item.whole("a state") for item in _listed(concat).items()))
    pairs = tuple(zip(sides[::2], sides[1::2], strict=True))
    return CellText(name, pairs, outputs, concat.at if concat else fields[name].at)


def _by_node(cell: Literal, nodes: int) -> Literal:
    """Returns the list of a cell that is a dictionary by nodes, counted from 2, or from 0 or 1."""
    if cell.keyed is None:
        return cell
    found = {_node(key): value for key, value in cell.keyed}
    counted = [list(range(first, first + nodes)) for first in (0, 1, 2)]
    if sorted(found) not in counted or len(found) < len(cell.keyed):
        raise LiteralError(f"expected the nodes 2 to {1 + nodes}, or a list", cell.at)
    return Literal(cell.at, tuple(found[node] for node in sorted(found)))


def _node(key: Literal) -> int:
    """Returns the number of a node, as in 2 or ``node_2``."""
    named = re.fullmatch(r"(?:node|step|block)[\s_-]?([0-9])", str(key))
    return int(named[1]) if named else key.whole("a node")


def _listed(value: Literal) -> Literal:
    """Returns a list that may be written as a text in quotes."""
    return parse_literal(value.value) if isinstance(value.value, str) else value


def _pairs(listed: tuple[Literal, ...], name: str) -> tuple[Literal, ...]:
    """Returns the pairs of a cell, which may be grouped by nodes."""
    if len(listed) == 1 and listed[0].listed:  # in brackets once more
        listed = listed[0].items()
    listed = tuple(_halved(item) for item in listed)
    grouped = [item.listed and _is_node(item) for item in listed]  # and not a pair
    if not any(grouped):
        return listed
    for node, (item, is_node) in enumerate(zip(listed, grouped, strict=True), start=2):
        if not is_node:
            raise LiteralError(
                f"the pairs of the {name} cell are grouped by nodes, but here is one by itself: "
                f"{item}; node {node} needs a list of two",
                item.at,
            )
        item.items(2, f"the pairs of node {node} of the {name} cell")
    return tuple(pair for item in listed for pair in item.items())


def _halved(item: Literal) -> Literal:
    """Returns a node of operation, input, operation and input as two pairs; others as they are."""
    parts = item.items() if item.listed else ()
    if [type(part.value) for part in parts] != [str, int, str, int]:
        return item
    return Literal(item.at, tuple(Literal(p[0].at, p) for p in (parts[:2], parts[2:])))


def _odd(listed: tuple[Literal, ...]) -> str:
    """Returns in words the first pair from which on nodes do not get two pairs each, if one is.

    A node reads two earlier states; the first pair that reads a later one comes too early.
    """
    for i, item in enumerate(listed):
        pair = item.items() if item.listed else ()
        last = pair[1].value if len(pair) == 2 else None
        if isinstance(last, int) and last >= 2 + i // 2:
            return (
                f"; one is missing before {item}, the pair {i + 1}, which would be of node "
                f"{2 + i // 2}, and that comes before the state {last}"
            )
    return f"; the last is {listed[-1]}" if listed else ""


def _parts(item: Literal, place: str) -> tuple[Literal, ...]:
    """Returns operation, state and, where it is told, the node fed; or the values of a list."""
    if item.keyed is None:
        return item.items(None, f"a pair of operation and input at {place}")
    fields = item.fields()
    found = [[fields[key] for key in names if key in fields] for names in (_OPERATION, _STATE)]
    if [len(values) for values in found] != [1, 1]:
        raise LiteralError(
            f"expected an operation ({', '.join(_OPERATION)}) and an input ({', '.join(_STATE)}) "
            f"at {place}; the keys are {', '.join(fields)}",
            item.at,
        )
    return found[0][0], found[1][0], *(fields[key] for key in _FED if key in fields)


def _is_node(item: Literal) -> bool:
    return any(part.listed or part.keyed is not None for part in item.items())


def _is_weight(part: Literal) -> bool:
    """Whether it is between 0 and 1, which no node is."""
    return isinstance(part.value, float) and 0 < part.value < 1


def _side(item: Literal, node: int, cell: str) -> Side:
    place = f"node {node} of the {cell} cell"
    parts = list(_parts(item, place))
    if len(parts) == 3 and _is_weight(parts[2]):
        parts.pop()
    if len(parts) == 3 and not isinstance(parts[1].value, str):  # with the node that it feeds
        fed = parts.pop(2 if isinstance(parts[0].value, str) else 1)
        if fed.whole("a node") != node:
            raise LiteralError(f"expected what feeds {place}; this feeds {fed}", item.at)
    if len(parts) != 2:
        raise LiteralError(
            f"expected a pair of operation and input at {place}, 2 values; got {len(parts)}",
            item.at,
        )
    operation, state = parts
    if isinstance(operation.value, int) and isinstance(state.value, str):
        operation, state = state, operation
    return Side(
        operation.word(f"an operation at {place}"), state.whole(f"a state at {place}"), item.at
    )
