"""Progress where no terminal shows it."""

import pytest

from nascast.cli import _progress
from nascast.cli._progress import bars


def test_without_a_terminal_there_are_lines_and_the_bar_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_progress, "_PAUSE", 0.0)
    with bars() as shown:
        task = shown.add_task("training", total=3)
        shown.advance(task)
        shown.update(task, description="loss 1.5", completed=2)
        before = capsys.readouterr().err.splitlines()
        shown.advance(task)
    assert [line.split(" elapsed")[0].split() for line in before] == [
        ["training", "1/3"],
        ["loss", "1.5", "2/3"],
    ]
    after = capsys.readouterr().err.splitlines()
    assert len(after) == 1
    assert "3/3" in after[0]
    assert "━" in after[0]


def test_lines_are_half_a_minute_apart(capsys: pytest.CaptureFixture[str]) -> None:
    with bars() as shown:
        task = shown.add_task("quick", total=3)
        shown.advance(task)
        assert capsys.readouterr().err == ""
        shown.advance(task, 2)


def test_steps_of_minutes_have_a_time_left() -> None:
    now = [0.0]
    with bars() as shown:
        shown.get_time = lambda: now[0]
        task = shown.add_task("slow", total=4)
        for now[0] in (100.0, 300.0):
            shown.advance(task)
        assert shown.tasks[0].time_remaining == 400
