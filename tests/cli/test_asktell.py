"""``nascast ask`` and ``nascast tell``: JSON over a folder that the other commands read."""

import io
import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]
SPACE = ["--space", "nasbench201", "--strategy", "random"]


def test_the_commands(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "run"
    status, text, _ = cli("ask", folder, *SPACE, "-n", "2", "--evaluations", "4")
    asked = json.loads(text)
    assert (status, [c["id"] for c in asked["candidates"]], asked["left"]) == (0, [0, 1], 2)
    assert asked["candidates"][0]["architecture"].startswith("|")
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 1, "error": "out of memory"}'))
    assert json.loads(cli("tell", folder)[1])["best"] is None
    text = cli("tell", folder, "--id", "0", "--metric", "val_accuracy=93.5", "--seconds", "60")[1]
    assert json.loads(text)["best"]["metrics"] == {"val_accuracy": 93.5}
    text = cli("ask", folder, "--arch", "0-0-0-1-0-0", "--epochs", "3", "--as", "genes")[1]
    assert json.loads(text)["candidates"][0] | {"id": 2} == {
        **{"id": 2, "architecture": "0-0-0-1-0-0", "genes": [0, 0, 0, 1, 0, 0]},
        **{"epochs": 3, "outside": True},
    }
    told = json.loads(cli("tell", folder, "--arch", "3-3-3-3-3-3", "--metric", "val_accuracy=9")[1])
    assert (told["told"][0]["id"], told["over"], told["pending"]) == (3, True, [2])
    assert json.loads(cli("ask", folder, "--pending")[1])["candidates"][0]["id"] == 2
    assert json.loads(cli("ask", folder, "--evaluations", "9")[1])["candidates"][0]["id"] == 4
    # The other commands on such a folder.
    status, table, _ = cli("trials", folder)
    assert (status, table.count("random-0,random,0,")) == (0, 3)
    assert cli("report", folder)[0] == 0
    assert "out of memory" in (folder / "report.html").read_text()


def test_mistakes_are_a_line_and_give_nothing_out(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert cli("ask", folder, *SPACE)[0] == 0
    for words, told in (
        (["ask", tmp_path / "other"], "--space NAME"),
        (["ask", tmp_path / "other", "--seed", "1"], "--space NAME"),
        (["ask", tmp_path / "other", "--space", "nothing"], "nothing"),
        (["ask", tmp_path / "other", *SPACE, "--metric", "fitness"], "fitness:maximize"),
        (["ask", folder, "--seed", "1"], "seed was 0, is 1"),
        (["ask", folder, "--as", "poem"], "no notation 'poem'"),
        (["ask", folder, "-n", "0"], "at least 1"),
        (["ask", folder, "--pending", "-n", "2"], "leave out -n"),
        (["ask", folder, "--epochs", "3"], "--arch"),
        (["ask", folder, "--arch", "9-9"], "expected"),
        (["tell", folder, "--id", "5", "--metric", "val_accuracy=1"], "pending are 0"),
        (["tell", folder, "--id", "0", "--metric", "val_accuracy"], "NAME=VALUE"),
        (["tell", folder, "--id", "0", "--metric", "val_accuracy=9_3"], "NAME=VALUE"),
        (["tell", folder, "--id", "0", "--metric", "val_accuracy=\u0669\u0663"], "NAME=VALUE"),
        (
            ["tell", folder, "--id", "0", *("--metric", "val_accuracy=1") * 2],
            "NAME=VALUE such as val_accuracy=93.1, each once",
        ),
        (["tell", folder, "--metric", "val_accuracy=1"], "--id of a candidate"),
        (["search", "--out", folder, "--resume", "--benchmark", "nb201-mini"], "another search"),
    ):
        status, _, error = cli(*words)
        assert (status, told in error) == (2, True), (words, error)
    assert json.loads(cli("ask", folder, "--pending")[1])["pending"] == [0]
    assert not (tmp_path / "other").exists()


TWICE = '{"id": 1, "id": 0, "metrics": {"val_accuracy": 3}}'


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "3", '[{"id": 0, "accuracy": 3}]', '{"id": "0"}', TWICE]
)
def test_what_is_no_result(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    cli("ask", tmp_path, *SPACE)
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status, _, error = cli("tell", tmp_path)
    assert (status, "expected" in error) == (2, True)


def test_optuna_drives_a_search(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="optuna is not installed")
    example = Path(__file__).parents[2] / "examples" / "optuna_search.py"
    best = runpy.run_path(str(example))["search"](str(tmp_path))
    assert best.evaluation.metrics["val_accuracy"] > 85
