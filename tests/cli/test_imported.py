"""Tables as people have them, from the file to the search."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.table import Table, read_table
from nascast.spaces.nasbench201 import NasBench201

Cli = Callable[..., tuple[int, str, str]]
CELLS = (
    "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
    "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
    "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
)
ROWS = NasBench201().from_text(list(CELLS))


@pytest.fixture
def add(cli: Cli, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Writes a file and imports it; returns the status, and what was said."""

    def call(
        text: str, *words: str, architecture: str = "arch", force: bool = True
    ) -> tuple[int, str]:
        (tmp_path / "input.csv").write_text(text)
        out = tmp_path / "mine.nascast"
        code, said, wrong = cli(
            *("benchmark", "import", tmp_path / "input.csv", "--architecture", architecture),
            *(*words, "--out", out, *(["--force"] if force else [])),
        )
        return code, said + wrong

    return call


def table(folder: Path) -> Table:
    return read_table(folder / "mine.nascast")


def search(cli: Cli, folder: Path, *words: str) -> tuple[int, str, str]:
    return cli(
        *("search", "--strategy", "random", "--benchmark", folder / "mine.nascast"),
        *("--seeds", "1", *words, "--out", folder / "run"),
    )


def test_a_table_is_replaced_only_if_asked(add: Any, tmp_path: Path) -> None:
    text = f"arch,acc\n{CELLS[0]},50\n"
    words = ("--metric", "val_accuracy=acc")
    assert add(text, *words, force=False)[0] == 0
    before = (tmp_path / "mine.nascast").read_bytes()
    code, said = add(text.replace("50", "60"), *words, force=False)
    assert (code, "add --force to replace it" in said) == (2, True)
    assert (tmp_path / "mine.nascast").read_bytes() == before
    assert add(text.replace("50", "60"), *words)[0] == 0
    assert (tmp_path / "mine.nascast").read_bytes() != before


def test_a_unit_of_times_stands_behind_their_column(add: Any, tmp_path: Path) -> None:
    text = f"arch,acc,t_m\n{CELLS[0]},65,2\n{CELLS[1]},50,1\n"
    words = ("--metric", "val_accuracy=acc,epoch=10", "--seconds-per-epoch")
    code, said = add(text, *words, "t_m")
    assert (code, "say seconds, ns, us, ms, minutes, hours or days" in said) == (2, True)
    code, said = add(text, *words, "t_m,unit=minutes")
    assert (code, "seconds: minimize, 600 to 1,200 (seconds)" in said) == (0, True)


def test_an_error_is_made_small(cli: Cli, add: Any, tmp_path: Path) -> None:
    text = f"arch,val_error,sec\n{CELLS[0]},6.5,2\n{CELLS[1]},17.25,1\n{CELLS[2]},64.5,1\n"
    code, said = add(
        text, "--metric", "val_error=val_error,epoch=200", "--seconds-per-epoch", "sec"
    )
    assert code == 0
    assert "val_error: minimize, 6.5 to 64.5 (percent)" in said
    words = ("--metric", "val_error", "--evaluations", "6")
    (row,) = json.loads(search(cli, tmp_path, *words, "--json")[1])
    assert (row["best_mean"], row["regret_mean"]) == (6.5, 0.0)
    assert "minimize val_error" in search(cli, tmp_path, *words, "--resume")[1]
    assert "minimize val_error" in (tmp_path / "run" / "report.html").read_text()
    info = json.loads(cli("benchmark", "info", tmp_path / "mine.nascast", "--json")[1])
    assert info["metrics"][0]["aim"] == "minimize"
    assert "minimize" in cli("benchmark", "info", tmp_path / "mine.nascast")[1]


@pytest.mark.parametrize(("option", "best"), [("minimize", 1.0), ("maximize", 3.0)])
def test_a_name_that_says_nothing_needs_a_direction(
    cli: Cli, add: Any, tmp_path: Path, option: str, best: float
) -> None:
    text = f"arch,q\n{CELLS[0]},1\n{CELLS[1]},2\n{CELLS[2]},3\n"
    code, said = add(text, "--metric", "quality=q,epoch=1")
    assert code == 2
    assert "'quality' does not say" in said
    assert "say minimize or maximize" in said
    assert add(text, "--metric", f"quality=q,epoch=1,{option}")[0] == 0
    words = ("--metric", "quality", "--evaluations", "6", "--json")
    assert json.loads(search(cli, tmp_path, *words)[1])[0]["best_mean"] == best


def test_fractions_are_not_taken_for_percent(add: Any, tmp_path: Path) -> None:
    text = (
        "matrix,ops,validation_accuracy\n"
        '010001000,"input,conv3x3-bn-relu,output",0.8731\n'
        '010001000,"input,maxpool3x3,output",0.2514\n'
        '0110001100010000,"input,conv1x1-bn-relu,conv3x3-bn-relu,output",0.9175\n'
    )
    metric = "val_accuracy=validation_accuracy,epoch=108"
    words = ("--space", "nasbench101", "--metric")
    code, said = add(text, *words, metric, architecture="matrix+ops")
    assert code == 2
    assert "say unit=fraction" in said
    assert "or unit=percent" in said
    more = ("--separate-budgets", "--classes", "100")
    assert add(text, *words, metric + ",unit=fraction", *more, architecture="matrix+ops")[0] == 0
    found = table(tmp_path)
    assert sorted(found.query(found.genes(), "val_accuracy")) == [25.14, 87.31, 91.75]
    assert found.separate
    assert found.task.classes == 100  # type: ignore[union-attr]


@pytest.mark.parametrize("executor", [(), ("--workers", "2")])
def test_a_search_without_seconds_counts_evaluations(
    cli: Cli, add: Any, tmp_path: Path, executor: tuple[str, ...]
) -> None:
    text = f"arch,acc\n{CELLS[0]},90.5\n{CELLS[1]},80.5\n"
    assert add(text, "--metric", "val_accuracy=acc,epoch=200")[0] == 0
    words = ("--evaluations", "2", *executor)
    code, said, _ = search(cli, tmp_path, *words, "--json")
    assert code == 0
    (row,) = json.loads(said)
    assert (row["best_mean"], row["trials"], row["seconds"]) == (90.5, 2, None)
    more = search(cli, tmp_path, "--evaluations", "5", *executor, "--resume", "--json")
    assert json.loads(more[1])[0]["trials"] == 5


def test_a_budget_in_time_needs_seconds(cli: Cli, add: Any, tmp_path: Path) -> None:
    text = f"arch,acc\n{CELLS[0]},90.5\n{CELLS[1]},80.5\n"
    assert add(text, "--metric", "val_accuracy=acc,epoch=200")[0] == 0
    code, _, said = search(cli, tmp_path, "--budget", "2h")
    assert code == 2
    assert "such as --evaluations 100" in said
    assert not (tmp_path / "run").exists()


def test_an_empty_field_is_a_training_that_is_not_there(cli: Cli, add: Any, tmp_path: Path) -> None:
    text = f"arch,acc_777,acc_888\n{CELLS[0]},90.5,91.5\n{CELLS[1]},80.5,\n{CELLS[2]},,70\n"
    words = [f"--metric=val_accuracy=acc_{s},epoch=200,seed={k}" for k, s in ((0, 777), (1, 888))]
    code, said = add(text, *words)
    assert code == 0
    assert "3 architectures" in said
    assert "2 of 6 not recorded" in said
    assert table(tmp_path).query(ROWS, "val_accuracy", seed=None).tolist() == [91.0, 80.5, 70.0]
    assert cli("benchmark", "info", tmp_path / "mine.nascast")[0] == 0
    (row,) = json.loads(search(cli, tmp_path, "--evaluations", "9", "--json")[1])
    assert (row["best_mean"], row["failed"], row["regret_mean"]) == (90.5, 0, 0.0)
    code, said = add(text.replace(",91.5", ",abc"), *words)
    assert code == 2
    assert "line 2: column 'acc_888' should be a finite number; got 'abc'" in said


def test_a_long_table_with_semicolons_and_decimal_commas(add: Any, tmp_path: Path) -> None:
    lines = [
        f"{3 * i + e};{cell};{seed};{e};{i}{e},5"
        for i, cell in enumerate(CELLS)
        for seed in (777, 888)
        for e in (1, 2)
    ]
    code, said = add(
        "\n".join([";arch;seed;epoch;acc", *lines, ""]),
        *("--metric", "val_accuracy=acc", "--seed-column", "seed", "--epoch-column", "epoch"),
        *("--input-shape", "3,16,16", "--classes", "120", "--skeleton", "cells=2,channels=8"),
    )
    assert code == 0
    assert "task: images of 3 × 16 × 16, 120 classes, cells=2, channels=8; given" in said
    found = table(tmp_path)
    assert found.query(ROWS, "val_accuracy", 1, seed=1).tolist() == [1.5, 11.5, 21.5]
    assert found.query(ROWS, "val_accuracy", seed=0).tolist() == [2.5, 12.5, 22.5]
    assert found.task.skeleton == {"cells": 2, "channels": 8}


def test_a_latency_below_zero(add: Any, tmp_path: Path) -> None:
    text = f"arch,lat\n{CELLS[0]},1.5\n{CELLS[1]},-1\n"
    code, said = add(text, "--metric", "latency_ms=lat")
    assert code == 2
    assert "missing=-1" in said
    for words in (
        ("--metric", "latency_ms=lat,missing=-1"),
        ("--metric", "latency_ms=lat", "--missing", "-1"),
    ):
        assert add(text, *words)[0] == 0
        assert np.array_equal(table(tmp_path).recorded("latency_ms", 0), ROWS[:1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--words", "100", "--classes", "3"), "give one kind"),
        (("--words", "100"), "networks for images, and none for text"),
        (("--input-shape", "3,32"), "input shape"),
        (("--classes", "1"), "at least 2 classes"),
        (("--skeleton", "cellz=2"), "the skeleton takes"),
        (("--decimal", "dot"), "a point or a comma"),
        (("--first-epoch", "2"), "0 or 1"),
        (("--space", "nowhere"), "unknown space"),
    ],
)
def test_options_that_cannot_be(
    add: Any, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    code, text = add(f"arch,acc\n{CELLS[0]},90\n", "--metric", "val_accuracy=acc", *words)
    assert code == 2
    assert said in text
    assert not (tmp_path / "mine.nascast").exists()


def test_several_objectives_have_the_directions_of_their_names(cli: Cli, tmp_path: Path) -> None:
    metrics = "val_accuracy,parameters,train_loss"
    words = ("--strategy", "nsga2", "--evaluations", "5", "--metric", metrics)
    code, said, _ = cli("search", "--benchmark", "nb201-mini", *words, "--out", tmp_path / "run")
    assert code == 0
    assert "maximize val_accuracy, minimize parameters, minimize train_loss" in said
    setup = json.loads((tmp_path / "run" / "search.json").read_text())["setup"]
    assert [objective["minimize"] for objective in setup["objectives"]] == [False, True, True]


@pytest.mark.parametrize("case", ["07", "09", "10", "12"])
def test_the_cases_of_other_people(cli: Cli, tmp_path: Path, case: str) -> None:
    """The files of which the tests above have the content."""
    folder = Path(__file__).parents[3] / "shared" / "cases"
    found = sorted(folder.glob(f"{case}_*/input.csv"))
    if not found:
        pytest.skip("the folder of cases is not beside the repository")
    options = {
        "07": "--architecture arch --metric val_error=val_error,epoch=200 --seconds-per-epoch sec",
        "09": "--space nasbench101 --architecture matrix+ops "
        "--metric val_accuracy=validation_accuracy,epoch=108,unit=fraction",
        "10": "--architecture arch --metric val_accuracy=acc,epoch=200",
        "12": "--architecture arch --metric val_accuracy=acc_777,epoch=200,seed=0 "
        "--metric val_accuracy=acc_888,epoch=200,seed=1",
    }
    out = tmp_path / "mine.nascast"
    assert cli("benchmark", "import", found[0], *options[case].split(), "--out", out)[0] == 0
    metric = "val_error" if case == "07" else "val_accuracy"
    words = ("--metric", metric, "--evaluations", "6", "--json")
    (row,) = json.loads(search(cli, tmp_path, *words)[1])
    assert row["best_mean"] == {"07": 6.5, "09": 91.75, "10": 90.5, "12": 90.5}[case]
