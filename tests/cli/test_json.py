"""With ``--json`` every command prints one JSON document by RFC 8259, and nothing else."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nascast
from nascast.cli.list import Kind

Cli = Callable[..., tuple[int, str, str]]
CELL = "4-4-4-4-1-2"


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    "words",
    [
        *(["list", str(kind)] for kind in Kind),
        ["benchmark", "list"],
        ["benchmark", "info", "nb201-mini"],
        ["benchmark", "info", "nbnlp_logs"],
        ["benchmark", "info", "nasbench301"],
        ["recommend", "--init", "2h", "--query", "3s"],
        ["recommend", "--init", "1s", "--query", "1ms"],
        ["reproduce", "--list"],
        ["show", CELL, "--benchmark", "nb201-mini"],
        ["show", "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"],
    ],
    ids=" ".join,
)
def test_what_is_printed_is_a_document(cli: Cli, words: list[str]) -> None:
    status, text, error = cli(*words, "--json")
    assert status == 0, error
    assert strict(text)


def test_unknown_numbers_are_null(cli: Cli, tmp_path: Path) -> None:
    """Of trials that failed or took unknown seconds, in every listing of their folder."""
    search = nascast.AskTell(tmp_path, nascast.Plan("nasbench201", strategy="random"))
    search.ask(2)
    metrics = {"val_accuracy": 9.0, "val_loss": float("nan"), "test_loss": float("inf")}
    search.tell([nascast.Result(0, metrics=metrics), nascast.Result(1, error="out of memory")])
    rows = strict(cli("trials", tmp_path, "--json")[1])
    assert [(row["val_loss"], row["test_loss"], row["seconds"]) for row in rows] == [
        (None,) * 3
    ] * 2
    again = strict(cli("tell", tmp_path, "--arch", "3-3-3-3-3-3", "--error", "no")[1])
    assert again["best"]["metrics"] == {"val_accuracy": 9.0, "val_loss": None, "test_loss": None}


def test_no_command_writes_json_of_its_own() -> None:
    """That of Python has NaN and Infinity."""
    files = sorted((Path(nascast.__file__).parent / "cli").glob("*.py"))
    dumps = [
        file.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("dumps", "dump")
    ]
    assert (len(files) > 20, dumps) == (True, [])
