"""Claims of the papers that published benchmarks, on their own records."""

from itertools import combinations

import numpy as np

from nascast.core.types import Floats
from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import exact, resampled
from nascast.studies.claims.records import DATA_SETS, data_set_means, tau, tau_gap, trained_twice
from nascast.studies.metrics import kendall
from nascast.studies.records import open_benchmark

__all__ = ["CLAIMS"]

_NB201 = "Dong & Yang, NAS-Bench-201, ICLR 2020, https://arxiv.org/abs/2001.00326"
_NB101 = "Ying et al., NAS-Bench-101, ICML 2019, https://arxiv.org/abs/1902.09635"
_NLP = "Klyuchnikov et al., NAS-Bench-NLP, https://arxiv.org/abs/2006.07116"


def _transfer(desk: Desk) -> Finding:
    means = data_set_means()
    pairs = list(combinations(means, 2))
    rows = [np.stack([means[a], means[b]], axis=1) for a, b in pairs]
    return judged(
        [
            Part(f"τ of {a} with {b}", resampled(tau, both, desk.rng(i)), 0.7, case=f"{a} with {b}")
            for i, ((a, b), both) in enumerate(zip(pairs, rows, strict=True))
        ]
    )


def _top_is_noise(desk: Desk) -> Finding:
    parts = []
    for i, (data, name) in enumerate(DATA_SETS.items()):
        both = trained_twice(name)
        whole = tau(both)
        found = resampled(_top, both, desk.rng(i))
        parts.append(Part(f"{data}: τ in the top 10 %", found, whole / 2, False, case=data))
        parts.append(Part(f"{data}: the same τ, of noise alone", found, 0.1, False, core=False))
    return judged(parts, "Bars are half of τ over all cells, and .1, below which order is noise.")


def _top(both: Floats) -> float:
    """Returns the mean of τ in the tenth that is best by one column and in that by the other.

    In the tenth that is best by the mean of both, τ is far too small: where one is high there, the
    other is low.
    """
    tops = np.argsort(-both, axis=0, kind="stable")[: round(len(both) / 10)]
    return (tau(both[tops[:, 0]]) + tau(both[tops[:, 1]])) / 2


def _seeds_disagree(desk: Desk) -> Finding:
    return judged(
        [
            Part(
                f"τ of two trainings, {data}",
                resampled(tau, trained_twice(name), desk.rng(i)),
                0.6,
                above=False,
                case=data,
            )
            for i, (data, name) in enumerate(DATA_SETS.items())
        ]
    )


def _best_is_best(desk: Desk) -> Finding:
    rows = open_benchmark("nb201_seeds").genes()
    validation = data_set_means()["CIFAR-10"]
    test = open_benchmark("nb201_seeds").query(rows, "test_accuracy", seed=None)
    better = float((test > test[validation.argmax()]).sum())
    both = np.stack([validation, test], axis=1)
    return judged(
        [
            Part("cells of better test accuracy", exact(better), 1, above=False, digits=0),
            Part("τ of validation with test accuracy", resampled(tau, both, desk.rng(0)), 0.9),
        ],
        f"The best cell has {validation.max():.3f} % in validation and "
        f"{test[validation.argmax()]:.3f} % in tests.",
    )


def _unique(desk: Desk) -> Finding:
    space, rows = open_benchmark("nb201_seeds").space, open_benchmark("nb201_seeds").genes()
    written = len(set(space.unique_text(rows)))  # type: ignore[attr-defined]
    computed = len(np.unique(space.networks(rows)))
    return judged(
        [
            Part("distinct official strings off 6,466", exact(abs(written - 6466)), 1, False, 0),
            Part("networks that compute different things", exact(computed), 6465, True, 0, False),
        ]
    )


def _budgets(desk: Desk) -> Finding:
    found = open_benchmark("nb101_sample")
    marks, rows = (4, 12, 36, 108), found.genes()
    values = np.stack([found.query(rows, "val_accuracy", mark) for mark in marks], axis=1)
    taus = [kendall(values[:, i], values[:, 3]) for i in range(3)]
    gains = [resampled(tau_gap, values[:, [i + 1, i, 3]], desk.rng(i)) for i in (0, 1)]
    top = resampled(_top, values[:, 2:], desk.rng(2))
    return judged(
        [
            Part("gain in τ from 4 to 12 epochs", gains[0], 0.0),
            Part("gain in τ from 12 to 36 epochs", gains[1], 0.0),
            Part("τ of 36 epochs in the top 10 %", top, taus[2] / 2, above=False, core=False),
        ],
        f"τ with 108 epochs is {taus[0]:.3f} after 4, {taus[1]:.3f} after 12 and {taus[2]:.3f} "
        "after 36 epochs.",
    )


def _neighbours(desk: Desk) -> Finding:
    found = open_benchmark("nb201_seeds")
    rows = found.genes()
    means = data_set_means()
    apart, rng = found.space.mutate(rows, desk.rng(0)), desk.rng(1)
    for _ in range(2):
        apart = found.space.mutate(apart, rng)
    near = data_set_means(found.space.mutate(rows, rng))
    far = data_set_means(apart)
    parts = []
    for i, data in enumerate(means):
        three = np.stack([near[data], far[data], means[data]], axis=1)
        near_tau = resampled(tau, three[:, [0, 2]], desk.rng(2, i))
        parts.append(Part(f"{data}: τ with a neighbour", near_tau, 0.3, case=data))
        fall = resampled(tau_gap, three, desk.rng(3, i))
        parts.append(Part("fall of it from one to three mutations", fall, 0.0, case=data))
    return judged(parts)


def _flops_and_latency(desk: Desk) -> Finding:
    parts = []
    for i, (data, name) in enumerate(DATA_SETS.items()):
        found = open_benchmark(name)
        rows = found.genes()
        columns = [found.query(rows, metric) for metric in ("multiply_adds", "latency")]
        both = np.stack(columns, axis=1)
        estimate = resampled(tau, both, desk.rng(i))
        title = f"{data}: τ of multiply-adds with latency"
        parts.append(Part(title, estimate, 0.7, above=False, case=data))
    return judged(parts)


def _language_curves(desk: Desk) -> Finding:
    found = open_benchmark("nbnlp_logs")
    rows = found.measured("val_loss")
    values = np.stack([found.query(rows, "val_loss", mark) for mark in (5, 10, 25, 50)], axis=1)
    taus = [resampled(tau, values[:, [i, 3]], desk.rng(i)) for i in range(3)]
    return judged(
        [
            Part("τ of the loss after 5 with that after 50 epochs", taus[0], 0.7),
            Part("after 10 epochs", taus[1], 0.8),
            Part("after 25 epochs", taus[2], 0.9),
        ]
    )


CLAIMS = (
    Claim(
        "rankings-transfer",
        "The order of architectures on one data set is much the same on another.",
        f"{_NB201}, correlations between its three data sets",
        "Kendall's τ between mean validation accuracies on CIFAR-10, CIFAR-100 and ImageNet16-120 "
        "of all 15,625 cells, by pairs of data sets. Each should be above .7.",
        _transfer,
        fast=True,
        seconds=3,
    ),
    Claim(
        "top-order-is-noise",
        "Among the best architectures the order is mostly noise of the training.",
        "Zela et al., Surrogate NAS Benchmarks, https://arxiv.org/abs/2008.09777; Yu et al., ICLR "
        "2020, https://arxiv.org/abs/1902.08142, on differences below the noise",
        "Kendall's τ between two trainings of NAS-Bench-201 in the tenths of the cells that are "
        "best by either, on average. It should be below half of τ over all cells; that it is not "
        "below .1, so that the order is not noise alone, is a caveat.",
        _top_is_noise,
        fast=True,
        seconds=3,
    ),
    Claim(
        "seeds-disagree",
        "Two trainings of the same cells rank them rather differently, in NAS-Bench-201 as in the "
        "space of DARTS.",
        "Yang et al., NAS evaluation is frustratingly hard, ICLR 2020, "
        "https://arxiv.org/abs/1912.12522, whose own τ, .48, is of the space of DARTS",
        "Kendall's τ between the first two trainings of all cells of NAS-Bench-201 on each data "
        "set. It should be below .6. Accuracies lie further apart in this space than in that of "
        "DARTS, of which no second trainings are on record: the paper's own figure is not tested.",
        _seeds_disagree,
        fast=True,
        seconds=3,
    ),
    Claim(
        "best-is-best",
        "On CIFAR-10 the cell of best validation accuracy is the one of best test accuracy, and "
        "validation ranks as tests do.",
        f"{_NB201}, its optimal architectures",
        "Means over all trainings of all 15,625 cells. No cell should have a better test accuracy "
        "than the one of best validation, and τ between both should be above .9.",
        _best_is_best,
        fast=True,
        seconds=2,
    ),
    Claim(
        "unique-networks",
        "Of the 15,625 cells 6,466 are unique.",
        f"{_NB201}, its search space",
        "Official strings of the cells are counted, and the networks that compute different things "
        "as far as is known. The first number should be 6,466; that the second is smaller is a "
        "caveat, since it is of networks that a split must not divide.",
        _unique,
        fast=True,
        seconds=2,
    ),
    Claim(
        "longer-trainings-rank-better",
        "Trainings of 4, 12 and 36 epochs rank as those of 108 do the better the longer they are, "
        "and poorly among the best.",
        f"{_NB101}, its budgets of epochs",
        "Kendall's τ with 108 epochs over the 5,000 recorded cells; each gain should be above 0. "
        "Among the tenths that are best by either, τ of 36 epochs should be below half of what it "
        "is over all.",
        _budgets,
        fast=True,
        seconds=2,
    ),
    Claim(
        "neighbours-are-alike",
        "Architectures that differ in few decisions are similarly good, so that local moves pay.",
        f"{_NB101}, locality of the space",
        "On NAS-Bench-201, Kendall's τ between each cell and one mutated once should be above .3, "
        "and lower with one mutated three times.",
        _neighbours,
        fast=True,
        seconds=5,
    ),
    Claim(
        "multiply-adds-are-no-latency",
        "The number of multiply-adds does not tell the latency.",
        "Li et al., HW-NAS-Bench, ICLR 2021, https://arxiv.org/abs/2103.10584",
        "Kendall's τ between multiply-adds and the published latency of all cells of "
        "NAS-Bench-201, on its authors' GPU. It should be below .7.",
        _flops_and_latency,
        fast=True,
        seconds=3,
    ),
    Claim(
        "language-models-rank-early",
        "Recurrent cells are ranked well by a small part of their training.",
        f"{_NLP}; White et al. 2021, https://arxiv.org/abs/2104.01177, on this space",
        "Kendall's τ of the validation loss after 5, 10 and 25 epochs with that after 50, over the "
        "263 cells on WikiText-2. It should be above .7, .8 and .9.",
        _language_curves,
        fast=True,
        seconds=1,
    ),
)
