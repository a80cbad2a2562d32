"""Claims on zero-cost proxies whose scores are computed here, in small or in full networks."""

from collections.abc import Sequence
from copy import copy

import numpy as np

from nascast.core import plugins
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger
from nascast.core.threads import one_thread
from nascast.core.types import Batch, Floats, Genes, ImageTask, Objective
from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import exact, resampled
from nascast.studies.claims.records import tau
from nascast.studies.noise import Estimate
from nascast.studies.records import open_benchmark

__all__ = ["CLAIMS"]

_PROXIES = ("jacov", "synflow")
_PAPER = "White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177"
_CELLS, _TIMED = 60, 4  # architectures that are scored, and timed; chosen
_SMALL = {"channels": 8, "cells": 4}  # of networks that are scored; chosen


def _scores(
    found: Benchmark, task: ImageTask, genes: Genes, names: Sequence[str], images: int
) -> tuple[Floats, Floats]:
    """Returns ``(n, k)`` scores, larger for the better, and ``(n,)`` seconds of all k together.

    Networks are those of `task`, which may be smaller than the ones that were trained.
    """
    rebuilt = copy(found)
    rebuilt.task = task
    batch = Batch.random(task, images)
    proxies = [plugins.load("proxy", name) for name in names]
    values, seconds = [], []
    with one_thread("torch"):
        for row in genes:
            ledger = Ledger(rebuilt, Objective("val_accuracy"), batch=batch)
            with ledger.phase("query"):
                scores = ledger.scores(proxies, row[None])[0]
            values.append([p.sign * s for p, s in zip(proxies, scores, strict=True)])
            seconds.append(ledger.seconds["query"])
    return np.array(values), np.array(seconds)


def _darts(desk: Desk) -> Finding:
    found = open_benchmark("nb301_sample")
    rows = desk.rng(0).permutation(found.genes())[:_CELLS]
    task = ImageTask((3, 16, 16), skeleton=_SMALL)
    values, _ = _scores(found, task, rows, (*_PROXIES, "params"), images=32)
    true = found.query(rows, "val_accuracy")
    taus = [
        resampled(tau, np.stack([column, true], axis=1), desk.rng(1, i))
        for i, column in enumerate(values.T)
    ]
    return judged(
        [
            *(Part(f"τ of {name}", t, 0.3, False) for name, t in zip(_PROXIES, taus, strict=False)),
            Part("τ of parameters", taus[2], 0.3, core=False),
        ],
        f"{_CELLS} networks; only the order of their scores is known, and that of a surrogate's "
        "answers.",
    )


def _seconds(desk: Desk) -> Finding:
    parts = []
    for i, name in enumerate(("nb201_seeds", "nb101_sample")):
        found = open_benchmark(name)
        assert isinstance(found.task, ImageTask)
        rows = desk.rng(i).permutation(found.genes())[:_TIMED]
        _, seconds = _scores(found, found.task, rows, _PROXIES, images=64)
        trained = float(np.mean(found.seconds(rows)))
        spread = Estimate(float(seconds.mean()), float(seconds.min()), float(seconds.max()))
        title = f"{found.space.name}: processor seconds of both"
        case = found.space.name
        parts.append(Part(title, spread, 60, above=False, digits=1, case=case))
        share = exact(100 * float(seconds.mean()) / trained)
        title = "percent of a training on a GPU"
        parts.append(Part(title, share, 1, above=False, digits=2, case=case))
    return judged(parts, f"Intervals are the range over {_TIMED} networks, at full size.")


CLAIMS = (
    Claim(
        "jacov-and-synflow-fail-on-darts",
        "Jacobian covariance and SynFlow rank poorly in the DARTS space.",
        f"{_PAPER}, zero-cost predictors on NAS-Bench-301",
        f"{_CELLS} records of NAS-Bench-301, scored in networks of {_SMALL['channels']} channels "
        f"and {_SMALL['cells']} cells on 16 × 16 pixels. τ of each should be below .3. That "
        "parameters, which need no score, are not above .3 is a caveat.",
        _darts,
        seconds=40,
    ),
    Claim(
        "zero-cost-takes-seconds",
        "Jacobian covariance and SynFlow take seconds for a network of NAS-Bench-101 and -201.",
        f"{_PAPER}, query times of zero-cost predictors",
        f"Both on {_TIMED} networks of each space, at full size with 64 images, in processor "
        "seconds of one core. They should be below a minute, and below 1 % of the recorded seconds "
        "of a training, which a GPU took.",
        _seconds,
        seconds=60,
    ),
)
