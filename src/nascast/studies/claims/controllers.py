"""Claims of the two papers of controllers: Zoph & Le 2017, and NASNet (Zoph et al. 2018)."""

import numpy as np

from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged, undecided
from nascast.studies.claims.intervals import exact, mean, resampled
from nascast.studies.claims.records import DATA_SETS, best_share, data_set_means, tau
from nascast.studies.claims.regrets import behind_random, regrets_of
from nascast.studies.records import open_benchmark

__all__ = ["CLAIMS"]

_NASNET = "Zoph et al., NASNet, CVPR 2018, https://arxiv.org/abs/1707.07012"
_NAS = "Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578"
_CHILDREN = 200  # trainings of each search; chosen


def _random(desk: Desk) -> Finding:
    return judged(behind_random(desk, DATA_SETS, ("reinforce small", "ppo small"), _CHILDREN))


def _one_percent(desk: Desk) -> Finding:
    parts = []
    for data, name in DATA_SETS.items():
        random, own = (regrets_of(desk, name, text, _CHILDREN) for text in ("random", "ppo small"))
        gain = mean(random - own)
        parts.append(
            Part(f"{data}: gain over random search, points", gain, 1.0, digits=2, case=data)
        )
    return judged(parts)


def _grow(desk: Desk) -> Finding:
    small = open_benchmark("nb201_mini")
    rows = small.genes()
    scores, grown = small.query(rows, "val_accuracy", seed=None), data_set_means(rows)
    parts = []
    for i, (data, values) in enumerate(grown.items()):
        both = np.stack([scores, values], axis=1)
        found = resampled(tau, both, desk.rng(i))
        title = f"τ of small networks with large ones on {data}"
        parts.append(Part(title, found, 0.5, case=data))
        share = exact(100 * best_share(scores, values))
        title = f"percent better than the small best, {data}"
        parts.append(Part(title, share, 5, False, 1, case=data))
    return judged(parts)


def _other_data(desk: Desk) -> Finding:
    means = data_set_means()
    chosen = means["CIFAR-10"]
    parts = []
    for data in ("CIFAR-100", "ImageNet16-120"):
        best = means[data].max() - means[data][chosen.argmax()]
        share = exact(100 * best_share(chosen, means[data]))
        title = f"percent better than it on {data}"
        parts.append(Part(title, share, 1, False, 2, case=data))
        parts.append(Part(f"points below the best on {data}", exact(best), 1, False, 2, False))
    return judged(parts)


def _two_cells(desk: Desk) -> Finding:
    return undecided(
        "No record has one cell for both purposes, and a model of the records cannot stand in for "
        "them. One cell in both places doubles the effect of each of its decisions, so that such "
        "pairs spread wider; random pairs of separate cells are sampled more thinly, since there "
        "are as many as the square of that number; so the best of as many pairs of each favours "
        "one cell, whatever is true."
    )


CLAIMS = (
    Claim(
        "controllers-beat-random",
        "A controller that learns by reinforcement finds better networks than random search.",
        f"{_NASNET}, on reinforcement learning and random search; {_NAS}",
        f"Searches of {_CHILDREN} trainings on NAS-Bench-201's three data sets, REINFORCE and PPO "
        "with their settings for small budgets. Their regret in validation accuracy should be "
        "smaller than that of random search.",
        _random,
        seeded=True,
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
        seeded=True,
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
        "It would take trainings with one cell for both purposes, and as many with separate ones; "
        "NAS-Bench-301's records are of separate ones. Where there are none, this is not decided.",
        _two_cells,
        fast=True,
    ),
)
