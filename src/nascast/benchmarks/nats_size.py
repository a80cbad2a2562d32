"""The size space of NATS-Bench, from the official files."""

from nascast.benchmarks.converted import ConvertedTable, file_of

__all__ = ["NatsSize"]


class NatsSize(ConvertedTable):
    """32,768 networks of different widths, trained for 90, 12 and 1 epochs, up to three times.

    Source: Dong et al., TPAMI 2021, https://arxiv.org/abs/2009.00437.

    Metrics, units, data sets, splits and seeds are those of the benchmark ``nasbench201``, which
    says what they are. Plain names are of the training with 90 epochs; ``_12`` and ``_1`` are
    trainings of their own, whose learning rate falls to 0 within 12 epochs and 1 epoch.
    """

    registered = "nats_size"
    files = (
        "nats-size-cifar10.nascast",
        "nats-size-cifar100.nascast",
        "nats-size-imagenet16_120.nascast",
        "nats-size-cifar10_full.nascast",
    )

    def __init__(self, dataset: str = "cifar10") -> None:
        """Opens the converted table.

        Args:
            dataset: name of the data set: ``cifar10``, ``cifar100``, ``imagenet16_120`` or
                ``cifar10_full``.

        Raises:
            InvalidSettingError: there is no such data set.
            MissingDataError: it was not converted; the message says how to get it.
        """
        super().__init__(file_of(dataset, self.files))
        self.dataset = dataset
