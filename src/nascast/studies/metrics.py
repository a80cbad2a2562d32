"""Agreement of predictions with the truth."""

import math

import numpy as np

from nascast.core.correlation import kendall
from nascast.core.types import Floats

__all__ = ["METRICS", "agreement", "kendall"]

METRICS = (
    "kendall",
    "spearman",
    "pearson",
    "sparse_kendall",
    "mae",
    "rmse",
    "precision_at_10",
    "precision_at_20",
    "undefined",
)


def agreement(predicted: Floats, true: Floats, unit: str = "percent") -> dict[str, float]:
    """Returns metrics of agreement between ``(n,)`` predicted and true scores, by name.

    Larger scores are better. Predictions that are not finite share the last rank; ``undefined``
    counts them. Correlations are signed, and 0 where one side is constant. ``sparse_kendall``
    rounds the true scores to 0.1 percentage points, since smaller differences of accuracies are
    noise (Yu et al., ICLR 2020); of scores in another `unit` it is NaN. Where a true score is not
    finite, all is NaN but ``undefined``. ``mae`` and ``rmse`` have a meaning for predictors on the
    scale of the scores alone. ``precision_at_k`` is the share of the k predicted best among the k
    truly best; ties are resolved against the predictor.
    """
    from scipy.stats import pearsonr, spearmanr

    if not np.isfinite(true).all():
        undefined = float((~np.isfinite(predicted)).sum())
        return {**dict.fromkeys(METRICS, math.nan), "undefined": undefined}
    fine = np.isfinite(predicted)
    ranked = predicted
    if not fine.all():
        low, high = (predicted[fine].min(), predicted[fine].max()) if fine.any() else (0.0, 0.0)
        ranked = np.where(fine, predicted, low - max(high - low, 1.0) * 1e-3)
    flat = np.ptp(ranked) == 0 or np.ptp(true) == 0
    error = ranked - true
    return {
        "kendall": kendall(ranked, true),
        "spearman": 0.0 if flat else float(spearmanr(ranked, true).statistic),
        "pearson": 0.0 if flat else float(pearsonr(ranked, true).statistic),
        "sparse_kendall": kendall(ranked, np.round(true, 1)) if unit == "percent" else math.nan,
        "mae": float(np.abs(error).mean()),
        "rmse": math.sqrt(float((error**2).mean())),
        "precision_at_10": _precision(ranked, true, 10),
        "precision_at_20": _precision(ranked, true, 20),
        "undefined": float((~fine).sum()),
    }


def _precision(predicted: Floats, true: Floats, k: int) -> float:
    k = min(k, len(true))
    pessimistic = np.lexsort((true, -predicted))[:k]  # among equal predictions the worst come first
    best = np.sort(true)[-k]
    return float((true[pessimistic] >= best).mean())
