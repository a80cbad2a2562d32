"""The commands for official benchmarks as a user meets them."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.converted import ConvertedTable
from nascast.benchmarks.table import TableSource, write_table
from nascast.core import plugins
from nascast.core.errors import CorruptDataError
from nascast.core.types import Metric
from nascast.releases import catalogue
from nascast.releases.catalogue import Download, Progress, Release
from nascast.spaces.nasbench201 import NasBench201

Cli = Callable[..., tuple[int, str, str]]
ROWS = np.unique(NasBench201().canonical(NasBench201().all()), axis=0)[:40]


class Tiny(ConvertedTable):
    """Forty cells, for a test.

    What else there is to say.
    """

    registered = "tiny"
    files = ("tiny.nascast", "tiny-more.nascast")


def convert(source: Path, folder: Path, progress: Progress) -> list[Path]:
    values = np.loadtxt(source)
    progress(1, 2)
    if len(values) != len(ROWS):
        raise CorruptDataError(f"{source}: {len(values)} lines")
    metric = Metric("val_accuracy", "percent", "validation")
    table = TableSource(
        "tiny", "nasbench201", ROWS, (metric,), {"val_accuracy": values[:, None, None]}
    )
    write_table(table, folder / Tiny.files[0])
    progress(2, 2)
    return [folder / Tiny.files[0]]


Offer = Callable[[Release], None]


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Registers `Tiny` beside the embedded benchmark; returns its data folder."""
    resolve = plugins.resolve
    monkeypatch.setattr(
        plugins, "resolve", lambda kind, name: Tiny if name == "tiny" else resolve(kind, name)
    )
    monkeypatch.setattr(plugins, "names", lambda kind: ["nb201_mini", "tiny"])
    monkeypatch.setenv("NASCAST_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Registers a release of `Tiny`."""
    find = catalogue.find

    def registered(release: Release) -> None:
        monkeypatch.setattr(catalogue, "find", lambda n: release if n == "tiny" else find(n))

    registered(Release(Tiny, (), convert))
    return registered


@pytest.fixture
def server(tmp_path: Path, offer: Offer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serves a folder, in which the official file is."""
    folder = tmp_path / "server"
    folder.mkdir()
    np.savetxt(folder / "tiny.txt", np.linspace(50, 90, len(ROWS)))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        url = f"http://127.0.0.1:{running.server_address[1]}/tiny.txt"
        size = (folder / "tiny.txt").stat().st_size
        page = "https://example.org/page"
        offered = (
            Download("big.txt", "on a shared drive", None, "ab" * 32, 3 * 10**9, page),
            Download("tiny.txt", "forty lines", url, None, size, page),
        )
        offer(Release(Tiny, offered, convert))
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield folder
        running.shutdown()
        thread.join()


@pytest.fixture
def benchmark(cli: Cli) -> Cli:
    """Runs ``nascast benchmark``."""
    return partial(cli, "benchmark")


def states(benchmark: Cli) -> dict[str, Any]:
    return {row["name"]: row for row in json.loads(benchmark("list", "--json")[1])}


@pytest.mark.usefixtures("server")
def test_download_convert_and_use(benchmark: Cli, data: Path) -> None:
    assert states(benchmark)["tiny"]["state"] == "not converted"
    code, out, _ = benchmark("download", "tiny")
    assert code == 0
    file = data / "downloads" / "tiny" / "tiny.txt"
    assert file.is_file()
    assert f"nascast benchmark convert tiny {file}" in out
    code, out, _ = benchmark("convert", "tiny", file)
    assert code == 0
    assert f"written: {data / 'tiny.nascast'}, 0.0 MB, 40 rows" in out
    assert states(benchmark)["tiny"] == {
        "name": "tiny",
        "state": "converted",
        "files": ["tiny.nascast"],
    }
    facts = json.loads(benchmark("info", "tiny", "--json")[1])
    assert facts["rows"] == 40
    assert facts["metrics"][0]["range"] == [50.0, 90.0]
    assert benchmark("list")[1].split()[-3:] == ["tiny", "converted", "tiny.nascast"]


@pytest.mark.usefixtures("server")
def test_info_says_what_to_do_before_anything_is_there(benchmark: Cli, data: Path) -> None:
    code, out, _ = benchmark("info", "tiny")
    assert code == 0
    for part in (
        *("tiny: Forty cells, for a test.", "big.txt: on a shared drive (3,000 MB)"),
        *("https://example.org/page", str(data), "nascast benchmark convert tiny PATH"),
    ):
        assert part in out
    facts = json.loads(benchmark("info", "tiny", "--json")[1])
    assert not facts["converted"]
    assert [item["file"] for item in facts["official"]] == ["big.txt", "tiny.txt"]
    assert [item["there"] for item in facts["official"]] == [False, False]


@pytest.mark.usefixtures("server")
def test_what_only_a_browser_can_fetch(benchmark: Cli, data: Path) -> None:
    code, out, _ = benchmark("download", "tiny", "--file", "big.txt")
    assert code == 0
    for part in (
        *("big.txt: on a shared drive (3,000 MB)", "from https://example.org/page", "abab"),
        *(str(data / "downloads" / "tiny"), "nascast benchmark convert tiny PATH"),
    ):
        assert part in out
    assert "tiny.txt" not in out
    assert not data.exists()


def test_embedded_benchmarks_are_ready(benchmark: Cli) -> None:
    assert states(benchmark)["nb201_mini"] == {
        "name": "nb201_mini",
        "state": "embedded",
        "files": [],
    }


def test_a_function_has_ranges_of_random_rows(
    benchmark: Cli, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nascast.core.errors import UnsupportedError
    from nascast.core.types import Genes
    from nascast.studies import records
    from nascast.testing.doubles import TinyBenchmark

    class Function(TinyBenchmark):
        def genes(self) -> Genes:
            raise UnsupportedError("no list")

    monkeypatch.setattr(records, "open_benchmark", lambda name: Function())
    code, out, _ = benchmark("info", "nb201_mini")
    assert code == 0
    assert "a function of every row of tiny" in out
    assert "ranges are of 1,000 random rows" in out


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["download", "nb201_mini"], "nothing to download or convert"),
        (["convert", "nb201_mini", "x"], "nothing to download or convert"),
        (["download", "tiny", "--file", "x"], "tiny has big.txt, tiny.txt; got 'x'"),
        (["convert", "tiny"], "no file or folder"),
        (["convert", "tiny", "nowhere"], "`nascast benchmark download tiny` says"),
        (["info", "nowhere"], "unknown benchmark 'nowhere'"),
    ],
)
def test_mistakes(benchmark: Cli, words: list[str], message: str) -> None:
    code, _, err = benchmark(*words)
    assert code == 2
    assert message in err


def test_a_bad_official_file_leaves_nothing(benchmark: Cli, data: Path, server: Path) -> None:
    np.savetxt(server / "tiny.txt", np.arange(7))
    code, _, err = benchmark("convert", "tiny", server / "tiny.txt")
    assert code == 2
    assert "7 lines" in err
    assert list(data.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused_before_work(
    benchmark: Cli, server: Path, data: Path, offer: Offer
) -> None:
    def work(*_: object) -> list[Path]:
        raise AssertionError("work was begun")

    tiny = catalogue.find("tiny")
    assert tiny is not None
    offer(replace(tiny, converter=work))
    data.touch()
    for words in (["convert", "tiny", server / "tiny.txt"], ["download", "tiny"]):
        code, _, err = benchmark(*words)
        assert code == 2
        assert "set NASCAST_DATA" in err


def test_help_has_examples(benchmark: Cli) -> None:
    for command in ("download", "convert", "info", "list"):
        code, out, _ = benchmark(command, "--help")
        assert code == 0
        assert f"Example: nascast benchmark {command}" in out
