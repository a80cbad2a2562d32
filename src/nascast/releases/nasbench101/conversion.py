"""The official files of NAS-Bench-101 as tables."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from nascast.benchmarks.nasbench101 import NasBench101
from nascast.benchmarks.table import TableSource, write_table
from nascast.core.errors import InvalidSettingError, MissingDataError
from nascast.core.leftovers import is_leftover
from nascast.releases.catalogue import Download, Progress, Release
from nascast.releases.formats.tfrecord import read_blocks
from nascast.releases.nasbench101.records import decode
from nascast.releases.nasbench101.trainings import Trainings
from nascast.releases.staging import staged

__all__ = ["release"]

_SITE = "https://storage.googleapis.com/nasbench/"
_PAGE = "https://github.com/google-research/nasbench"
_DOWNLOADS = (
    Download(
        "nasbench_full.tfrecord",
        "every cell trained three times each for 4, 12, 36 and 108 epochs; 1.95 GB",
        f"{_SITE}nasbench_full.tfrecord",
        "3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
        None,
        _PAGE,
    ),
    Download(
        "nasbench_only108.tfrecord",
        "every cell trained three times for 108 epochs; 499 MB",
        f"{_SITE}nasbench_only108.tfrecord",
        "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        None,
        _PAGE,
    ),
)
_NOTES = {
    "source": f"NAS-Bench-101, {_PAGE}",
    "licence": "Apache-2.0",
    "recipe": "CIFAR-10, 40,000 images for training and 10,000 for validation; batch 256, momentum "
    "0.9, weight decay 1e-4, learning rate falling by a cosine to 0 at the end of the budget",
    "epochs": "each budget is a training of its own with a schedule of its own: values at several "
    "budgets are not points of one curve, and seconds are the full cost of that one training",
    "half": "val_accuracy_half and the like, at epoch 108, were measured half-way through the "
    "training of 108 epochs",
    "seeds": "the trainings of one cell and budget, in the order of the file",
    "trainable_parameters": "of the network that was trained; that of an isomorphic row can "
    "differ, by up to 48,411",
}


def convert(source: Path, folder: Path, progress: Progress) -> list[Path]:
    """Converts one or both of the official files, or others of their layout; returns the tables.

    A file is read as a stream, of which numbers are kept, 90 bytes a record.
    """
    paths = _tfrecords(source)
    total = sum(path.stat().st_size for path in paths)
    written: dict[str, Path] = {}
    done = 0
    with staged(folder) as stage:
        for path in paths:
            trainings, digest = _read(path, partial(_shifted, progress, done, total))
            done += path.stat().st_size
            progress(done, total)
            name = NasBench101.files[trainings.budgets() == [108]]
            if name in written:
                raise InvalidSettingError(
                    f"{written[name]} and {path} are of the same kind; name the one to convert"
                )
            write_table(_source(trainings, digest), stage / name)
            written[name] = path
    return [folder / name for name in written]


def _tfrecords(source: Path) -> list[Path]:
    """Returns the files to read: the one named, or in a folder the official ones, else all."""
    if source.is_file():
        return [source]
    official = [source / download.file for download in _DOWNLOADS]
    every = (path for path in source.glob("*.tfrecord") if not is_leftover(path.name))
    found = [path for path in official if path.is_file()] or sorted(every)
    if not found:
        names = " or ".join(download.file for download in _DOWNLOADS)
        raise MissingDataError(f"expected {names}, or a folder that holds one; got {source}")
    return found


def _shifted(progress: Progress, before: int, total: int, at: int) -> None:
    progress(before + at, total)


def _read(path: Path, reached: Callable[[int], None]) -> tuple[Trainings, str]:
    """Returns the trainings of a file, and its SHA-256."""
    digest = hashlib.sha256()
    with ThreadPoolExecutor(1) as beside:  # the sum would take a tenth of the time

        def seen(piece: bytes) -> None:
            beside.submit(digest.update, piece)

        trainings = Trainings(path)
        for block in read_blocks(path, seen):
            trainings.add(decode(block))
            reached(block.offset + len(block.data))
    return trainings, digest.hexdigest()


def _source(trainings: Trainings, digest: str) -> TableSource:
    genes, metrics, values = trainings.columns()
    published = {download.sha256: download.file for download in _DOWNLOADS}
    provenance = {
        **_NOTES,
        "file": trainings.path.name,
        "sha256": digest,
        "official file": published.get(digest, "no"),
        "records": len(trainings),
    }
    return TableSource(
        "nasbench101",
        "nasbench101",
        genes,
        metrics,
        values,
        provenance=provenance,
        canonical=True,
        separate=True,
    )


release = Release(NasBench101, _DOWNLOADS, convert)
