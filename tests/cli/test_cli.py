"""The command line as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from nascast.cli._options import settings
from nascast.core import plugins
from nascast.core.errors import InvalidSettingError

CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
Cli = Callable[..., tuple[int, str, str]]
SOTL_E = ["compare", "--predictors", "sotl_e", "--epochs", "1", "--trials", "2", "--workers", "1"]
COMPARE = [*SOTL_E, "--benchmark", "nb201-mini"]


@pytest.mark.parametrize("kind", ["spaces", "strategies", "predictors", "proxies", "encodings"])
def test_list(cli: Cli, kind: str) -> None:
    code, out, _ = cli("list", kind)
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names
    assert [row["name"] for row in json.loads(cli("list", kind, "--json")[1])] == names


def test_list_benchmarks_says_what_was_recorded_and_where_it_is_from(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = json.loads(cli("list", "benchmarks", "--json")[1])
    assert {row["name"] for row in rows} == set(plugins.names("benchmark"))
    inside = [row for row in rows if row["state"] == "embedded"]
    assert {"nb201_seeds:imagenet16", "nb101_sample"} <= {row["spec"] for row in inside}
    monkeypatch.setenv("COLUMNS", "80")
    out = cli("list", "benchmarks")[1]
    assert max(map(len, out.splitlines())) <= 80
    assert "https://arxiv.org/abs/2001.00326" in out  # no address is broken
    for row in inside:
        assert row["spec"] in out
        assert row["bytes"] > 1e5
        assert all(row[what] for what in ("rows", "space", "records", "licence", "source"))


@pytest.mark.parametrize(
    "words", [[], ["compare"], ["show"], ["list"], ["benchmark", "build"], ["benchmark", "import"]]
)
def test_help_has_an_example(cli: Cli, words: list[str]) -> None:
    code, out, _ = cli(*words, "--help")
    assert code == 0
    assert "nascast" in out


def test_paragraphs_of_a_help_break_where_the_terminal_ends(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in (60, 250):
        monkeypatch.setenv("COLUMNS", str(columns))
        out = cli("benchmark", "import", "--help")[1]
        lines = [line.rstrip() for line in out.splitlines()]
        first = next(i for i, line in enumerate(lines) if "Every row is checked" in line)
        length = len("Every row is checked; a bad one is named with its line")
        assert length <= len(lines[first]) <= columns
        assert (len(lines[first]) > 100) == (columns == 250)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['nascast', '--help']\n"
        "from nascast.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'scipy', 'sklearn', 'pyarrow', 'pandas', 'xgboost'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("more", [["--evaluations", "2"], ["--hours", "1"]])
def test_a_search_says_a_word_before_it_loads_what_takes_seconds(
    more: list[str], tmp_path: Path
) -> None:
    words = ["nascast", "search", "--data", "mine", "--out", str(tmp_path / "out"), *more]
    code = (
        f"import sys; sys.argv = {words}\n"
        "from nascast.cli import _plan\n"
        "heavy = {'torch', 'scipy.stats', 'sklearn', 'pyarrow', 'pandas', 'xgboost'}\n"
        "_plan.tell_what_is_loaded = lambda _: sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
        "from nascast.cli.main import main\n"
        "main()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_command_imports_no_other() -> None:
    code = (
        "import sys; sys.argv = ['nascast', 'list', 'strategies']\n"
        "from nascast.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "others = {'nascast.cli.search', 'nascast.cli.compare', 'numpy'}\n"
        "sys.exit(', '.join(others & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("words", [["benchmark", "info", "nb201-mini"], ["benchmark", "list"]])
def test_plain_texts_and_flags_need_no_pydantic(words: list[str]) -> None:
    """Typer imports it to convert values, which takes longer than all that these commands do."""
    code = (
        f"import sys; sys.argv = {['nascast', *words]}\n"
        "from nascast.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit('pydantic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_show(cli: Cli) -> None:
    code, out, _ = cli("show", CELL)
    assert code == 0
    assert "1,288,506" in out
    facts = json.loads(cli("show", CELL, "--json")[1])
    assert facts["parameters"] == 1288506
    assert facts["genes"] == [3, 3, 3, 1, 3, 3]


def test_benchmark_info(cli: Cli) -> None:
    code, out, _ = cli("benchmark", "info", "nb201-mini")
    assert code == 0
    assert "noise of val_accuracy: τ = 0.761 between two trainings of 100 cells" in out
    row = "val_accuracy   percent  maximize  validation  1 … 10  2      24.95 to 46.375"
    assert row in out.splitlines()  # in one piece, also where there is no terminal
    facts = json.loads(cli("benchmark", "info", "nb201-mini", "--noise", "--json")[1])
    assert facts["agreement"]["val_accuracy"]["tau"] == pytest.approx(0.761, abs=5e-4)
    noise = facts["noise"]["val_accuracy"]
    assert 0.75 < noise["agreement"]["value"] < noise["limit"]["value"] < 0.85
    assert noise["cells"] >= 100
    assert facts["rows"] >= 1000


def test_compare_writes_results_and_a_page(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "run"
    code, text, _ = cli(*COMPARE, "--out", out)
    assert code == 0
    assert "sotl_e" in text
    assert "limit of a perfect predictor: 0.830" in text
    assert "* reads the very trainings" in text
    assert pq.read_table(out / "results.parquet").num_rows == 2
    assert "<html" in (out / "report.html").read_text()
    summary = json.loads(cli(*COMPARE, "--out", out, "--json")[1])
    assert summary["summary"][0]["predictor"] == "sotl_e"
    assert summary["not_run"] == []


def test_compare_on_several_benchmarks(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "both"
    words = ["--benchmark", "nbnlp_logs", "--benchmark", "nb201-mini", "--test-size", "20"]
    code, text, _ = cli(*SOTL_E, *words, "--out", out, "--json")
    assert code == 0
    losses, accuracies = json.loads(text)
    assert losses["settings"]["metric"] == "val_loss"
    assert accuracies["settings"]["metric"] == "val_accuracy"
    assert (out / "nbnlp_logs" / "report.html").is_file()
    assert (out / "nb201-mini" / "results.parquet").is_file()
    assert "nbnlp-logs" in (out / "report.html").read_text(encoding="utf-8")
    again = tmp_path / "again.html"
    assert cli("report", out, "--out", again)[0] == 0
    assert "nbnlp-logs" in again.read_text(encoding="utf-8")
    code, _, err = cli(*COMPARE, "--benchmark", "nb201-mini")
    assert code == 2
    assert "each of several once" in err


def test_compare_uses_all_tables_and_leaves_out_what_one_cannot_support(
    cli: Cli, tmp_path: Path
) -> None:
    """Some tables have losses, and some scores of proxies beside them."""
    from nascast.studies.records import open_benchmark, recorded_scores

    few = ["--trials", "1", "--test-size", "10", "--workers", "1", "--executor", "serial"]
    words = ["--predictors", "sotl_e,jacov", "--data", "recorded", "--epochs", "4", *few]
    code, text, err = cli("compare", *words, "--out", tmp_path, "--json")
    assert code == 0
    found = {item["settings"]["benchmark"]: item for item in json.loads(text)}
    assert "5 tables of the package" in err  # what it is in for shows before it works
    assert "2 of 5: nb201_mini, 2 cells" in err
    ran = {name: {s["predictor"] for s in item["summary"]} for name, item in found.items()}
    assert ran["nb201_mini"] == {"sotl_e", "jacov"}
    for name in ("nb101_sample", "nb201_mini", "nb201_seeds", "nb301_sample", "nbnlp_logs"):
        table, scores = open_benchmark(name), recorded_scores(open_benchmark(name))
        can = {"sotl_e"} if "train_loss" in table.metrics else set()
        can |= {"jacov"} if scores is not None and "jacov" in scores.names() else set()
        assert ran.get(name, set()) == can
        if not can:
            assert f"left out: {name}: no predictor could run" in err
        elif "jacov" not in can:
            reasons = {one["predictor"]: one["reason"] for one in found[name]["not_run"]}
            assert "not recorded beside" in reasons["jacov"]
    assert (tmp_path / "report.html").is_file()
    code, _, err = cli("compare", *words, "--metric", "val_loss", "--out", tmp_path / "loss")
    assert code == 0
    assert "left out: nb101_sample: nb101-sample did not record 'val_loss'" in err


def test_compare_gives_the_same_by_every_executor(cli: Cli, tmp_path: Path) -> None:
    found = []
    for name in ("processes", "serial"):
        out = ["--out", tmp_path / name, "--executor", name]
        code, text, _ = cli(*COMPARE, "--test-size", "20", *out, "--json")
        assert code == 0
        found.append([item["kendall"] for item in json.loads(text)["summary"]])
    assert found[0] == found[1]
    code, _, err = cli(*COMPARE, "--executor", "serial", "--address", "auto")
    assert code == 2
    assert "for --executor ray" in err


def test_a_grid_gives_advice(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "grid"
    words = ["--benchmark", "nb201-mini", "--predictors", "sotl_e,params"]
    words += ["--grid", "quick", "--test-set", "top"]
    few = ["--trials", "2", "--workers", "1", "--test-size", "40", "--out", out, "--json"]
    code, text, _ = cli("compare", *words, *few)
    assert code == 0
    found = json.loads(text)
    assert len(found["settings"]["axes"]["epochs"]) == 4
    assert found["settings"]["test_set"] == "top"
    assert len(found["summary"]) == 5
    assert {"kendall_se", "kendall_rank", "regret_at_1", "ndcg"} <= found["summary"][0].keys()
    times = ["--init", "1h", "--query", "100d", "--study", out]
    (answer,) = json.loads(cli("recommend", *times, "--json")[1])
    best = max(item["kendall"] for item in found["summary"])
    assert answer["best"]["kendall"] == best
    assert answer["space"] == "nasbench201"
    code, text, _ = cli("recommend", *times)
    assert code == 0
    assert f"{answer['best']['predictor']}" in text
    assert "nothing was measured beyond" in text
    code, text, _ = cli("recommend", "--study", out)
    assert code == 0
    assert f"{answer['best']['predictor']}" in text
    assert f"{best:.3f}" in text
    (one,) = json.loads(cli("recommend", "--study", out, "--json")[1])
    assert len(one["best"]) == len(one["init"])
    assert one["best"][-1][-1] == answer["best"]
    code, _, err = cli("recommend", "--init", "1h")
    assert code == 2
    assert "--init alone was given" in err
    code, _, err = cli("recommend", *times, "--space-like", "darts")
    assert code == 2
    assert "known are nasbench201" in err
    code, _, err = cli("compare", "--grid", "quick", "--epochs", "2", "--out", out)
    assert code == 2
    assert "leave out --epochs" in err


def test_import_then_compare(cli: Cli, tmp_path: Path) -> None:
    from nascast.core.plugins import load

    space = load("space", "nasbench201")
    rows = space.all()[::97]
    lines = ["cell,accuracy,time"]
    lines += [f"{text},{i % 90},{i + 1}" for i, text in enumerate(space.to_text(rows))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    out = tmp_path / "a.nascast"
    metric = "val_accuracy=accuracy,epoch=5"
    words = ["--architecture", "cell", "--metric", metric, "--seconds-per-epoch", "time"]
    code, text, _ = cli("benchmark", "import", tmp_path / "a.csv", *words, "--out", out)
    assert code == 0
    assert f"{len(rows)} architectures" in text
    code, text, _ = cli(
        *("compare", "--benchmark", out, "--predictors", "xgboost,sotl_e", "--train-sizes", "10"),
        *("--trials", "1", "--test-size", "20", "--workers", "1", "--out", tmp_path / "run"),
    )
    assert code == 0
    assert "not run: sotl_e" in text
    assert "did not record 'train_loss'" in text


def test_build_from_images(cli: Cli, tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    images: dict[str, Any] = {}
    for part, n in (("train", 80), ("test", 20)):
        labels = rng.integers(3, size=n).astype(np.uint8)
        noise = rng.integers(50, size=(n, 8, 8, 3))
        images[f"x_{part}"] = (noise + 60 * labels[:, None, None, None]).astype(np.uint8)
        images[f"y_{part}"] = labels
    np.savez(tmp_path / "images.npz", **images)
    out = tmp_path / "mine.nascast"
    words: list[str | Path] = [
        *("benchmark", "build", "--images", tmp_path / "images.npz", "--out", out),
        *("--cells", "3", "--repeated", "2", "--workers", "1", "--device", "cpu"),
        *("--recipe", "epochs=2,batch_size=10", "--split", "train=50,validation=30,test=20,size=8"),
    ]
    assert cli(*words)[0] == 0
    facts = json.loads(cli("benchmark", "info", out, "--noise", "--json")[1])
    assert facts["rows"] == 3
    assert facts["provenance"]["build"]["recipe"]["epochs"] == 2
    assert facts["noise"]["val_accuracy"]["cells"] == 2
    words[words.index("3")] = "4"  # one more cell; the others are not trained again
    journal = out.with_suffix(".trainings") / "trainings.jsonl"
    before = journal.read_text()
    assert cli(*words)[0] == 0
    assert journal.read_text().startswith(before)
    assert len(journal.read_text().splitlines()) == len(before.splitlines()) + 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*COMPARE, "--predictors", "xgbost"], "unknown predictor 'xgbost'; known are"),
        ([*SOTL_E, "--benchmark", "nb202"], "unknown benchmark 'nb202'; known are"),
        ([*COMPARE, "--train-sizes", "0"], "at least 1"),
        ([*COMPARE, "--train-sizes", "ten"], "whole numbers"),
        ([*COMPARE, "--predictors", "xgboost", "--train-sizes", "99999"], "distinct ones"),
        ([*COMPARE, "--metric", "f1"], "did not record 'f1'"),
        ([*COMPARE, "--images", "nowhere.npz"], "nowhere.npz"),
        ([*COMPARE, "--epochs", "77"], "no predictor could run"),
        ([*SOTL_E, "--benchmark", "nowhere.nascast"], "nowhere.nascast"),
        (["show", "|conv~0|"], "unknown operation 'conv'"),
        (["show", CELL, "--space", "nb"], "unknown space 'nb'"),
        (["show", "0-1-2-3"], "expected 6 genes; got 4"),
        (["benchmark", "info", "nb202"], "unknown benchmark"),
        (["benchmark", "build", "--images", "x.npz", "--out", "x.csv"], "end in .nascast"),
        (["benchmark", "build", "--images", "x.npz", "--out", "x.nascast"], "no file x.npz"),
    ],
)
def test_a_mistake_is_a_paragraph_and_status_2(
    cli: Cli,
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = cli(*words)
    assert code == 2
    assert message in " ".join((out + err).split())
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.parquet")) or "no predictor could run" in message


def test_a_comparison_in_which_all_failed_is_no_success(cli: Cli, tmp_path: Path) -> None:
    words = ["--predictors", "xgboost(max_depth=-5)", "--train-sizes", "8", "--test-size", "10"]
    words += ["--trials", "1", "--executor", "serial", "--benchmark", "nb201-mini"]
    code, text, err = cli("compare", *words, "--out", tmp_path, "--json")
    assert (code, "no predictor could run" in err) == (2, True)
    assert "max_depth" in json.loads(text)["not_run"][0]["reason"]


def test_a_damaged_table_is_refused(cli: Cli, tmp_path: Path) -> None:
    from nascast.core.plugins import load

    content = bytearray(load("benchmark", "nb201-mini").path.read_bytes())
    content[len(content) // 2] ^= 1
    table = tmp_path / "bad.nascast"
    table.write_bytes(content)
    code, _, err = cli(*SOTL_E, "--benchmark", table, "--out", tmp_path / "run")
    assert code == 2
    assert "checksum" in err
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = cli(*COMPARE, "--out", tmp_path / "file" / "run")
    assert code == 2
    assert "cannot write to" in err


def test_a_killed_comparison_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [
        *(sys.executable, "-c", "from nascast.cli.main import main; main()"),
        *("compare", "--benchmark", "nb201-mini", "--predictors", "xgboost"),
        *("--train-sizes", "40,80,120", "--trials", "6"),
        *("--test-size", "50", "--workers", "1", "--out", str(out)),
    ]
    environment = {**os.environ, "NASCAST_CACHE": str(tmp_path / "cache")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    run = subprocess.Popen(command, env=environment, **quiet)  # type: ignore[call-overload]
    journal = out / "cells.jsonl"
    deadline = time.monotonic() + 120
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 2):
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    before = journal.read_bytes()
    kept = before.count(b"\n")
    assert kept < 18
    subprocess.run(command, env=environment, check=True, **quiet)  # type: ignore[call-overload]
    assert journal.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    rows = pq.read_table(out / "results.parquet").to_pylist()
    assert len({(row["train_size"], row["trial"]) for row in rows}) == len(rows) == 18
    lines = [json.loads(line) for line in journal.read_bytes().splitlines() if line[-1:] == b"}"]
    assert len(lines) == 18  # none was repeated


def test_settings_of_an_option() -> None:
    assert settings("channels=8, reduction=pool", "--skeleton") == {
        "channels": 8,
        "reduction": "pool",
    }
    assert settings("", "--skeleton") == {}
    for text in ("channels", ",", "="):
        with pytest.raises(InvalidSettingError, match="key=value"):
            settings(text, "--skeleton")
    with pytest.raises(InvalidSettingError, match="channels stands twice"):
        settings("channels=8,channels=9", "--skeleton")


@pytest.mark.parametrize(
    "words",
    [
        ("search", "--space="),
        ("search", "--budget", " "),
        ("search", "--out="),
        ("search", "--from", "nb201-mini", "--from", ""),
        ("compare", "--benchmark", ""),
        ("trials", ""),
        ("benchmark", "info", ""),
        ("predict", "model", "photo.png", ""),
    ],
)
def test_an_empty_value_is_no_default(cli: Cli, words: tuple[str, ...]) -> None:
    code, _, err = cli(*words)
    assert code == 2
    assert "expected a value; got nothing" in err


def test_a_name_that_is_too_long_is_a_mistake(cli: Cli) -> None:
    code, _, err = cli("benchmark", "info", "a" * 300)
    assert (code, "no file can have this name" in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--executor", "serial", "--workers", "2"), "--workers 2: of no effect"),
        (("--callback", "trial_lines,trial_lines"), "trial_lines stands twice"),
        (("--hours", "0"), "--hours is a number above 0; got 0"),
        (("--max-latency-ms", "nan"), "should be positive; got nan"),
    ],
)
def test_options_of_a_search_without_effect(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    code, _, err = cli("search", *words, "--out", tmp_path / "run")
    assert (code, told in err) == (2, True)


def test_what_a_table_is_read_from_stays(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "run"
    cli(
        "search",
        "--benchmark",
        "nb201-mini",
        "--strategy",
        "random",
        "--evaluations",
        "2",
        "--out",
        out,
    )
    for name in ("trials.sqlite", "search.json"):
        before = (out / name).read_bytes()
        code, _, err = cli("trials", out, "--out", out / name, "--force")
        assert (code, "is what is read" in err) == (2, True)
        assert (out / name).read_bytes() == before
