"""The table of NAS-Bench-201 inside the package: every cell, by training seed."""

from pathlib import Path
from typing import ClassVar

from nascast.benchmarks.table import Table
from nascast.core.errors import InvalidSettingError

__all__ = ["Nb201Seeds"]


class Nb201Seeds(Table):
    """The 15,625 cells of NAS-Bench-201, what each of two or three trainings of 200 epochs reached.

    Source: Dong & Yang, ICLR 2020, https://arxiv.org/abs/2001.00326 (MIT); the provenance says by
    which way. There are no learning curves: those are in the official files (`nasbench201`).

    ``val_accuracy`` is in percent, after the last epoch, of two trainings of every cell and a third
    of 8,169. ``seconds`` are of training, ``latency`` is in seconds for a batch on the authors'
    GPU, ``parameters`` and ``multiply_adds`` are counts.

    For ``cifar10`` there is also the accuracy of one training of 12 epochs, which is a training of
    its own, as all of them are `separate`; its seconds are taken as 12/200 of the long one. And
    there is ``test_accuracy``, of one to three trainings on all training images: they are other
    trainings than those of ``val_accuracy``, and a seed of one is not that seed of the other.

    Attributes:
        dataset: name of the data set.
    """

    datasets: ClassVar[tuple[str, ...]] = ("cifar10", "cifar100", "imagenet16")

    def __init__(self, dataset: str = "cifar10") -> None:
        """Opens the table.

        Args:
            dataset: name of the data set: ``cifar10``, ``cifar100`` or ``imagenet16``.

        Raises:
            InvalidSettingError: there is no such data set.
        """
        if dataset not in self.datasets:
            raise InvalidSettingError(
                f"nb201_seeds: unknown data set {dataset!r}; known are {', '.join(self.datasets)}"
            )
        self.dataset = dataset
        super().__init__(Path(__file__).with_name(f"nb201_seeds-{dataset}.nascast"))
