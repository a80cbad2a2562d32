"""The view of a search where there is no terminal: plain lines."""

import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from nascast.cli import _live
from nascast.cli._live import LiveView
from nascast.core.types import Architecture, Candidate, Evaluation, Objective, Trial
from nascast.runner import Step
from nascast.training.running import Reached, tell


def trial(number: int, accuracy: float | None) -> Trial:
    metrics = {} if accuracy is None else {"val_accuracy": accuracy}
    evaluation = Evaluation(metrics, 1.0, "it diverged" if accuracy is None else None)
    return Trial(number, Candidate(Architecture("tiny", (number,))), evaluation, 1.0)


def test_a_line_is_whole_and_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_live, "_LINE_SECONDS", -1.0)
    view = LiveView(Objective("val_accuracy"), 2, 10, math.inf)
    view("ppo-0", Step([trial(0, 50.0), trial(1, None), trial(2, 75.5)], 2, 3.0))
    view("ppo-0", Step([], 2, 3.0))
    view.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("run ppo-0 · finished 3 of 10 · failed 1 · queue 2 on 2 workers, 5 to ")
    assert "best val_accuracy 75.5 (trial 2) · left " in line


def test_each_run_is_said_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    view = LiveView(Objective("val_accuracy"), 1, None, 60.0)
    view("random-0", Step([trial(0, 50.0)], 0, 3.0))
    view("random-1", Step([trial(0, 60.0)], 0, 30.0))
    view.close()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("run random-0 · finished 1 · failed 0 · queue 0 on 1 worker · best")
    assert "60 (trial 0) · left 0:00:30" in second


def test_the_panel_has_a_line_for_each_trial_that_runs() -> None:
    view = LiveView(Objective("val_accuracy"), 2, 10, math.inf)
    view("ppo-0", Step([trial(0, 50.0)], 2, 100.0, {1: 35.0, 2: 99.0}))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(view._panel())
    lines = [" ".join(line.strip("│ ").split()) for line in console.export_text().splitlines()]
    assert "trial 1 running 0:01:05" in lines
    assert "trial 2 running 0:00:01" in lines


def test_the_panel_says_how_far_trainings_have_come(tmp_path: Path) -> None:
    tell(tmp_path, 1, Reached(6, {"train_loss": (2.0, 1.25), "val_loss": (2.5, 1.5)}))
    tell(tmp_path / "unseen", 2, Reached(6))  # as on a machine that does not see the folder
    assert not (tmp_path / "unseen").exists()
    view = LiveView(Objective("val_accuracy"), 2, 10, math.inf, told=tmp_path)
    view("ppo-0", Step([], 2, 100.0, {1: 35.0, 2: 99.0}))
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(view._panel())
    text = " ".join(console.export_text().split())
    assert "running 0:01:05 · epoch 2 of 6 · train_loss 1.25 · val_loss 1.5 │" in text
    assert "running 0:00:01 │" in text
    assert "elapsed 0:01:05 │" in text  # not less than what runs


def test_what_befell_workers_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    view = LiveView(Objective("val_accuracy"), 2, 10, math.inf)
    view("ppo-0", Step([trial(0, 50.0)], 1, 3.0))
    view.note(["lost node 1a2b at 10.0.0.3, 1 node left"])
    assert capsys.readouterr().err == "Warning: lost node 1a2b at 10.0.0.3, 1 node left\n"
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(view._panel())
    assert "workers lost node 1a2b at 10.0.0.3" in " ".join(console.export_text().split())
