"""The official files of the size space of NATS-Bench."""

from functools import partial

from nascast.benchmarks.nats_size import NatsSize
from nascast.releases.catalogue import Download, Release
from nascast.releases.nats.tables import Series, convert

__all__ = ["release"]

_PAGE = "https://github.com/D-X-Y/NATS-Bench"
_DOWNLOADS = (
    Download(
        "NATS-sss-v1_0-50262-simple.tar",
        "all trainings, one file for each network; convert it or its folder",
        None,
        None,
        None,
        _PAGE,
    ),
    Download(
        "NATS-sss-v1_0-50262.pickle.pbz2",
        "the same in one pickle, slower to convert",
        None,
        None,
        None,
        _PAGE,
    ),
)
_SERIES = Series(
    "NATS-Bench, size space (Dong et al., TPAMI 2021)", "nats_size", NatsSize.files, (90, 12, 1)
)

release = Release(NatsSize, _DOWNLOADS, partial(convert, _SERIES))
