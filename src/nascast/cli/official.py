"""``nascast benchmark download | convert``, and descriptions of official benchmarks."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.core.document import document
from nascast.core.errors import InvalidSettingError, MissingDataError, StoreError, UnsupportedError

if TYPE_CHECKING:
    from nascast.releases.catalogue import Download, Release

__all__ = ["convert", "describe_official", "download", "official", "show_official", "state"]


def download(
    name: Annotated[str, typer.Argument(help="Official benchmark by its registered name.")],
    file: Annotated[
        str | None,
        typer.Option(help="File to fetch, of those that `nascast benchmark info` lists."),
    ] = None,
) -> None:
    """Fetch an official file, or say where it is if only a browser can fetch it.

    The file goes into $NASCAST_DATA/downloads, or ~/.local/share/nascast/downloads. A download that
    was broken off goes on with the same command.

    Example: nascast benchmark download nasbench101 --file nasbench_only108.tfrecord
    """
    from nascast.cli._progress import bars
    from nascast.releases.fetch import digest_file, fetch

    release = _required(name)
    folder = _downloads(release)
    chosen = _choose(release, file)
    if chosen.url is None:
        _by_hand(release, [chosen] if file else list(release.downloads), folder)
        return
    _make(folder)
    free = shutil.disk_usage(folder).free
    typer.echo(f"{chosen.file}: {chosen.what}{_size(chosen)}")
    typer.echo(f"from {chosen.url} into {folder}, which has {free / 1e9:,.1f} GB free")
    with bars("bytes") as shown:
        bar = shown.add_task("download", total=None)
        path = fetch(
            chosen,
            folder,
            lambda done, total: shown.update(bar, completed=done, total=total or None),
        )
    if chosen.sha256 is None:
        kept = digest_file(path)
        found = kept.read_text().split(" ")[0] if kept.is_file() else "not on record"
        typer.echo(
            f"Its SHA-256 was not published; that of what came is {found} ({kept.name}). "
            "Converting it finds out whether it is whole."
        )
    typer.echo(f"written: {path}")
    typer.echo(f"next: nascast benchmark convert {name} {path}")


def convert(
    name: Annotated[str, typer.Argument(help="Official benchmark by its registered name.")],
    path: Annotated[
        Path | None,
        typer.Argument(help="Official file, or folder of such; default: what was downloaded."),
    ] = None,
) -> None:
    """Turn official files into nascast's own, which open in well under a second.

    This is done once. Tables are written whole or not at all, and the official files are not needed
    afterwards.

    Example: nascast benchmark convert nasbench101 nasbench_only108.tfrecord
    """
    from nascast.benchmarks.converted import data_folder
    from nascast.benchmarks.table import read_table
    from nascast.cli._progress import bars

    release = _required(name)
    folder = data_folder()
    source = path or _downloads(release)
    if not source.exists():
        raise MissingDataError(
            f"no file or folder {source}; `nascast benchmark download {name}` says how to get one"
        )
    _make(folder)
    with bars("bytes", "Stopped. Nothing was written.") as shown:
        bar = shown.add_task("convert", total=None)
        try:
            written = release.convert(
                source, folder, lambda done, total: shown.update(bar, completed=done, total=total)
            )
        except OSError as error:
            if isinstance(error, MissingDataError):
                raise
            raise StoreError(f"cannot convert {source} into {folder}: {error}") from error
    for target in written:
        rows = f", {len(read_table(target)):,} rows" if target.suffix == ".nascast" else ""
        typer.echo(f"written: {target}, {target.stat().st_size / 1e6:,.1f} MB{rows}")
    benchmark = release.benchmark
    first = benchmark.registered if written[0].name == benchmark.files[0] else str(written[0])
    typer.echo(f"next: nascast benchmark info {first}")


def official(name: str) -> "Release | None":
    """Returns the release of a benchmark, or None if it has no official files.

    Raises:
        UnknownComponentError: there is no benchmark of that name.
    """
    from nascast.core import plugins
    from nascast.releases.catalogue import find

    plugins.resolve("benchmark", name)
    return find(name)


def state(name: str) -> dict[str, Any]:
    """Returns whether a benchmark can be opened: embedded, external, converted or not converted."""
    from nascast.core import plugins

    release = official(name)
    if release is None:
        inside = plugins.resolve("benchmark", name).__module__.startswith("nascast.")
        return {"name": name, "state": "embedded" if inside else "external", "files": []}
    files = [item["file"] for item in describe_official(release)["files"] if item["there"]]
    return {"name": name, "state": "converted" if files else "not converted", "files": files}


def describe_official(release: "Release") -> dict[str, Any]:
    """Returns the official files and the converted ones, and where they are, as JSON values."""
    from dataclasses import asdict

    from nascast.benchmarks.converted import data_folder

    downloads = _downloads(release)
    return {
        "official": [
            {**asdict(item), "there": (downloads / item.file).exists()}
            for item in release.downloads
        ],
        "downloads": str(downloads),
        "folder": str(data_folder()),
        "files": [
            {"file": file, "there": (data_folder() / file).is_file()}
            for file in release.benchmark.files
        ],
    }


def show_official(release: "Release", as_json: bool) -> None:
    """Prints the files of a benchmark that is not converted yet, and the commands for them."""
    facts, benchmark = describe_official(release), release.benchmark
    name = benchmark.registered
    if as_json:
        typer.echo(document({"name": name, "converted": False, **facts}, indent=1))
        return
    summary = (benchmark.__doc__ or "").strip().partition("\n")[0]
    typer.echo(f"{name}: {summary}")
    typer.echo(f"Not converted yet: {facts['folder']} has none of {', '.join(benchmark.files)}.")
    typer.echo("Official files, of which one is enough unless it is said:")
    for item, download in zip(facts["official"], release.downloads, strict=True):
        there = ", downloaded" if item["there"] else ""
        typer.echo(f"  {download.file}{there}: {download.what}{_size(download)}")
        typer.echo(f"    {download.url or download.page}")
    typer.echo(f"To fetch one: nascast benchmark download {name}")
    typer.echo(f"Then: nascast benchmark convert {name} PATH")


def _required(name: str) -> "Release":
    release = official(name)
    if release is None:
        raise UnsupportedError(
            f"{name} comes with the package or a plug-in: there is nothing to download or convert"
        )
    return release


def _choose(release: "Release", file: str | None) -> "Download":
    """Returns the file asked for, or the first that has an address."""
    if file is None:
        return next((item for item in release.downloads if item.url), release.downloads[0])
    for item in release.downloads:
        if item.file == file:
            return item
    known = ", ".join(item.file for item in release.downloads)
    raise InvalidSettingError(f"--file: {release.benchmark.registered} has {known}; got {file!r}")


def _by_hand(release: "Release", files: "list[Download]", folder: Path) -> None:
    """Prints what to fetch with a browser, and where to put it."""
    typer.echo("No address to fetch this from without a browser. Fetch one of:")
    for item in files:
        typer.echo(f"  {item.file}: {item.what}{_size(item)}")
        typer.echo(f"    from {item.page}")
        if item.sha256:
            typer.echo(f"    SHA-256 {item.sha256}")
    typer.echo(f"Put it into {folder}, or anywhere. Then:")
    typer.echo(f"  nascast benchmark convert {release.benchmark.registered} PATH")


def _downloads(release: "Release") -> Path:
    from nascast.benchmarks.converted import data_folder

    return data_folder() / "downloads" / release.benchmark.registered


def _size(item: "Download") -> str:
    return f" ({item.size / 1e6:,.0f} MB)" if item.size else ""


def _make(folder: Path) -> None:
    """Makes a folder, and refuses one that cannot be written before any work is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror}; set NASCAST_DATA") from error
    if not os.access(folder, os.W_OK):
        raise StoreError(f"cannot write into {folder}; set NASCAST_DATA to another folder")
