"""Multilayer perceptrons on any features."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from nascast.core.types import Floats
from nascast.predictors.model_based.regression.members import Linear, Network

__all__ = ["Perceptron"]


class Perceptron(Network):
    """Linear layers with rectifiers between them, on centred columns.

    A column of deviation above 1 is divided by it. Bits are not: their deviations are smaller, and
    to divide by them makes rare paths weigh most (τ with 100 labels on NAS-Bench-201 falls from .59
    to .52).

    A column that does not vary over the training rows is left out: its weights would stay as they
    were drawn, and add noise to the scores of rows where it does vary.
    """

    def __init__(self, rows: Floats, members: int, layers: int, width: int) -> None:
        """Makes the networks for columns like those of the training rows, ``(n, d)``."""
        super().__init__()
        self.members = members
        self._columns = np.flatnonzero(np.ptp(rows, axis=0))
        varied = rows[:, self._columns]
        self._center, self._scale = varied.mean(0), varied.std(0).clip(min=1)
        sizes: Sequence[int] = (len(self._columns), *[width] * layers)
        self.hidden = nn.ModuleList(
            Linear(members, before, after) for before, after in itertools.pairwise(sizes)
        )
        self.last = Linear(members, sizes[-1], 1)

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        columns = (x[:, self._columns] - self._center) / self._scale
        return (torch.as_tensor(columns, dtype=torch.float32),)

    def forward(self, x: Tensor) -> Tensor:
        """Returns ``(m, n)`` scores of ``(n, d)`` columns."""
        state = x[None]
        for layer in self.hidden:
            state = torch.relu(layer(state))
        scores: Tensor = self.last(state)[..., 0]
        return scores
