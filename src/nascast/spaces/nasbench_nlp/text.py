"""Recipes of NAS-Bench-NLP as text: the JSON objects of the official records."""

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nascast.core.document import read_document
from nascast.core.literal import LiteralError, parse_literal
from nascast.core.notation import Notation
from nascast.core.types import Genes
from nascast.spaces.nasbench_nlp.rows import (
    FIRST_NODE,
    INPUTS,
    NODES,
    OPERATIONS,
    STATES,
    join,
    names_of,
    parts,
    problem,
)

__all__ = ["PYTHON", "parse", "quick", "write"]

_FORM = 'a JSON object of nodes, as in {"h_new_0": {"op": "linear", "input": ["x", "h_prev_0"]}}'

_READABLE = {"x": 1, **{f"h_prev_{k}": 2 + k for k in range(STATES)}}
_GENES = {operation: 1 + i for i, operation in enumerate(OPERATIONS)}
_NAMES: dict[str, int | None] = {  # of nodes as they are written, and the gene of a new state
    **dict.fromkeys((f"node_{i}" for i in range(NODES)), None),
    **{f"h_new_{k}": NODES * (1 + INPUTS) + k for k in range(STATES)},
}


def write(row: Genes) -> str:
    """Returns a valid row, shape ``(99,)``, as a JSON object in the order of its genes."""
    ops, inputs, _ = (part[0].tolist() for part in parts(row[None]))
    names = names_of(row)
    readable = ["x", *(f"h_prev_{k}" for k in range(STATES)), *names]
    nodes = {
        name: {
            "op": OPERATIONS[op - 1],
            "input": [readable[value - 1] for value in read if value],
        }
        for name, op, read in zip(names, ops, inputs, strict=True)
        if op
    }
    return json.dumps(nodes)


def quick(text: str) -> list[int] | None:
    """Returns the genes of a text of the form that `write` has, or None, faster than `parse`.

    Whether the row is valid is not checked.
    """
    try:
        nodes = json.loads(text)
        whole = text.count('"op"') == text.count('"input"') == len(nodes) <= NODES
        if "\\" in text or not whole or not nodes:  # else no name can be there twice unnoticed
            return None
        row = [0] * (NODES * (1 + INPUTS) + STATES)
        value = dict(_READABLE)
        for i, (name, spec) in enumerate(nodes.items()):
            read = spec["input"]
            at = i * (1 + INPUTS)
            if len(spec) > 2 or len(read) > INPUTS or type(read) is not list or name in value:
                return None
            row[at] = _GENES[spec["op"]]
            row[at + 1 : at + 1 + len(read)] = [value[source] for source in read]
            value[name] = FIRST_NODE + i
            if (state := _NAMES[name]) is not None:
                row[state] = i + 1
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return row


def parse(text: str) -> Genes:
    """Returns the row, shape ``(99,)``, of a recipe.

    Nodes become genes in the order of the text, except that a node that is read before it is
    written comes earlier: the next node is always the first one whose inputs are all there.

    Raises:
        ValueError: the text is no recipe; the message says why, and the caller adds the text.
    """
    nodes = _nodes(text)
    order = _ordered(nodes)
    value = {"x": 1, **{f"h_prev_{k}": 2 + k for k in range(STATES)}}
    value |= {name: FIRST_NODE + i for i, name in enumerate(order)}
    ops = np.zeros((1, NODES), dtype=np.int16)
    inputs = np.zeros((1, NODES, INPUTS), dtype=np.int16)
    states = np.zeros((1, STATES), dtype=np.int16)
    for i, name in enumerate(order):
        op, read = nodes[name]
        ops[0, i] = 1 + OPERATIONS.index(op)
        inputs[0, i, : len(read)] = [value[source] for source in read]
        if found := re.fullmatch(r"h_new_(\d+)", name):
            states[0, int(found[1])] = i + 1
    row = np.asarray(join(ops, inputs, states)[0])
    wrong = problem(row, [*order, *[""] * (NODES - len(order))])
    if wrong:
        raise ValueError(wrong)
    return row


def _nodes(text: str) -> dict[str, tuple[str, list[str]]]:
    """Returns operation and inputs by name, of nodes that are well formed one by one."""
    try:
        found = read_document(text)
    except json.JSONDecodeError:
        raise ValueError(f"expected {_FORM}") from None
    except RecursionError:
        raise ValueError(f"expected {_FORM}; this is nested too deeply") from None
    if not isinstance(found, dict) or not 0 < len(found) <= NODES:
        raise ValueError(f"expected {_FORM}, with 1 to {NODES} nodes")
    return {name: _node(name, spec) for name, spec in found.items()}


def _node(name: str, spec: Any) -> tuple[str, list[str]]:
    if name == "x" or re.fullmatch(r"h_prev_\d+", name):
        raise ValueError(f"{name!r} is an input, and no node may have its name")
    if re.fullmatch(r"h_new_\d+", name) and name not in {f"h_new_{k}" for k in range(STATES)}:
        raise ValueError(f"{name!r} is not a state; allowed are h_new_0 to h_new_{STATES - 1}")
    if not isinstance(spec, dict) or spec.keys() != {"op", "input"}:
        raise ValueError(f"node {name!r} should have 'op' and 'input'")
    op, read = spec["op"], spec["input"]
    if op not in OPERATIONS:
        raise ValueError(
            f"unknown operation {op!r} of node {name!r}; known are {', '.join(OPERATIONS)}"
        )
    if not isinstance(read, list) or not all(isinstance(source, str) for source in read):
        raise ValueError(f"the input of node {name!r} should be a list of names; got {read!r}")
    if len(read) > INPUTS:
        raise ValueError(f"node {name!r} has {len(read)} inputs; {INPUTS} at most are allowed")
    return op, read


def _ordered(nodes: dict[str, tuple[str, list[str]]]) -> list[str]:
    """Returns the names of the nodes, each after those of its inputs."""
    bases = {"x", *(f"h_prev_{k}" for k in range(STATES))}
    for name, (_, read) in nodes.items():
        for source in read:
            if source not in nodes and source not in bases:
                raise ValueError(
                    f"node {name!r} reads {source!r}, which is not defined; allowed are other "
                    f"nodes, {', '.join(sorted(bases))}"
                )
    order: list[str] = []
    waiting = list(nodes)
    ready = bases
    while waiting:
        free = next((name for name in waiting if ready.issuperset(nodes[name][1])), None)
        if free is None:
            raise ValueError(f"there is a cycle: node {waiting[0]!r} can never be computed")
        waiting.remove(free)
        order.append(free)
        ready = ready | {free}
    return order


def _read_python(text: str) -> list[int]:
    """Reads a dictionary as Python prints it, also one in the ``recepie`` of an official log."""
    whole = parse_literal(text)
    fields = whole.fields()
    inside = next((fields[key] for key in ("recepie", "recipe") if key in fields), whole)
    for key, node in inside.fields().items():
        if node.keyed is None:
            raise LiteralError(f"node {key!r} should have 'op' and 'input'", node.at)
    try:
        row: list[int] = parse(json.dumps(inside.plain())).tolist()
    except ValueError as error:
        raise LiteralError(str(error)) from None
    return row


def _write_python(row: Sequence[int]) -> str:
    return str(json.loads(write(np.asarray(row, dtype=np.int16))))


PYTHON = Notation(
    "python",
    "a recipe as Python prints it, or in an official log",
    re.compile(r"\s*(\w+\s*=\s*)?(\{|dict\(|OrderedDict\()"),
    _read_python,
    _write_python,
)
