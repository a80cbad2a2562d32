"""How well the truth agrees with itself, and what a perfect predictor could reach.

Two trainings of one architecture end differently. So τ between two trainings of the same
architectures is below 1, and it is no ceiling: a predictor that knows what an architecture reaches
on average agrees better with one training than another training does.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.types import Floats, Objective
from nascast.studies.metrics import kendall
from nascast.studies.numerals import number
from nascast.studies.records import among

__all__ = ["METHOD", "Estimate", "NoiseLimits", "agreement", "noise_limits"]

METHOD = (
    "Agreement is Kendall's τ between two trainings of the same architectures. The limit is that "
    "of a perfect predictor of their mean with one training: under a Gaussian model "
    "(2/π)·asin(√ρ) with ρ = sin(πτ/2). Agreement inside the top 10 % is the mean over the tops "
    "by either training; the limit there is by simulation, in which means stand for the truth and "
    "differ from one more training as trainings of architectures about as good do. It tends to be "
    "too high, in simulations by .06 to .12. Intervals hold 95 % of 200 bootstrap samples of "
    "architectures."
)

_MOST = 1_000  # architectures in a sample of the bootstrap; chosen
_SAMPLES = 200  # of the bootstrap; chosen
_TOP = 0.1
_FEWEST = 10  # architectures in the top that say anything; chosen
_DRAWN = 1_000  # trainings in the simulation; chosen
_REDRAWN = 250  # trainings in the simulation of a bootstrap sample; chosen, for speed
_WIDE = 200  # values from which on pairs are not compared one by one; chosen
_NEAR = 0.02  # share of the architectures that are about as good, to each side; chosen

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the interval that holds it in 95 of 100 bootstrap samples."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{number(self.value)} ({number(self.low)} to {number(self.high)})"


@dataclass(frozen=True, slots=True)
class NoiseLimits:
    """What noise leaves of Kendall's τ; see `METHOD` for how it is estimated.

    Attributes:
        cells: architectures that were trained twice.
        agreement: τ between two trainings.
        limit: τ of a perfect predictor of the mean with one training.
        top_agreement: τ between two trainings inside the top 10 %; None if that is too few.
        top_limit: τ of a perfect predictor of the mean with one training inside the top 10 %.
    """

    cells: int
    agreement: Estimate
    limit: Estimate
    top_agreement: Estimate | None = None
    top_limit: Estimate | None = None

    def lines(self) -> list[str]:
        """Returns what there is to say, one line for all architectures and one for the top."""
        found = [
            f"noise: τ = {self.agreement} between two trainings of {self.cells:,} cells; "
            f"limit of a perfect predictor: {self.limit}"
        ]
        if self.top_agreement is not None:
            found.append(
                f"noise inside the top 10 %: τ = {self.top_agreement} between two trainings; "
                f"limit of a perfect predictor: {self.top_limit}"
            )
        return found

    @classmethod
    def of_json(cls, value: object) -> "NoiseLimits":
        """Reads what `dataclasses.asdict` gives.

        Raises:
            CorruptDataError: it is something else.
        """
        try:
            assert isinstance(value, Mapping)
            parts: dict[str, Any] = {item.name: value[item.name] for item in fields(cls)}
            for name, part in parts.items():
                if name == "cells":
                    parts[name] = int(part)
                elif part is not None or name in ("agreement", "limit"):
                    parts[name] = Estimate(*(float(part[k]) for k in ("value", "low", "high")))
            return cls(**parts)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise CorruptDataError(f"these are no limits of noise: {error!r}") from error


def noise_limits(benchmark: Benchmark, objective: Objective, seed: int = 0) -> NoiseLimits | None:
    """Estimates the limits from the first two trainings of the architectures that have two.

    Args:
        benchmark: benchmark with repeated trainings.
        objective: metric, and whether the top has its smallest values.
        seed: seed of the bootstrap and the simulation.

    Returns:
        The limits; None where fewer than two architectures were trained twice.
    """
    both = _pairs(benchmark, objective)
    if both is None:
        return None
    few = len(both) * _TOP < _FEWEST
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(both), size=(_SAMPLES, min(len(both), _MOST)))
    narrower = math.sqrt(chosen.shape[1] / len(both))  # of all of them, than of such a sample

    def estimate(
        measure: Callable[[Floats], float], again: Callable[[Floats], float] | None = None
    ) -> Estimate:
        value, again = measure(both), again or measure
        off = np.quantile([again(both[sample]) for sample in chosen], [0.025, 0.975]) - value
        return Estimate(value, *(value + narrower * off).tolist())

    def simulated(trainings: int) -> Callable[[Floats], float]:
        return lambda pair: _simulated(pair, rng, trainings)

    agreement = estimate(_agreement)
    return NoiseLimits(
        cells=len(both),
        agreement=agreement,
        limit=Estimate(*map(_perfect, (agreement.value, agreement.low, agreement.high))),
        top_agreement=None if few else estimate(_top_agreement),
        top_limit=None if few else estimate(simulated(_DRAWN), simulated(_REDRAWN)),
    )


def agreement(benchmark: Benchmark, objective: Objective) -> tuple[int, float] | None:
    """Returns how many architectures were trained twice and τ between the two, or None for < 2."""
    both = _pairs(benchmark, objective)
    return None if both is None else (len(both), _agreement(both))


def _pairs(benchmark: Benchmark, objective: Objective) -> Floats | None:
    """Returns ``(n, 2)`` scores of the first two trainings; None for fewer than two pairs."""
    try:
        first, genes = (benchmark.recorded(objective.metric, k) for k in (0, 1))
    except UnsupportedError:
        return None
    genes = genes[among(first, genes)]  # either training may be missing
    if len(genes) < 2:
        return None
    both = np.stack([benchmark.query(genes, objective.metric, seed=k) for k in (0, 1)], axis=1)
    return -both if objective.minimize else both


def _agreement(both: Floats) -> float:
    return kendall(both[:, 0], both[:, 1])


def _perfect(tau: float) -> float:
    """Returns τ of a mean with one training, given that of two trainings, for Gaussian values.

    For two of a correlation r, τ is (2/π)·asin(r); two trainings have the square of the correlation
    that each has with the mean.
    """
    between = max(math.sin(math.pi * tau / 2), 0.0)
    return 2 / math.pi * math.asin(math.sqrt(between))


def _top_agreement(both: Floats) -> float:
    """Returns the mean of τ inside the top by the first training and in that by the second.

    Not that by the mean of the two: among rows of large means, one training is low where the other
    is high, and even those that agree well seem to contradict each other.
    """
    size = max(2, round(_TOP * len(both)))
    tops = np.argsort(-both, axis=0, kind="stable")[:size]
    return (_agreement(both[tops[:, 0]]) + _agreement(both[tops[:, 1]])) / 2


def _simulated(both: Floats, rng: np.random.Generator, trainings: int) -> float:
    """Returns τ of the truth inside the top with one more training of each, drawn around it.

    A training differs from the truth as one of an architecture of about the same rank does from its
    mean, times √2. Means, which stand for the truth, have half of the variance of that noise too
    much: what another half takes away is given back.
    """
    means = both.mean(axis=1)
    order = np.argsort(-means, kind="stable")
    noise = (both[order, 0] - means[order]) * math.sqrt(2)
    size, reach = max(2, round(_TOP * len(both))), max(5, round(_NEAR * len(both)))

    def drawn(truth: Floats, share: float) -> Floats:
        near = np.abs(np.arange(len(both)) + rng.integers(-reach, reach + 1, truth.shape))
        near = np.minimum(near, 2 * (len(both) - 1) - near)  # both ends reflect
        away = noise[near] * rng.choice([-1, 1], truth.shape)
        return np.asarray(truth + math.sqrt(share) * away)

    truth = np.tile(means[order], (max(4, trainings // size), 1))
    taus = []
    for values in (truth, drawn(truth, 0.5)):
        top = np.argsort(-values, axis=1, kind="stable")[:, :size]
        pair = [np.take_along_axis(one, top, axis=1) for one in (values, drawn(values, 1.0))]
        taus.append(_mean_tau(*pair))
    return 2 * taus[0] - taus[1]


def _mean_tau(a: Floats, b: Floats) -> float:
    """Returns the mean τ-b of the rows of two arrays, ``(k, n)``."""
    if a.shape[1] > _WIDE:
        return float(np.mean([kendall(x, y) for x, y in zip(a, b, strict=True)]))
    signs = [np.sign(values[:, :, None] - values[:, None, :]) for values in (a, b)]
    untied = np.sqrt((signs[0] ** 2).sum((1, 2)) * (signs[1] ** 2).sum((1, 2)))
    return float(np.mean((signs[0] * signs[1]).sum((1, 2)) / np.maximum(untied, 1)))
