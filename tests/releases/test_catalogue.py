"""Finding releases; one of another package is played by a folder with an entry point."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nascast.benchmarks.converted import Converted
from nascast.core import plugins
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
    yield
    sys.modules.pop("acme_release", None)


@pytest.mark.usefixtures("acme")
def test_a_release_of_another_package() -> None:
    for name in ("acme_bench", "acme-bench"):
        release = find(name)
        assert release is not None
        assert release.benchmark.files == ("acme.nascast",)
    assert find("acme_other") is None
    assert find("nasbench101") is not None
