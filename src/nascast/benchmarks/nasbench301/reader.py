"""NAS-Bench-301 (Zela et al., ICLR 2022, https://arxiv.org/abs/2008.09777): surrogates for DARTS.

About 60,000 pairs of DARTS cells were trained on CIFAR-10, in networks of 8 cells and 32 channels,
and models fitted on their validation accuracies and runtimes. Those answer for all 10^18 pairs.
There is no test accuracy. Two kinds of model are read:

- that of YAHPO Gym (Pfisterer et al., AutoML-Conf 2022, https://arxiv.org/abs/2109.03670) predicts
  the accuracy after each of 98 epochs;
- the authors' own ensembles ``nb_models_1.0`` predict the accuracy after the last one. Given is
  the mean of an ensemble; their interface draws from it by default.

The answer is the published model's prediction for a row as it stands. Equal networks, whose nodes
only stand in another order, get somewhat different answers (YAHPO's: Kendall's τ 0.82 between 4,000
random rows and their canonical forms); ask with ``space.canonical(genes)`` for one answer.

Deviation: every epoch of a training takes the same time here, a share of the predicted whole. The
runtime that YAHPO's model predicts falls at first (341 seconds after epoch 1, 181 after epoch 2, in
the mean of 400 random rows), which no time that passes can do.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from nascast.benchmarks.converted import Converted, data_folder
from nascast.benchmarks.nasbench301.archive import read_archive
from nascast.benchmarks.nasbench301.boosters import Boosters
from nascast.benchmarks.nasbench301.onnx_rows import EPOCHS, MODEL, OnnxRows
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.types import Floats, Genes, ImageTask, Metric
from nascast.spaces.darts import Darts

__all__ = ["NasBench301"]


class _Surrogate(Protocol):
    def accuracy(self, genes: Genes, epochs: tuple[int, ...]) -> Floats:
        """Returns ``(n, k)`` accuracies in percent after each of k epochs."""
        ...

    def seconds(self, genes: Genes) -> Floats:
        """Returns ``(n,)`` seconds of the whole training."""
        ...


class NasBench301(Converted):
    """Predicted accuracies and times of DARTS cells: a function, without a list of rows.

    Attributes:
        surrogates: files that hold the surrogates, by the names of these.
        provenance: origin of the surrogate, as plain JSON values.
    """

    name = "nasbench301"
    registered = "nasbench301"
    surrogates: ClassVar[Mapping[str, str]] = {
        "yahpo": "nasbench301-yahpo.zip",
        "trees": "nasbench301-trees.zip",
    }
    files = tuple(surrogates.values())

    def __init__(self, surrogate: str | None = None) -> None:
        """Opens a converted surrogate.

        Args:
            surrogate: name of the surrogate: ``yahpo``, or ``trees`` for the authors' ensembles;
                None is the first of the two that is there.

        Raises:
            InvalidSettingError: there is no such surrogate.
            MissingDataError: it was not converted; the message says how to get it.
            MissingExtraError: a package that the surrogate runs on is not installed.
            CorruptDataError: the file is damaged.
        """
        if surrogate not in (None, *self.surrogates):
            raise InvalidSettingError(
                f"nasbench301 has the surrogates {' and '.join(self.surrogates)}; got {surrogate!r}"
            )
        folder = data_folder()
        files = self.files if surrogate is None else (self.surrogates[surrogate],)
        path = next((folder / file for file in files if (folder / file).is_file()), None)
        if path is None:
            raise self.missing(files[0])
        head, members = read_archive(path)
        self.path, self.surrogate = path, surrogate
        self.provenance: Mapping[str, Any] = head
        self.space = Darts()
        self.task = ImageTask((3, 32, 32), 10, {"channels": 32, "cells": 8})
        self._surrogate: _Surrogate
        if MODEL in members:
            marks, self._surrogate = tuple(range(1, EPOCHS + 1)), OnnxRows(members[MODEL], path)
        else:
            marks, self._surrogate = (EPOCHS,), Boosters(members, path)
        self.metrics = {
            "val_accuracy": Metric("val_accuracy", "percent", "validation", epochs=marks),
            "seconds": Metric("seconds", "seconds", "train", True, marks),
        }

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        meta = self.describe(metric)
        epochs = meta.epochs[-1] if epochs is None else epochs
        if epochs not in meta.epochs:
            raise UnsupportedError(
                f"{self.name}: {metric} is predicted after epoch {meta.epochs[0]} to "
                f"{meta.epochs[-1]}; epoch {epochs} asked for"
            )
        if metric == "seconds":
            return self.seconds(genes, epochs, seed)
        self._check(genes, metric, seed)
        return self._surrogate.accuracy(genes, (epochs,))[:, 0]

    def curve(self, genes: Genes, metric: str, epochs: int, seed: int | None = 0) -> Floats:
        meta = self.describe(metric)
        if metric == "seconds" or epochs not in meta.epochs:
            return super().curve(genes, metric, epochs, seed)  # refuses epochs there are not
        self._check(genes, metric, seed)
        marks = tuple(mark for mark in meta.epochs if mark <= epochs)
        return self._surrogate.accuracy(genes, marks)

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        epochs = EPOCHS if epochs is None else epochs
        if not 0 < epochs <= EPOCHS:
            raise UnsupportedError(
                f"{self.name}: trainings have {EPOCHS} epochs; {epochs} asked for"
            )
        self._check(genes, "seconds", seed)
        return self._surrogate.seconds(genes) * (epochs / EPOCHS)

    def _check(self, genes: Genes, metric: str, seed: int | None) -> None:
        self.space.check(genes)
        if seed not in (0, None):
            raise UnsupportedError(
                f"{self.name}: {metric} is predicted, with seed 0; seed {seed} asked for"
            )
