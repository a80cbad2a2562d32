"""``nascast search`` as a user runs it."""

import importlib.util
import json
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from nascast.cli._live import sparkline
from nascast.cli._options import duration, settings
from nascast.cli._plan import strategies_of
from nascast.core import plugins
from nascast.core.callback import Callback, Callbacks
from nascast.core.errors import InvalidSettingError, SearchWarning
from nascast.core.types import Trial
from nascast.studies.searches.results import read_search
from nascast.studies.searches.run import GIVE_UP

Cli = Callable[..., tuple[int, str, str]]
BENCH = "search --benchmark nb201-mini --strategy random,local_search --evaluations 10 --seeds 2"
CHILD = (
    "search --space nasbench201 --strategy random --evaluations 2 --executor serial "
    "--skeleton channels=4,cells=1 --split train=64,validation=32,test=32 "
    "--recipe digits-child,epochs=1,batch_size=32"
)


@pytest.fixture
def run(cli: Cli) -> Cli:
    """Runs a line, cut at blanks, and more words."""
    return lambda line, *more: cli(*line.split(), *more)


def test_a_benchmark_search_compares_strategies(run: Cli, tmp_path: Path) -> None:
    out = tmp_path / "bench"
    status, text, _ = run(BENCH, "--out", str(out), "--json")
    assert status == 0
    rows = json.loads(text)
    assert sorted(row["strategy"] for row in rows) == ["local_search", "random"]
    assert all(row["trials"] == 20 and row["failed"] == 0 for row in rows)
    assert "local_search" in (out / "report.html").read_text()
    status, _, error = run(BENCH, "--out", str(out))
    assert status == 2
    assert "--resume" in error
    status, text, _ = run(f"{BENCH} --resume --json", "--out", str(out))
    assert (status, json.loads(text)) == (0, rows)
    status, _, error = run(f"{BENCH} --resume --metric val_loss", "--out", str(out))
    assert status == 2
    assert "objectives was" in error


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_end_names_the_command_that_goes_on(
    sent: int, code: int, run: Cli, tmp_path: Path
) -> None:
    """A search on a benchmark, stopped by a real signal, ends as one that was not stopped."""
    line = "search --benchmark nb201-mini --strategy regularized_evolution --evaluations 4000"
    words = [*line.split(), "--seeds", "4", "--out", str(tmp_path / "run")]
    with subprocess.Popen(
        [sys.executable, "-m", "nascast", *words], stderr=subprocess.PIPE, text=True
    ) as search:
        while not (tmp_path / "run" / "trials.sqlite").exists():
            assert search.poll() is None
            time.sleep(0.05)
        search.send_signal(sent)
        _, error = search.communicate(timeout=60)
    assert search.returncode == code
    assert "The same command with --resume goes on" in error
    assert "Architecture search in nasbench201" in (tmp_path / "run" / "report.html").read_text()
    status, text, error = run(line, *words[len(line.split()) :], "--resume", "--json")
    assert status == 0, error
    assert [row["trials"] for row in json.loads(text)] == [16000]


def test_settings_stand_in_the_strategy_and_in_set(
    run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bench"
    line = "search --benchmark nb201-mini --evaluations 6 --json"
    texts = "regularized-evolution(population=4),regularized_evolution(population=3,tournament=2)"
    status, text, error = run(line, "--strategy", texts, "--set", "tournament=1", "--out", str(out))
    assert status == 0, error
    names = ("regularized_evolution(population=4,tournament=1)", "(population=3,tournament=2)")
    assert sorted(row["strategy"] for row in json.loads(text)) == sorted(
        [names[0], f"regularized_evolution{names[1]}"]
    )
    assert all(row["thinking"] > 0 for row in json.loads(text))
    assert names[0] in (out / "report.html").read_text()
    monkeypatch.setenv("COLUMNS", "80")
    words = ("--strategy", texts, "--set", "tournament=1", "--out", str(out))
    status, text, _ = run(line.replace("--json", "--resume"), *words)
    assert status == 0
    assert "thinking" in text
    assert "…" not in text  # names are wrapped, and numbers whole


@pytest.mark.parametrize(
    ("metric", "epochs"),
    [
        ("parameters,val_accuracy", tuple(range(1, 11))),
        ("val_accuracy,test_accuracy", (10,)),  # shorter trainings have no test accuracy
    ],
)
def test_children_are_trained_for_epochs_after_which_all_metrics_were_recorded(
    metric: str, epochs: tuple[int, ...], run: Cli, tmp_path: Path
) -> None:
    line = "search --benchmark nb201-mini --budget 60s --metric"
    assert run(line, metric, "--out", str(tmp_path))[0] == 0
    (found,) = read_search(tmp_path).runs
    assert found.spec.settings["fidelities"] == epochs
    assert np.isfinite(found.scores).all()


def test_settings_are_merged() -> None:
    def found(text: str, options: str = "", preset: str = "paper") -> list[str]:
        return [str(spec) for spec in strategies_of(text, options, preset)]

    evolution = "regularized_evolution"
    assert found(f"random,{evolution}:population=5") == ["random", f"{evolution}(population=5)"]
    assert found(f"{evolution}(population=5),{evolution}", f"{evolution}.tournament=2") == [
        f"{evolution}(population=5,tournament=2)",
        f"{evolution}(tournament=2)",
    ]
    assert found(f"{evolution}(population=5)", "population=9") == [f"{evolution}(population=5)"]
    (small,) = strategies_of("ppo", "ppo.minibatch=3", "small")
    assert (small.settings["minibatch"], small.settings["learning_rate"]) == (3, 0.003)


def test_a_search_trains_children_and_goes_on(run: Cli, tmp_path: Path) -> None:
    out = tmp_path / "children"
    status, text, error = run(CHILD, "--out", str(out), "--json")
    assert status == 0, error
    (row,) = json.loads(text)
    assert row["trials"] == 2
    more = CHILD.replace("--evaluations 2", "--evaluations 3 --resume")
    assert run(more, "--out", str(out))[0] == 0
    store = plugins.load("store", "sqlite", out / "trials.sqlite")
    trials = store.read("random-0")
    assert [trial.id for trial in trials] == [0, 1, 2]
    assert all("test_accuracy" in trial.evaluation.metrics for trial in trials)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("search --benchmark nb201-mini --data digits", "either --benchmark or --data"),
        ("search --benchmark nb201-mini --space darts", "is of the space nasbench201"),
        ("search --benchmark nb201-mini --budget soon", "such as 90s"),
        ("search --benchmark nb201-mini --seeds 0", "--seeds"),
        ("search --benchmark nb201-mini --preset large", "paper or small"),
        ("search --benchmark nb201-mini --set ppo.clip=1", "not among the strategies"),
        ("search --benchmark nb201-mini --set colour=1", "no setting 'colour'"),
        ("search --benchmark nb201-mini --strategy random(seed=1)", "own seed"),
        ("search --benchmark nb201-mini --strategy random,random()", "got random, random"),
        ("search --benchmark nb201-mini --strategy random(", "expected a value"),
        ("search --benchmark nb201-mini --strategy best", "unknown strategy 'best'"),
        ("search --benchmark nb201-mini --max-params -1", "should be positive"),
        ("search --data nowhere", "no file nowhere"),
        ("search --recipe unheard", "unknown recipe 'unheard'"),
        ("search --recipe colour=1", "no such setting 'colour'; there are epochs,"),
        ("search --recipe epochs=1.5", "epochs is a whole number; got 1.5"),
        ("search --recipe epochs=abc", "epochs is a whole number; got 'abc'"),
        ("search --split test=1.5", "test is a whole number"),
        ("search --space nasbench201 --skeleton foo=1", "no such setting 'foo'; there are chan"),
        ("search --evaluations -4 --data nowhere", "--evaluations is a number of trials from 1"),
        ("search --strategy best --data nowhere", "unknown strategy 'best'; known are"),
        ("search --evaluations -4 --data nowhere --hours 1", "--evaluations is a number of tr"),
        ("search --strategy best --data nowhere --hours 1", "unknown strategy 'best'; known are"),
        (
            "search --metric best --data nowhere --hours 1",
            "--metric: best is not measured; measured",
        ),
        ("search --metric best --data nowhere", "--metric: best is not measured; measured"),
        ("search --metric best --data nowhere.txt", "val_perplexity"),
        ("search --set colour=1 --data nowhere", "no setting 'colour'"),
        ("search --workers -1 --data nowhere", "--workers is a number from 1"),
        ("search --benchmark nb201-mini --recipe epochs=1", "--recipe: of no effect with"),
        ("search --benchmark nb201-mini --address auto", "--address: of no effect with"),
        (
            "search --benchmark nb201-seeds --strategy random,bohb",
            "bohb trains for 1, 2, 7, 22, 67, 200 epochs here, but nb201-seeds:cifar10: "
            "val_accuracy was not recorded after epoch 1; recorded epochs: 12, 200",
        ),
        (
            "search --benchmark nb201-mini --strategy asha --metric test_accuracy",
            "test_accuracy was not recorded after epoch 1; recorded epochs: 10; choose its",
        ),
        (
            "search --benchmark nb201-mini --strategy guided(fidelities=[1,20])",
            "guided trains for 1, 20 epochs here, but nb201-mini: val_accuracy was not",
        ),
        ("search --strategy ppo --metric val_accuracy,parameters", "ppo looks at one objective"),
        ("search --strategy nsga2 --metric val_loss,val_loss", "every metric only once"),
        ("search --device cuda", "PyTorch finds no CUDA device here"),
        ("search --device tpu", "cpu, cuda or auto"),
        ("search --address somewhere:1 --executor serial", "for --executor ray"),
        ("search --gpus 1 --data nowhere", "--gpus is for --executor ray or slurm"),
        ("search --cpus -1 --executor ray --data nowhere", "--cpus is a number from 0"),
        ("search --executor ray(gpus=1) --gpus 1 --data nowhere", "stands in --executor too"),
        ("search --executor grid --data nowhere", "unknown executor 'grid'; known are"),
        ("search --benchmark nb201-mini --gpus 0", "--gpus: of no effect with"),
        ("search --callback nowhere --data nowhere", "unknown callback 'nowhere'; known are"),
        ("search --callback optuna,tensorboard(colour=1) --data nowhere", "no setting 'colour'"),
    ],
)
def test_mistakes_are_explained(run: Cli, tmp_path: Path, line: str, part: str) -> None:
    if "cuda" in line and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    status, _, error = run(line, "--out", str(tmp_path / "run"))
    assert status == 2
    assert part in " ".join(error.split())
    assert "Traceback" not in error


def test_callbacks_are_told_and_end_nothing(run: Cli, tmp_path: Path) -> None:
    """One that raises is reported once, in a search and by `trials`."""
    pytest.importorskip("optuna")
    out, words = tmp_path / "run", ("--callback", "optuna(storage=/nowhere/at/all.db)")
    with warnings.catch_warnings():
        warnings.simplefilter("always", SearchWarning)
        status, _, error = run(BENCH, "--out", str(out), *words)
    assert (status, error.count("the callback Optuna raised")) == (0, 1)
    status, _, error = run(f"trials {out} --callback optuna")
    assert (status, error.count("told: ")) == (0, 4)
    assert (out / "optuna.db").exists()
    status, _, error = run(f"trials {out} --callback optuna --csv")
    assert status == 2
    assert "--callback writes no table" in error


def test_nothing_is_no_data(cli: Cli, tmp_path: Path) -> None:
    status, _, error = cli("search", "--data", "", "--out", tmp_path / "run")
    assert status == 2
    assert "--data: expected a value; got nothing" in error


class Ends(Callback):
    """Notes how runs end."""

    def __init__(self) -> None:
        self.whole: list[bool] = []

    def trial(self, run: str, trial: Trial) -> None:
        return

    def finished(self, run: str, whole: bool) -> None:
        self.whole.append(whole)


def test_a_search_whose_children_all_fail_stops_and_says_why(
    run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = Ends()
    monkeypatch.setattr("nascast.cli.search.open_callbacks", lambda text: Callbacks([ends]))
    line = CHILD.replace("evaluations 2", "evaluations 300").replace(
        "epochs=1", "learning_rate=1e30"
    )
    status, text, error = run(line, "--out", str(tmp_path / "run"), "--json")
    assert status == 1
    assert json.loads(text)[0]["trials"] == GIVE_UP
    assert ends.whole == [False]
    assert f"the first {GIVE_UP} children all failed" in error
    assert f"all {GIVE_UP} trials failed, with: DivergedError: the training loss is nan" in error


def test_a_missing_plot_library_hides_no_table(
    run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "jinja2" else find(name)
    )
    out = tmp_path / "run"
    status, text, error = run(BENCH, "--out", str(out))
    assert status == 0
    assert "local_search" in text
    assert not (out / "report.html").exists()
    first, _, last = error.partition("\n")
    assert "report.html needs the package jinja2" in first
    assert 'pip install "nascast[report]"' in last


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), (".5h", 1800)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text, "--budget") == seconds


@pytest.mark.parametrize("text", ["", "0", "-3", "3x", "m", "1h 30m", "nan"])
def test_no_durations(text: str) -> None:
    with pytest.raises(InvalidSettingError, match="--budget"):
        duration(text, "--budget")


def test_no_time_is_a_duration_where_it_may_be() -> None:
    assert duration("0", "--init", none=True) == duration("0ms", "--init", none=True) == 0
    with pytest.raises(InvalidSettingError, match="--init"):
        duration("", "--init", none=True)


def test_values_of_settings() -> None:
    found = settings("a=1,b=0.5,c=true,d=word,e=1e-3", "--set")
    assert found == {"a": 1, "b": 0.5, "c": True, "d": "word", "e": 0.001}


def test_a_sparkline_shows_the_course() -> None:
    assert sparkline([], 10) == ""
    assert sparkline([float("nan")], 10) == ""
    line = sparkline([float(i) for i in range(100)], 8)
    assert line == "▁▂▃▄▅▆▇█"


def test_language_models_are_searched_for(run: Cli, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat\nthe dog lay on the rug\n" * 100)
    line = (
        f"search --space nasbench_nlp --strategy random --data {text} --evaluations 3 "
        f"--executor serial --recipe epochs=1,batch_size=4 --max-params 20000 --out {tmp_path}/run"
    )
    status, shown, _ = run(line, "--json")
    assert status == 0
    assert json.loads(shown)[0]["trials"] == 3
    store = plugins.load("store", "sqlite", tmp_path / "run" / "trials.sqlite")
    trials = store.read("random-0")
    assert "val_loss" in json.dumps(store.info("random-0")["objectives"])
    done = [trial.evaluation.metrics for trial in trials if not trial.evaluation.error]
    assert done
    assert all(metrics["parameters"] <= 20_000 for metrics in done)
    for more, message in (
        ("--metric val_acc", "val_acc is not measured; measured are val_loss"),
        ("--split train=3", "--split is for images"),
        ("--space nasnet", "nasnet has networks for images, and none for text"),
    ):
        status, _, error = run(f"{line}2 {more}")
        assert status == 2
        assert message in error
        assert not (tmp_path / "run2").exists()


@pytest.mark.parametrize("executor", ["", "--executor serial", "--executor processes"])
def test_records_without_seconds_are_searched(run: Cli, tmp_path: Path, executor: str) -> None:
    """With a number of trainings, by whichever executor of this machine."""
    cells = ("|nor_conv_3x3~0|", "|nor_conv_1x1~0|")
    rest = "+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    (tmp_path / "t.csv").write_text(f"arch,acc\n{cells[0]}{rest},90.5\n{cells[1]}{rest},80.5\n")
    table = tmp_path / "t.nascast"
    words = "--architecture arch --metric val_accuracy=acc,epoch=200 --out"
    assert run(f"benchmark import {tmp_path / 't.csv'} {words} {table}")[0] == 0
    line = f"search --strategy random --benchmark {table} --evaluations 2 --seeds 1 {executor}"
    status, text, error = run(f"{line} --json", "--out", tmp_path / "run")
    assert status == 0, error
    assert json.loads(text)[0]["best_mean"] == 90.5
