"""``nascast trials``: the library's tables, as files."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from nascast.studies.frames import columns, written_as

Cli = Callable[..., tuple[int, str, str]]


def test_the_command(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = ["--strategy", "random", "--evaluations", "12", "--out", folder, "--json"]
    assert cli("search", "--benchmark", "nb201-mini", *words)[0] == 0
    status, text, _ = cli("trials", folder)
    assert status == 0
    assert text.encode() == written_as("csv", columns(folder))
    out = tmp_path / "trials.parquet"
    assert cli("trials", folder, "--parquet", "--out", out)[0] == 0
    assert len(pd.read_parquet(out)) == 12
    for more, told in (
        ((folder, "--parquet", "--out", out), "add --force"),
        ((folder, "--parquet"), "needs a file"),
        ((folder, "--csv", "--json"), "one of --csv"),
        ((tmp_path,), "neither search.json nor study.json"),
    ):
        status, _, error = cli("trials", *more)
        assert (status, told in error) == (2, True), error
