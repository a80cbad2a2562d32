"""Claims on zero-cost proxies, whose scores are recorded or computed here."""

import numpy as np

from nascast.core import plugins
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger
from nascast.core.threads import one_thread
from nascast.core.types import Batch, Floats, Genes, ImageTask, Objective
from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import exact, resampled
from nascast.studies.claims.records import foretold, tau, tau_gap
from nascast.studies.noise import Estimate
from nascast.studies.records import open_benchmark

__all__ = ["CLAIMS"]

_PROXIES, _SIZES = ("jacov", "synflow"), ("params", "flops")
_PAPER = "White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177"
_TIMED = 4  # architectures whose scores are timed; chosen


def _darts(desk: Desk) -> Finding:
    scores, true = foretold("nb301_sample")
    taus = [
        resampled(tau, np.stack([scores[name], true], axis=1), desk.rng(i))
        for i, name in enumerate((*_PROXIES, "params"))
    ]
    return judged(
        [
            *(Part(f"τ of {name}", t, 0.3, False) for name, t in zip(_PROXIES, taus, strict=False)),
            Part("τ of parameters", taus[2], 0.3, core=False),
        ],
        f"{len(true)} networks; only the order of a surrogate's answers is known.",
    )


def _sizes(desk: Desk) -> Finding:
    parts, remarks = [], []
    spaces = {
        "DARTS": "nb301_sample",
        "NAS-Bench-NLP": "nbnlp_logs",
        "NAS-Bench-101": "nb101_sample",
    }
    for k, (case, name) in enumerate(spaces.items()):
        scores, true = foretold(name)
        own = max(_SIZES, key=lambda size: tau(np.stack([scores[size], true], axis=1)))
        gaps = {}
        for proxy in scores.keys() - set(_SIZES):
            rng = desk.rng(k, *proxy.encode())  # of its name: others may be recorded later
            columns = np.stack([scores[own], scores[proxy], true], axis=1)
            gaps[proxy] = resampled(tau_gap, columns, rng)
        worse = [proxy for proxy, gap in gaps.items() if gap.low > 0]
        better = sorted(proxy for proxy, gap in gaps.items() if gap.high < 0)
        share = exact(100 * len(worse) / len(gaps))
        title = f"{case}: percent of the other {len(gaps)} proxies that rank worse than {own}"
        parts.append(Part(title, share, 50, digits=0, case=case))
        remarks.append(f"Better in {case}: {', '.join(better) or 'none'}.")
    return judged(parts, " ".join(remarks))


def _took(found: Benchmark, genes: Genes, images: int) -> Floats:
    """Returns the ``(n,)`` seconds of the scores of full-size networks by both proxies together."""
    batch = Batch.random(found.task, images)
    proxies = [plugins.load("proxy", name) for name in _PROXIES]
    seconds = []
    with one_thread("torch"):
        for row in genes:
            ledger = Ledger(found, Objective("val_accuracy"), batch=batch)
            with ledger.phase("query"):
                ledger.scores(proxies, row[None])
            seconds.append(ledger.seconds["query"])
    return np.array(seconds)


def _seconds(desk: Desk) -> Finding:
    parts = []
    for i, name in enumerate(("nb201_seeds", "nb101_sample")):
        found = open_benchmark(name)
        assert isinstance(found.task, ImageTask)
        rows = desk.rng(i).permutation(found.genes())[:_TIMED]
        seconds = _took(found, rows, images=64)
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
        "300 records of NAS-Bench-301, scored at full size with 64 images of CIFAR-10. τ of each "
        "should be below .3. That parameters, which need no score, are not above .3 is a caveat.",
        _darts,
        seconds=2,
    ),
    Claim(
        "sizes-beat-most-proxies-elsewhere",
        "Parameters and multiply-adds rank better than most zero-cost proxies outside "
        "NAS-Bench-201.",
        "Krishnakumar et al., NAS-Bench-Suite-Zero, NeurIPS 2022, https://arxiv.org/abs/2210.03230",
        "Scores of full-size networks recorded beside nb301_sample, nbnlp_logs and nb101_sample. "
        "In each space the better of the two should rank significantly better, by the paired "
        "bootstrap over networks, than more than half of the other proxies.",
        _sizes,
        seconds=10,
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
