"""Finding releases; one of another package is played by a folder with an entry point."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nascast.benchmarks.converted import Converted
from nascast.benchmarks.nasbench101 import NasBench101
from nascast.core import plugins
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.releases.catalogue import Release, find

OFFICIAL = ("nasbench101", "nasbench201", "nasbench301", "nasbench_nlp", "nats_size")


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_release_of_a_benchmark_has_its_name(name: str) -> None:
    release = find(name)
    assert isinstance(release, Release)
    assert release.benchmark is plugins.resolve("benchmark", name)
    assert release.benchmark.registered == name
    assert find(name.replace("_", "-")) is release
    files = [download.file for download in release.downloads]
    assert len(set(files)) == len(files) > 0
    assert all(download.page.startswith("https://") for download in release.downloads)


def test_every_reader_of_converted_files_has_a_release() -> None:
    """And no other benchmark has."""
    for name in plugins.names("benchmark"):
        component = plugins.resolve("benchmark", name)
        converted = isinstance(component, type) and issubclass(component, Converted)
        assert (find(name) is not None) == converted, name


@pytest.mark.parametrize(
    "name",
    ["nb201_mini", "nowhere", "catalogue", "fetch", "formats", "nats", "a.b", "../fetch", ""],
)
def test_what_has_no_release(name: str) -> None:
    assert find(name) is None


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs a package with a release, and something else that is called one."""
    (tmp_path / "acme_release.py").write_text(
        "from nascast.benchmarks.converted import ConvertedTable\n"
        "from nascast.releases.catalogue import Release\n"
        "class Acme(ConvertedTable):\n"
        "    registered, files = 'acme_bench', ('acme.nascast',)\n"
        "release = Release(Acme, (), lambda source, folder, progress: [])\n"
    )
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    points = "acme_bench = acme_release:release\nacme_other = acme_release:Acme\n"
    (info / "entry_points.txt").write_text(f"[nascast.release]\n{points}")
    monkeypatch.syspath_prepend(tmp_path)
    plugins._every_point.cache_clear()
    yield
    plugins._every_point.cache_clear()
    sys.modules.pop("acme_release", None)


@pytest.mark.usefixtures("acme")
def test_a_release_of_another_package() -> None:
    for name in ("acme_bench", "acme-bench"):
        release = find(name)
        assert release is not None
        assert release.benchmark.files == ("acme.nascast",)
    assert find("acme_other") is None
    assert find("nasbench101") is not None


CONVERTERS = """
import ctypes, os, tempfile
from pathlib import Path
from nascast.core.errors import MissingDataError
from nascast.releases.staging import staged

def fine(source, folder, progress):
    progress(1, 2)
    (folder / "a").write_text(str(os.getpid()))
    return [folder / "a"]

def crash(source, folder, progress):
    with staged(folder) as stage:
        (stage / "half").write_text("half")
        ctypes.string_at(0)

def missing(source, folder, progress):
    raise MissingDataError("nothing there")
"""


@pytest.fixture
def converters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "nascast_test_converters.py").write_text(CONVERTERS)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "out").mkdir()
    return importlib.import_module("nascast_test_converters")


def test_a_converter_runs_in_a_process_of_its_own(converters: Any, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    out = tmp_path / "out"
    (path,) = Release(NasBench101, (), converters.fine).convert(
        tmp_path, out, lambda *pair: told.append(pair)
    )
    assert told == [(1, 2)]
    assert int(path.read_text()) != os.getpid()
    with pytest.raises(MissingDataError, match="nothing there"):
        Release(NasBench101, (), converters.missing).convert(tmp_path, out, print)


def test_a_crash_of_a_converter_leaves_nothing(converters: Any, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match="crashed"):
        Release(NasBench101, (), converters.crash).convert(tmp_path, tmp_path / "out", print)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_converter_that_no_other_process_knows_runs_here(tmp_path: Path) -> None:
    def here(source: Path, folder: Path, progress: Any) -> list[Path]:
        return [Path(str(os.getpid()))]

    assert Release(NasBench101, (), here).convert(tmp_path, tmp_path, print) == [
        Path(str(os.getpid()))
    ]
