"""``nascast show``: notations, counts and conversion."""

import json
from pathlib import Path
from typing import Any

import pytest

CELL = "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
DEAD = "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"


def facts(cli: Any, *words: str) -> dict[str, Any]:
    code, out, err = cli("show", *words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_counts_depth_and_memory(cli: Any) -> None:
    found = facts(cli, CELL)
    assert found["multiply_adds"] == found["live_multiply_adds"] == 47_104_640
    assert found["parameters"] == 344_346
    assert found["depth"] == 1 + 4 + 1 + 15 * 2
    assert found["memory_bytes"] == found["weight_bytes"] + found["activation_bytes"]
    assert found["weight_bytes"] > 4 * found["parameters"]
    code, out, _ = cli("show", CELL)
    assert code == 0
    assert "47,104,640" in out
    assert "official_string" in out


def test_dead_operations_stand_in_one_count_only(cli: Any) -> None:
    found = facts(cli, DEAD)
    assert (found["multiply_adds"], found["live_multiply_adds"]) == (47_104_640, 11_715_200)


def test_another_skeleton(cli: Any) -> None:
    small = facts(cli, CELL, "--skeleton", "channels=8,cells=1")
    assert small["depth"] == 1 + 4 + 1 + 3 * 2
    assert small["parameters"] < 50_000
    assert "channels=8, cells=1" in small["network"]
    code, _, err = cli("show", CELL, "--skeleton", "width=3")
    assert code == 2
    assert "the skeleton takes channels" in " ".join(err.split())


@pytest.mark.parametrize("text", ["284", "284.0"])
def test_an_official_index(cli: Any, text: str) -> None:
    found = facts(cli, text)
    assert found["notation"] == "official_index"
    assert found["text"].startswith("|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor")


def test_conversion(cli: Any) -> None:
    code, out, _ = cli("show", CELL, "--as", "naslib")
    assert (code, out) == (0, "(3, 1, 0, 4, 1, 2)\n")
    found = facts(cli, "(3, 1, 0, 4, 1, 2)", "--from", "naslib", "--as", "official_string")
    assert found["converted"] == {"notation": "official_string", "text": CELL}
    code, _, err = cli("show", CELL, "--as", "nasbench")
    assert code == 2
    assert "it has official_string, official_index" in " ".join(err.split())


def test_a_space_of_recurrent_cells_counts_a_word(cli: Any) -> None:
    recipe = '{"h_new_0": {"op": "linear", "input": ["x", "h_prev_0"]}}'
    found = facts(cli, recipe, "--space", "nasbench_nlp", "--skeleton", "embedding=8,hidden=8")
    assert found["network"].startswith("one of 10,000 words; ")
    assert found["multiply_adds"] > 8 * 10_000


@pytest.mark.parametrize(
    ("notation", "good"), [(None, False), ("naslib", True), ("genes", True), ("nodes", False)]
)
def test_an_import_of_tuples_needs_their_notation(
    cli: Any, tmp_path: Path, notation: str | None, good: bool
) -> None:
    file = tmp_path / "some.csv"
    file.write_text('arch,acc\n"(3, 1, 0, 4, 1, 2)",90.5\n"(4, 4, 4, 4, 4, 4)",80\n')
    words = ["--architecture", "arch", "--metric", "test_accuracy=acc,epoch=200"]
    words += ["--notation", notation] if notation else []
    code, _, err = cli("benchmark", "import", file, *words, "--out", tmp_path / "t.nascast")
    assert (code == 0) == good
    assert good or "line 2" in err
