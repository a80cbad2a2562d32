"""No command replaces a file that is not its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nascast.studies.journal import Journal

Cli = Callable[..., tuple[int, str, str]]
CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
SEARCH = ["search", "--benchmark", "nb201-mini", "--strategy", "random", "--evaluations", "3"]
COMPARE = ["compare", "--benchmark", "nb201-mini", "--predictors", "params", "--trials", "1"]


@pytest.fixture
def searched(cli: Cli, tmp_path: Path) -> Path:
    assert cli(*SEARCH, "--out", tmp_path / "run")[0] == 0
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("words", "option", "name"),
    [
        (["show", CELL], "--picture", "cell.svg"),
        (["report", "run"], "--out", "both.html"),
        (["trials", "run"], "--out", "trials.csv"),
    ],
)
def test_a_file_is_replaced_by_force_alone(
    words: list[str],
    option: str,
    name: str,
    cli: Cli,
    searched: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(searched.parent)
    assert cli(*words, option, name)[0] == 0
    Path(name).write_text("mine")
    code, _, err = cli(*words, option, name)
    assert (code, Path(name).read_text()) == (2, "mine")
    assert f"add --force to replace it, or choose another {option}" in err
    assert cli(*words, option, name, "--force")[0] == 0
    assert Path(name).read_text() != "mine"


@pytest.mark.parametrize("words", [["show", CELL, "--force"], ["report", "run", "--force"]])
def test_force_without_a_file_is_refused(words: list[str], cli: Cli) -> None:
    code, _, err = cli(*words)
    assert (code, "--force is for --" in err) == (2, True)


def test_the_page_of_a_search_is_kept_current(cli: Cli, searched: Path) -> None:
    (searched / "report.html").write_text("older")
    assert cli("report", searched)[0] == 0
    assert (searched / "report.html").read_text() != "older"


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (SEARCH, "report.html"),
        (SEARCH, "study.json"),
        (COMPARE, "search.json"),
        (COMPARE, "results.parquet"),
        (["reproduce", "unique-networks"], "report.html"),
        (["train", "--space", "nasbench201", "--architecture", CELL], "model.safetensors"),
    ],
)
def test_results_of_others_are_no_place_for_results(
    words: list[str], there: str, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / there).write_text("mine")
    code, _, err = cli(*words, "--out", tmp_path)
    assert code == 2
    assert f"holds {there}, which this command did not write" in err
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_build_replaces_its_own_table_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.nascast").write_text("mine")
    words = ["benchmark", "build", "--images", "none.npz", "--out", tmp_path / "mine.nascast"]
    code, _, err = cli(*words)
    assert (code, "add --force to replace it" in err) == (2, True)
    assert "none.npz" in cli(*words, "--force")[2]
    for name in ("mine.trainings", "elsewhere"):
        (tmp_path / name).mkdir()
        Journal(tmp_path / name / "trainings.jsonl").append({"genes": [0], "seed": 0})
    assert "none.npz" in cli(*words)[2]
    assert "add --force to replace it" in cli(*words, "--folder", tmp_path / "elsewhere")[2]
    assert (tmp_path / "mine.nascast").read_text() == "mine"
