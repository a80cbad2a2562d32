"""The size space of NATS-Bench, from the official files."""

from pathlib import Path
from typing import ClassVar

from nascast.benchmarks._nats_records import DATASETS
from nascast.benchmarks._nats_tables import Release, convert_release, dataset_file
from nascast.benchmarks._official import Download, OfficialTable, Progress

__all__ = ["NatsSize"]

_RELEASE = Release(
    "NATS-Bench, size space (Dong et al., TPAMI 2021)", "nats_size", "nats-size", (90, 12, 1)
)
_PAGE = "https://github.com/D-X-Y/NATS-Bench"


class NatsSize(OfficialTable):
    """32,768 networks of different widths, trained for 90, 12 and 1 epochs, up to three times.

    Source: Dong et al., TPAMI 2021, https://arxiv.org/abs/2009.00437.

    Metrics, units, data sets, splits and seeds are those of the benchmark ``nasbench201``, which
    says what they are. Plain names are of the training with 90 epochs; ``_12`` and ``_1`` are
    trainings of their own, whose learning rate falls to 0 within 12 epochs and 1 epoch.
    """

    registered = "nats_size"
    downloads: ClassVar[tuple[Download, ...]] = (
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
    files = tuple(_RELEASE.file(dataset) for dataset in DATASETS)

    def __init__(self, dataset: str = "cifar10") -> None:
        """Opens the converted table.

        Args:
            dataset: ``cifar10``, ``cifar100``, ``imagenet16_120`` or ``cifar10_full``.

        Raises:
            InvalidSettingError: another data set.
            MissingDataError: it was not converted; the message says how to get it.
        """
        super().__init__(dataset_file(_RELEASE, dataset))

    @classmethod
    def convert(cls, source: Path, folder: Path, progress: Progress) -> list[Path]:
        return convert_release(_RELEASE, source, folder, progress)
