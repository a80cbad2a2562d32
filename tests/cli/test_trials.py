"""``nascast trials``, ``report`` and ``watch``: what is in a folder, in other forms."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from nascast.studies.frames import columns, pieces

Cli = Callable[..., tuple[int, str, str]]


def test_the_command(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = ["--strategy", "random", "--evaluations", "12", "--out", folder, "--json"]
    assert cli("search", "--benchmark", "nb201-mini", *words)[0] == 0
    status, text, _ = cli("trials", folder)
    assert status == 0
    assert text.encode() == b"".join(pieces("csv", columns(folder)))
    assert cli("trials", folder, "--out", tmp_path / "trials.csv")[0] == 0
    assert (tmp_path / "trials.csv").read_text() == text
    out = tmp_path / "trials.parquet"
    assert cli("trials", folder, "--parquet", "--out", out)[0] == 0
    assert len(pd.read_parquet(out)) == 12
    assert cli("trials", folder, "--out", tmp_path / "all.parquet")[0] == 0
    assert (tmp_path / "all.parquet").read_bytes() == out.read_bytes()
    for more, told in (
        ((folder, "--parquet", "--out", out), "add --force"),
        ((folder, "--parquet"), "needs a file"),
        ((folder, "--csv", "--json"), "one of --csv"),
        ((folder, "--csv", "--out", tmp_path / "t.json"), "a file that ends in .json"),
        ((tmp_path,), "neither search.json nor study.json"),
    ):
        status, _, error = cli("trials", *more)
        assert (status, told in error) == (2, True), error
    for file in folder.glob("trials.sqlite*"):  # as before the first trial
        file.unlink()
    status, empty, _ = cli("trials", folder)
    assert status == 0
    assert empty == (
        "run,strategy,seed,trial,space,architecture,epochs,val_accuracy,seconds,thinking,finished,"
        "error\n"
    )


def test_a_page_of_a_search_that_runs(cli: Cli, tmp_path: Path) -> None:
    """Its page is written from what is stored, by this command and by the server alike."""
    for name in ("one", "two"):
        words = ["--strategy", "random", "--evaluations", "3", "--out", tmp_path / name]
        assert cli("search", "--benchmark", "nb201-mini", *words)[0] == 0
        (tmp_path / name / "report.html").unlink()
    status, text, _ = cli("report", tmp_path / "one")
    assert (status, (tmp_path / "one" / "report.html").exists()) == (0, True)
    assert "report.html" in text
    both = tmp_path / "both.html"
    assert cli("report", tmp_path / "one", tmp_path / "two", "--out", both)[0] == 0
    assert f"{tmp_path / 'two'}: random" in both.read_text()
    (tmp_path / "circle").symlink_to("circle")
    for words, told in (
        (["report", tmp_path], "has no search.json"),
        (["report", *(tmp_path / "one",) * 2], "name each folder once"),
        (["report", tmp_path / "circle"], "has no search.json"),
        (["report", tmp_path / "one", "--out", tmp_path / "page.txt"], "pages end in .html"),
        (["watch", tmp_path], "has no search.json"),
        (["watch", tmp_path / "one", "--port", "99999"], "--port 99999 cannot be had"),
    ):
        status, _, error = cli(*words)
        assert (status, told in error) == (2, True), error
