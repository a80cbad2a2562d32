"""Candidates that are trained for a while, so that a predictor of learning curves can rank them."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.history import History
from nascast.core.met import Met
from nascast.core.predictor import PerformancePredictor
from nascast.core.space import SearchSpace
from nascast.core.types import Candidate, Genes

__all__ = ["Probes", "curve_epochs"]


def curve_epochs(model: PerformancePredictor, name: str) -> int | None:
    """Returns of how many epochs a predictor reads curves; None if it reads none.

    Args:
        model: predictor.
        name: what messages call it.

    Raises:
        InvalidSettingError: the predictors that it is made of have numbers of their own.
    """
    if "epochs" not in model.axes:
        return None
    epochs: int | None = getattr(model, "epochs", None)
    if epochs is None:
        raise InvalidSettingError(
            f"{name} reads learning curves, and does not say of how many epochs; give it the "
            "setting epochs, such as epochs=5"
        )
    return epochs


class Probes:
    """The trainings of candidates for some epochs, after which some of them are trained on.

    Attributes:
        epochs: number of epochs of a short training.
    """

    def __init__(self, epochs: int, space: SearchSpace, met: Met) -> None:
        """Takes the space, and what keys of networks are read from.

        Args:
            epochs: number of epochs of a short training.
            space: search space of the candidates.
            met: networks of a strategy.
        """
        self.epochs, self._space, self._met = epochs, space, met

    def among(self, candidates: Collection[Candidate]) -> list[Candidate]:
        """Returns those that are short trainings."""
        return [one for one in candidates if one.epochs == self.epochs]

    def places(self, history: History) -> npt.NDArray[np.intp]:
        """Returns the places of the short trainings among the trials."""
        return np.flatnonzero(history.epochs == self.epochs)

    def missing(
        self, rows: Genes, history: History, pending: Collection[Candidate]
    ) -> list[Candidate]:
        """Returns short trainings of those rows whose networks have none yet, pending or told."""
        known = set(self._met.networks(history.genes[self.places(history)]))
        known.update(self._networks(self.among(pending)))
        return [
            Candidate(self._space.architecture(row), self.epochs)
            for row, network in zip(rows, self._met.networks(rows), strict=True)
            if network not in known
        ]

    def unfinished(self, history: History, pending: Collection[Candidate] = ()) -> Genes:
        """Returns ``(m, length)`` rows to train on, in the order told.

        They are of different networks, whose short training went well and whose full one is neither
        told nor pending.
        """
        full = history.genes[history.epochs < 0]
        taken = set(self._met.networks(full))
        taken.update(self._networks([one for one in pending if one.epochs is None]))
        short = self.places(history)
        found: dict[bytes, int] = {}
        for i, network in zip(
            short.tolist(), self._met.networks(history.genes[short]), strict=True
        ):
            if network not in taken and history.trials[i].evaluation.error is None:
                found.setdefault(network, i)
        return history.genes[list(found.values())]

    def _networks(self, candidates: Collection[Candidate]) -> list[bytes]:
        rows = [one.arch.genes for one in candidates]
        return self._met.networks(np.asarray(rows, dtype=np.int16).reshape(-1, self._space.length))
