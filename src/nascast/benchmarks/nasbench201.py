"""NAS-Bench-201, from the official files of NATS-Bench or NAS-Bench-201 v1.1."""

from nascast.benchmarks.converted import ConvertedTable, file_of

__all__ = ["NasBench201"]


class NasBench201(ConvertedTable):
    """15,625 cells, trained for 200 epochs and for 12 epochs, up to three times.

    Source: Dong & Yang, ICLR 2020, https://arxiv.org/abs/2001.00326; Dong et al., TPAMI 2021,
    https://arxiv.org/abs/2009.00437.

    ``train_loss``, ``train_accuracy``, ``val_loss``, ``val_accuracy``, ``test_loss``,
    ``test_accuracy`` and ``seconds`` are of the training with 200 epochs. With ``_12`` behind them
    they are of a training of its own, whose learning rate falls to 0 within 12 epochs: it ends
    better than the long one is after epoch 12. Accuracies are in percent, losses in nats, and
    ``seconds`` counts training and validation from the start. ``parameters`` and ``flops``
    (multiply-adds, and the biases of the classifier) are counts.

    Data sets and splits:

    - ``cifar10``: trained on half of the training set, the other half is for validation. Test is
      measured after the last epoch only.
    - ``cifar100``, ``imagenet16_120``: trained on the training set; validation and test are the
      halves of the official test set, measured after the last epoch only. After every epoch there
      is ``valtest_loss`` and ``valtest_accuracy``, on both halves together: choosing by them is
      choosing by test images. The trainings with 12 epochs have all of them after every epoch.
    - ``cifar10_full``: trained on the whole training set; there is no validation.

    ``seed=0`` is the first recorded training of every cell, not one official seed number, and
    ``seed=None`` the mean; nothing is drawn at random.

    Some trainings are recorded with the size of another network
    (https://github.com/D-X-Y/NATS-Bench/issues/36); see ``odd sizes`` in the provenance.
    """

    registered = "nasbench201"
    files = (
        "nasbench201-cifar10.nascast",
        "nasbench201-cifar100.nascast",
        "nasbench201-imagenet16_120.nascast",
        "nasbench201-cifar10_full.nascast",
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
