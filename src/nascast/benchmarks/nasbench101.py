"""NAS-Bench-101: 423,624 cells on CIFAR-10 (Ying et al., ICML 2019).

https://arxiv.org/abs/1902.09635
"""

from nascast.benchmarks.converted import ConvertedTable

__all__ = ["NasBench101"]


class NasBench101(ConvertedTable):
    """The recorded trainings; isomorphic rows are looked up as one cell.

    ``epochs`` is a budget of 4, 12, 36 or 108: a training of its own, whose learning rate falls to
    0 at its end. So `curve` gives the final values of separate trainings, not the course of one,
    and `seconds` is what one training of that budget cost. ``seed`` is 0, 1 or 2: the place in the
    file among the three trainings of a cell with a budget.

    Accuracies are in percent, of 10,000 validation images, of the test images, and of 10,000 of the
    training images. Those ending in ``_half`` were measured half-way through the training of the
    budget asked for, for which ``seconds_half`` were needed. Seconds are of training alone.
    """

    registered = "nasbench101"
    separate = True
    files = ("nasbench101.nascast", "nasbench101-only108.nascast")
