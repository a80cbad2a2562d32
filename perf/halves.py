"""How soon ``guided`` finds the best cell of random halves of a table, by its settings.

A half has half of a table's cells, drawn at random, or with ``--thinned`` one in five of the best
fiftieth and half of the others, so that the best one is another more often. The goal is the cell of
the highest mean metric; a search that has not found it after 300 evaluations counts as 450. It is
the strategy's own Gaussian process that chooses, one cell at a time; columns are scaled by the
whole table, and may be turned to their principal components, each multiplied by a power of its
deviation. The geometric mean of evaluations is over all halves and tables, and its ratio to that of
the strategy as it is, on the same halves, comes with z of the paired test.

Run: OMP_NUM_THREADS=1 python perf/halves.py "noise=0.1" "length=2,weight=2" "power=0.5" ""
     [--halves 60] [--thinned]
"""

import argparse
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import rankdata

from nascast.core import plugins
from nascast.core.types import Floats
from nascast.strategies.guided.process import Process
from nascast.strategies.guided.start import parameters
from nascast.strategies.guided.targets import normal_scores
from nascast.studies.records import open_benchmark

TABLES = (("nb201-mini", None), ("nb101_sample", 36), ("nb101_sample", 108))
SHARE = 0.25  # of drawn cells, those with most parameters begin, as in the strategy
MOST, NEVER = 300, 450


@dataclass(frozen=True)
class Settings:
    """The settings of the strategy, and the power of components; 0 leaves columns as they are."""

    initial: int = 3
    weight: float = 1.0
    length: float = 1.4
    noise: float = 0.03
    power: float = 0.0

    @classmethod
    def read(cls, text: str) -> "Settings":
        """Returns the settings of a text such as ``noise=0.1,weight=2``."""
        pairs = dict(part.split("=") for part in text.split(",") if part)
        first = int(pairs.pop("initial", cls.initial))
        return cls(first, **{name: float(value) for name, value in pairs.items()})


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a table: one recorded training each, their means, parameters and columns."""

    scores: Floats
    means: Floats
    sizes: Floats
    columns: Floats


@cache
def cells(name: str, epochs: int | None) -> Cells:
    """Returns one cell for each network of a table."""
    table = open_benchmark(name)
    genes = table.measured("val_accuracy")
    genes = genes[np.sort(table.space.distinct(genes))]
    scores = table.query(genes, "val_accuracy", epochs)
    means = table.query(genes, "val_accuracy", epochs, seed=None)
    encoding = plugins.load("encoding", "graf")
    columns = np.asarray(encoding.encode(table.space, genes), dtype=np.float64)
    return Cells(scores, means, parameters(table.space, table.task, genes), columns)


def places_of(columns: Floats, power: float) -> Floats:
    """Returns coordinates whose squared distances are 1 in the mean."""
    spread = columns.std(0)
    found = (columns - columns.mean(0))[:, spread > 1e-9] / spread[spread > 1e-9]
    if power:
        rows, deviations, _ = np.linalg.svd(found, full_matrices=False)
        found = rows * deviations ** (1 + power)
    return np.asarray(found / np.sqrt(2 * (found**2).sum(1).mean()))


def half(means: Floats, number: int, thinned: bool) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """Returns the places of the cells of a half."""
    rng = np.random.default_rng([number, thinned])
    if not thinned:
        return np.sort(rng.permutation(len(means))[: len(means) // 2])
    rare = rankdata(-means, method="ordinal") <= len(means) // 50
    return np.flatnonzero(rng.random(len(means)) < np.where(rare, 0.2, 0.5))


def evaluations(found: Cells, places: Floats, settings: Settings, number: int, thin: bool) -> int:
    """Returns the number of evaluations until the best cell of a half."""
    kept = half(found.means, number, thin)
    scores, means = found.scores[kept], found.means[kept]
    drawn = np.random.default_rng([number, 2]).permutation(len(kept))
    drawn = drawn[: round(settings.initial / SHARE)]
    first = drawn[np.argsort(-found.sizes[kept][drawn], kind="stable")[: settings.initial]]
    process = Process(places[kept], [], length=settings.length, noise=settings.noise)
    while len(process) < min(MOST, len(kept)):
        told = process.told
        if len(told) < settings.initial:
            place = int(first[len(told)])
        else:
            mean, deviation = process.moments(normal_scores(scores[told]))
            worth = mean + settings.weight * deviation
            worth[told] = -np.inf
            place = int(worth.argmax())
        process.add(place)
        if means[place] == means.max():
            return len(process)
    return NEVER


def logarithms(settings: Settings, halves: int, thin: bool) -> Floats:
    """Returns ``(tables · halves,)`` logarithms of evaluations."""
    found = []
    for name, epochs in TABLES:
        known = cells(name, epochs)
        places = places_of(known.columns, settings.power)
        found += [evaluations(known, places, settings, h, thin) for h in range(halves)]
    return np.log(found)


def main() -> None:
    """Prints a line for each of the settings."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("settings", nargs="+", type=Settings.read)
    parser.add_argument("--halves", type=int, default=60)
    parser.add_argument("--thinned", action="store_true")
    options = parser.parse_args()
    usual = logarithms(Settings(), options.halves, options.thinned)
    for settings in options.settings:
        own = logarithms(settings, options.halves, options.thinned)
        gap = own - usual
        z = gap.mean() / (gap.std(ddof=1) / math.sqrt(len(gap))) if gap.any() else 0.0
        ratio = math.exp(gap.mean())
        print(f"{math.exp(own.mean()):6.1f}, ratio {ratio:.3f}, z {z:5.1f}  {settings}", flush=True)


if __name__ == "__main__":
    main()
