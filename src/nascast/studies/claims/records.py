"""Scores of tables in the package, as claims read them."""

import numpy as np

from nascast.core import plugins
from nascast.core.types import Floats, Genes
from nascast.studies.metrics import kendall
from nascast.studies.records import among, open_benchmark, recorded_scores, usual_metric

__all__ = [
    "DATA_SETS",
    "best_share",
    "data_set_means",
    "foretold",
    "tau",
    "tau_gap",
    "trained_twice",
]

DATA_SETS = {  # of NAS-Bench-201, by the name for people
    "CIFAR-10": "nb201_seeds:cifar10",
    "CIFAR-100": "nb201_seeds:cifar100",
    "ImageNet16-120": "nb201_seeds:imagenet16",
}


def data_set_means(genes: Genes | None = None) -> dict[str, Floats]:
    """Returns ``(n,)`` mean validation accuracies of NAS-Bench-201 by data set.

    Args:
        genes: ``(n, 6)`` cells; None are all in the order of the tables, which is the same.
    """
    rows = open_benchmark(DATA_SETS["CIFAR-10"]).genes() if genes is None else genes
    return {
        data: open_benchmark(name).query(rows, "val_accuracy", seed=None)
        for data, name in DATA_SETS.items()
    }


def trained_twice(name: str, metric: str = "val_accuracy") -> Floats:
    """Returns ``(n, 2)`` values of the first two trainings of all that have two."""
    found = open_benchmark(name)
    first, second = (found.recorded(metric, seed) for seed in (0, 1))
    rows = second[among(first, second)]
    return np.stack([found.query(rows, metric, seed=seed) for seed in (0, 1)], axis=1)


def foretold(name: str) -> tuple[dict[str, Floats], Floats]:
    """Returns the ``(n,)`` scores beside a table by proxy, and what they foretell, ``(n,)``.

    Larger is better; what is not defined is worst. Networks without a finite value, or of which
    not all scores were measured, are left out.
    """
    found = open_benchmark(name)
    kept = recorded_scores(found)
    assert kept is not None, f"{name} has no scores beside it"
    metric = found.describe(usual_metric(found))
    true = found.query(kept.genes, metric.name, seed=None) * (-1 if metric.minimize else 1)
    fine = np.isfinite(true) & ~np.isnan(kept.seconds).any(1)
    signs = {proxy: plugins.resolve("proxy", proxy).sign for proxy in kept.names()}
    return {
        proxy: np.nan_to_num(sign * kept.values[fine, i], nan=-np.inf)
        for i, (proxy, sign) in enumerate(signs.items())
    }, true[fine]


def tau(rows: Floats) -> float:
    """Returns Kendall's τ between the first two columns of ``(n, 2)`` numbers."""
    return kendall(rows[:, 0], rows[:, 1])


def tau_gap(columns: Floats) -> float:
    """Returns by how much the first of ``(n, 3)`` columns ranks the last better than the second."""
    first, second, last = columns.T
    return kendall(first, last) - kendall(second, last)


def best_share(chosen: Floats, judged: Floats) -> float:
    """Returns the share of architectures that are better than the one that was chosen.

    Args:
        chosen: ``(n,)`` scores by which the best is chosen.
        judged: ``(n,)`` scores by which it is judged.
    """
    return float((judged > judged[chosen.argmax()]).mean())
