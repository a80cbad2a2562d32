"""Claims of the two papers of controllers: Zoph & Le 2017, and NASNet (Zoph et al. 2018)."""

from collections.abc import Callable

import numpy as np

from nascast.core.types import Floats, Genes
from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import exact, mean, quantiles, resampled
from nascast.studies.claims.records import DATA_SETS, best_share, data_set_means, table, tau
from nascast.studies.claims.regrets import behind_random, regrets_of
from nascast.studies.metrics import kendall
from nascast.studies.noise import Estimate

__all__ = ["CLAIMS"]

_NASNET = "Zoph et al., NASNet, CVPR 2018, https://arxiv.org/abs/1707.07012"
_NAS = "Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578"
_CHILDREN = 200  # trainings of each search; chosen
_PAIRS = 20_000  # pairs of cells that are asked about; chosen
_MODELS = 5  # fits on halves of the records; chosen


def _random(desk: Desk) -> Finding:
    return judged(behind_random(desk, DATA_SETS, ("reinforce small", "ppo small"), _CHILDREN))


def _one_percent(desk: Desk) -> Finding:
    parts = []
    for i, (data, name) in enumerate(DATA_SETS.items()):
        random, own = (regrets_of(desk, name, text, _CHILDREN) for text in ("random", "ppo small"))
        gain = mean(random - own, desk.rng(i))
        parts.append(Part(f"{data}: gain over random search, points", gain, 1.0, digits=2))
    return judged(parts)


def _grow(desk: Desk) -> Finding:
    small = table("nb201_mini")
    rows = small.genes()
    scores, grown = small.query(rows, "val_accuracy", seed=None), data_set_means(rows)
    parts = []
    for i, (data, values) in enumerate(grown.items()):
        both = np.stack([scores, values], axis=1)
        found = resampled(tau, both, desk.rng(i))
        parts.append(Part(f"τ of small networks with large ones on {data}", found, 0.5))
        share = exact(100 * best_share(scores, values))
        parts.append(Part(f"percent better than the small best, {data}", share, 5, False, 1))
    return judged(parts)


def _other_data(desk: Desk) -> Finding:
    means = data_set_means()
    chosen = means["CIFAR-10"]
    parts = []
    for data in ("CIFAR-100", "ImageNet16-120"):
        best = means[data].max() - means[data][chosen.argmax()]
        share = exact(100 * best_share(chosen, means[data]))
        parts.append(Part(f"percent better than it on {data}", share, 1, False, 2))
        parts.append(Part(f"points below the best on {data}", exact(best), 1, False, 2, False))
    return judged(parts)


def _two_cells(desk: Desk) -> Finding:
    found = table("nb301_sample")
    rows = found.genes()
    y = found.query(rows, "val_accuracy")
    half = rows.shape[1] // 2
    draws = found.space.sample(_PAIRS, desk.rng(0))
    tied = np.concatenate([draws[:, :half], draws[:, :half]], axis=1)
    gains, qualities, drops = [], [], []
    for k in range(_MODELS):
        order = desk.rng(1, k).permutation(len(rows))
        learned, rest = order[: len(rows) // 2], order[len(rows) // 2 :]
        ask = _surrogate(found.space.canonical(rows[learned]), y[learned])
        qualities.append(kendall(ask(rows[rest]), y[rest]))
        free, same = ask(draws), ask(tied)
        gains.append(_best(free) - _best(same))
        swapped = np.concatenate([rows[rest][:, :half], draws[: len(rest), half:]], axis=1)
        drops.append(kendall(ask(rows[rest]), ask(swapped)))
    gain, quality, kept = (np.array(values) for values in (gains, qualities, drops))
    return judged(
        [
            Part("gain of the best thousandth by a cell of its own", _spread(gain), 0.0),
            Part(
                "τ that is left with another reduction cell", _spread(kept), 0.9, False, core=False
            ),
            Part("τ of the model that is asked", _spread(quality), 0.6, core=False),
        ],
        "The records are answers of a surrogate, and a model of them is asked.",
    )


def _spread(values: Floats) -> Estimate:
    """Returns the mean over fits, with the range of them."""
    return quantiles(float(values.mean()), values)


def _best(values: Floats) -> float:
    return float(np.quantile(values, 0.999))


def _surrogate(rows: Genes, y: Floats) -> Callable[[Genes], Floats]:
    """Returns trees on the decisions, one column for each and value."""
    from xgboost import XGBRegressor

    values = int(rows.max()) + 1

    def columns(genes: Genes) -> Floats:
        return np.asarray((genes[:, :, None] == np.arange(values)).reshape(len(genes), -1), float)

    model = XGBRegressor(n_estimators=300, max_depth=6, learning_rate=0.1, n_jobs=1)
    model.fit(columns(rows), y)
    return lambda genes: np.asarray(model.predict(columns(genes)), dtype=np.float64)


CLAIMS = (
    Claim(
        "controllers-beat-random",
        "A controller that learns by reinforcement finds better networks than random search.",
        f"{_NASNET}, on reinforcement learning and random search; {_NAS}",
        f"Searches of {_CHILDREN} trainings on NAS-Bench-201's three data sets, REINFORCE and PPO "
        "with their settings for small budgets. Their regret in validation accuracy should be "
        "smaller than that of random search.",
        _random,
        seconds=150,
    ),
    Claim(
        "controllers-gain-one-percent",
        "The best network of reinforcement learning is more than one percent better than that of "
        "random search.",
        f"{_NASNET}, on CIFAR-10",
        f"PPO with its settings for small budgets and random search, {_CHILDREN} trainings each; "
        "the gain in validation accuracy should be above one point on each data set.",
        _one_percent,
        seconds=60,
    ),
    Claim(
        "cells-grow",
        "A cell that is found in a small network is good in a large one.",
        f"{_NASNET}, its method",
        "The 1,006 cells of nb201-mini (8 channels, 2 cells a stage, 10 epochs, 16 × 16 pixels) in "
        "networks of NAS-Bench-201 (16 channels, 5 cells, 200 epochs). τ should be above .5, and "
        "fewer than 5 % of the cells better than the best of the small networks.",
        _grow,
        fast=True,
        seconds=2,
    ),
    Claim(
        "cells-fit-other-data",
        "The cell found on CIFAR-10 is among the best on other data.",
        f"{_NASNET}, from CIFAR-10 to ImageNet",
        "The best of all 15,625 cells of NAS-Bench-201 by mean validation accuracy on CIFAR-10; on "
        "CIFAR-100 and ImageNet16-120 fewer than 1 % should be better. That it is more than a "
        "point below the best is a caveat.",
        _other_data,
        fast=True,
    ),
    Claim(
        "two-cells-beat-one",
        "Separate normal and reduction cells are better than one cell for both.",
        f"{_NASNET}, its search space",
        f"A model of half of the 10,000 records of NAS-Bench-301 is asked about {_PAIRS:,} "
        "random pairs of cells, and as many with one cell for both: the best thousandth of the "
        "pairs should be better. That τ with another reduction cell is not below .9 is "
        f"a caveat. Intervals are over {_MODELS} halves.",
        _two_cells,
        seconds=25,
    ),
)
