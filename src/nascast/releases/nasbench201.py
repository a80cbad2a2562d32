"""The official files of NAS-Bench-201."""

from functools import partial

from nascast.benchmarks.nasbench201 import NasBench201
from nascast.releases.catalogue import Download, Release
from nascast.releases.nats.tables import Series, convert

__all__ = ["release"]

_PAGE = "https://github.com/D-X-Y/NATS-Bench"
_DOWNLOADS = (
    Download(
        "NATS-tss-v1_0-3ffb9-simple.tar",
        "all trainings, one file for each cell, about 1.1 GB; convert it or its folder",
        None,
        None,
        None,
        _PAGE,
    ),
    Download(
        "NATS-tss-v1_0-3ffb9.pickle.pbz2",
        "the same in one pickle, slower to convert",
        None,
        None,
        None,
        _PAGE,
    ),
    Download(
        "NAS-Bench-201-v1_1-096897.pth",
        "the release of 2020-03, with fewer repeated trainings; slower to convert",
        None,
        None,
        None,
        "https://github.com/D-X-Y/NAS-Bench-201",
    ),
)
_SERIES = Series(
    "NAS-Bench-201 (Dong & Yang, ICLR 2020; NATS-Bench, Dong et al., TPAMI 2021)",
    "nasbench201",
    NasBench201.files,
    (200, 12),
)

release = Release(NasBench201, _DOWNLOADS, partial(convert, _SERIES))
