"""One fit and one query of NGBoost as it comes, beside the regressor of nascast.

Features are of the size that OMNI has on NAS-Bench-201: 30 columns of zeros and ones, a proxy and a
loss. Seconds are of the processor, the least of some runs; predictions must be equal.

Run: OMP_NUM_THREADS=1 python perf/fit_ngboost.py [--labels 20,100] [--queries 200] [--repeats 2]
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ngboost import NGBRegressor
from sklearn.tree import DecisionTreeRegressor

from nascast.core.types import Floats
from nascast.predictors.model_based.ngboost.regressor import regressor
from nascast.predictors.model_based.ngboost.settings import Settings

Make = Callable[[int, int, Settings], Any]


def plain(n: int, seed: int, settings: Settings) -> Any:
    """Returns NGBoost with its own normal distribution and scikit-learn's own trees."""
    tree = DecisionTreeRegressor(
        max_depth=settings.max_depth, max_features=settings.max_features, random_state=seed
    )
    return NGBRegressor(
        Base=tree,
        n_estimators=settings.n_estimators,
        learning_rate=settings.learning_rate,
        minibatch_frac=settings.minibatch_frac if n >= 20 else 1.0,
        verbose=False,
        random_state=seed,
    )


def rows(n: int, rng: np.random.Generator) -> Floats:
    """Returns ``(n, 32)`` features."""
    return np.concatenate([rng.integers(0, 2, (n, 30)), rng.normal(size=(n, 2))], axis=1)


def measure(make: Make, x: Floats, y: Floats, test: Floats) -> tuple[float, float, Floats]:
    """Returns the seconds of a fit and of a query, and the mean and deviation ``(2, n)``."""
    began = time.process_time()
    model = make(len(y), 0, Settings()).fit(x, y)
    fitted = time.process_time()
    found = model.pred_dist(test)
    mean, deviation = found.mean(), found.std()
    return fitted - began, time.process_time() - fitted, np.stack([mean, deviation])


def main() -> None:
    """Prints seconds and ratios for each number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", default="20,100")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    weights, test = rng.normal(size=32), rows(options.queries, rng)
    for n in map(int, options.labels.split(",")):
        x = rows(n, rng)
        y = x @ weights + rng.normal(size=n)
        y = (y - y.mean()) / y.std()
        runs = [
            [measure(m, x, y, test) for m in (plain, regressor)] for _ in range(options.repeats)
        ]
        old, new = ([min(run[k][i] for run in runs) for i in (0, 1)] for k in (0, 1))
        difference = np.abs(runs[0][0][2] / runs[0][1][2] - 1).max()
        print(f"{n} labels, largest relative difference {difference:.0e}")
        for what, slow, fast in zip(("fit", "query"), old, new, strict=True):
            print(f"  {what:5} {slow:6.3f} s → {fast:6.3f} s, {slow / fast:4.1f} ×")


if __name__ == "__main__":
    main()
