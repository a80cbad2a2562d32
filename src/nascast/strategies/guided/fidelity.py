"""Trainings of several lengths, of which the short ones say something of the full ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.history import History
from nascast.core.types import Bools, Floats
from nascast.strategies.guided.targets import normal_scores, scalarised

__all__ = ["Fidelities"]

# Logarithm of a ratio of epochs over which the correlation falls by exp(−1/2). Trainings of 4, 12
# and 36 epochs have .47, .71 and .92 with those of 108; on 5,000 cells of NAS-Bench-101 it is .47,
# .64 and .89 (Spearman's, as of normal variables).
_REACH = 2.7

_Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Fidelities:
    """Lengths of trainings, as one more coordinate of a process and as a scale of its targets.

    Attributes:
        levels: epochs, ascending, of which the last is a full training; empty where all are full.
    """

    levels: tuple[int, ...] = ()

    def __len__(self) -> int:
        return max(len(self.levels), 1)

    def epochs(self, rung: int) -> int | None:
        """Returns the epochs of a rung; None is a full training."""
        return self.levels[rung] if self.levels else None

    def rungs(self, history: History) -> _Ints:
        """Returns ``(k,)`` rungs of the trials: of the last level that they reached."""
        if not self.levels:
            return np.zeros(len(history), dtype=np.intp)
        asked = np.where(history.epochs < 0, self.levels[-1], history.epochs)
        return np.maximum(np.searchsorted(self.levels, asked, side="right") - 1, 0)

    def is_done(self, history: History) -> Bools:
        """Returns ``(k,)``: whether a trial was a full training, or failed."""
        failed = np.isnan(history.scores).any(1)
        return np.asarray(failed | (self.rungs(history) == len(self) - 1))

    def following(self, history: History, networks: Sequence[bytes]) -> dict[bytes, int]:
        """Returns the rung after the highest of each network, or the last one.

        Args:
            history: trials.
            networks: key of the network of each trial.
        """
        found: dict[bytes, int] = {}
        for network, rung in zip(networks, self.rungs(history).tolist(), strict=True):
            found[network] = max(found.get(network, 0), min(rung + 1, len(self) - 1))
        return found

    def at(self, points: Floats, length: float, rungs: _Ints | None = None) -> Floats:
        """Returns ``(k, d + 1)`` coordinates of trainings; ``(k, d)`` ones where all are full.

        Args:
            points: ``(k, d)`` coordinates of the architectures.
            length: length-scale of the kernel.
            rungs: ``(k,)`` rungs; None is full trainings.
        """
        if not self.levels:
            return points
        levels = np.asarray(self.levels)
        ratios = np.ones(len(points)) if rungs is None else levels[-1] / levels[rungs]
        return np.column_stack([points, np.log(ratios) * length / _REACH])

    def targets(
        self, history: History, networks: Sequence[bytes], rng: np.random.Generator
    ) -> Floats:
        """Returns ``(k,)`` targets on one scale: normal scores of the ranks within each rung.

        Those of the lowest rung have mean 0 and deviation 1. Who is in a higher rung was chosen by
        what a lower one said, so that its mean and deviation are those that the lower targets of
        the same networks foretell, as of normal variables with the correlation of the two rungs. A
        failure is as low as the lowest.

        Args:
            history: trials.
            networks: key of the network of each trial.
            rng: generator of the weights of several objectives.
        """
        rungs, found = self.rungs(history), np.zeros(len(history))
        known: dict[bytes, tuple[int, float]] = {}  # by network: the last rung and its target
        for rung in np.unique(rungs).tolist():
            at = np.flatnonzero(rungs == rung).tolist()
            lower = [known[networks[i]] for i in at if networks[i] in known]
            mean, deviation = self._foretold(rung, lower)
            values = scalarised(history.scores[at], rng)
            found[at] = mean + deviation * normal_scores(values)
            known.update((networks[i], (rung, float(found[i]))) for i in at)
        failed = np.isnan(history.scores).any(1)
        found[failed] = found.min(initial=0.0)
        return found

    def _foretold(self, rung: int, lower: Sequence[tuple[int, float]]) -> tuple[float, float]:
        """Returns the mean and the deviation of targets whose networks have lower ones."""
        if not lower:
            return 0.0, 1.0
        below, targets = np.asarray(lower).T
        levels = np.asarray(self.levels, dtype=np.float64)
        apart = np.log(levels[rung] / levels[below.astype(np.intp)])
        likeness = np.exp(-((apart / _REACH) ** 2) / 2)
        variance = float((1 - likeness**2).mean() + (likeness * targets).var())
        return float((likeness * targets).mean()), float(np.sqrt(variance))
