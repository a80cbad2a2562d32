"""LCE, and what it has in common with LCE-m."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Floats, Genes
from nascast.predictors.learning_curve.features import validation_metric
from nascast.predictors.learning_curve.lce.families import FAMILIES, check, shapes
from nascast.predictors.learning_curve.lce.posterior import gains
from nascast.predictors.learning_curve.lce.scale import Scale

__all__ = ["LCE", "POINTS", "Extrapolation"]

POINTS = 4  # fewest points of a curve that is extrapolated; chosen, three have no noise to measure


class Extrapolation(PerformancePredictor):
    """The end of the validation curve of the objective's metric, extrapolated from its beginning.

    A curve with fewer than `POINTS` points, or whose last point is the end of the training, is not
    extrapolated: the prediction is its last value, without a deviation unless it is the end. That
    of a curve with a point that is not finite is NaN. Deviations are wide rather than calibrated:
    one curve does not tell how its schedule goes on.
    """

    axes = frozenset({"epochs"})
    monotone: ClassVar[bool]
    presets = MappingProxyType({"study": {"families": ("mmf", "loglog_linear")}})

    def __init__(self, epochs: int = 5, families: Sequence[str] = tuple(FAMILIES)) -> None:
        """Chooses what is read and how it may go on.

        Args:
            epochs: number of epochs of training at query.
            families: names of families of curves, of those in `FAMILIES`.
        """
        check(families)
        self.epochs, self.families = epochs, families

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        metric = ledger.records.describe(validation_metric(ledger))
        scores = ledger.curve(genes, metric.name, self.epochs)
        last = np.where(np.isfinite(scores).all(1), scores[:, -1], np.nan)
        marks = [mark for mark in metric.epochs if mark <= self.epochs]
        known = marks or [self.epochs]
        ends = (*metric.epochs, *ledger.records.describe(ledger.objective.metric).epochs)
        if known[-1] >= max(ends, default=0):
            return Prediction(last, np.zeros(len(last)))
        if len(known) < POINTS:
            return Prediction(last)
        return self._extrapolated(
            Scale.of(metric), scores, np.asarray(known, dtype=np.float64), float(max(ends))
        )

    def _extrapolated(
        self, scale: Scale, scores: Floats, epochs: Floats, horizon: float
    ) -> Prediction:
        fine = np.isfinite(scores).all(1)
        mean, deviation = np.full((2, len(scores)), np.nan)
        if fine.any():
            z, unit = scale.rising(scores[fine])
            found = shapes(self.families, epochs, horizon)
            gain, spread = gains(z, epochs, horizon, found, monotone=self.monotone)
            mean[fine], deviation[fine] = scale.back(z[:, -1] + gain, spread, unit)
        return Prediction(mean, deviation)


class LCE(Extrapolation):
    """A mixture of parametric curves, as in Domhan et al., IJCAI 2015.

    https://www.ijcai.org/Proceedings/15/Papers/487.pdf

    Deviations from the paper: the curve is minus the logarithm of the error, see `scale`; each
    family is linear but for its shape, which is on a grid, so that the posterior needs no sampler,
    see `posterior`; families are averaged with equal weights, as in the 2021 study, and not
    weighted by their fit, which a few points decide by chance; a random walk stands for what no
    family explains. Curves may also fall. The defaults are all families; the preset ``study`` has
    the four of the 2021 study, of which two are special cases here.

    Intervals are wide, since one curve does not tell how its schedule goes on: those of 90 % held
    97 to 100 % of the true scores on nb201-mini and NAS-Bench-NLP, on which constants were chosen,
    and on the surrogate of NAS-Bench-301 (`perf/learning_curves.py`).
    """

    monotone = False
