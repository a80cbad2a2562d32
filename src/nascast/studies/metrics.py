"""How well predictions agree with the truth."""

import math

import numpy as np

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


def kendall(a: Floats, b: Floats) -> float:
    """Returns Kendall's τ-b; 0 if one side is constant and so ranks nothing."""
    from scipy.stats import kendalltau

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(kendalltau(a, b).statistic)


def agreement(predicted: Floats, true: Floats) -> dict[str, float]:
    """Compares predictions with true scores, both ``(n,)`` and larger is better.

    A prediction that is not finite ranks last, shared with the others of its kind; ``undefined``
    counts them. Correlations are signed, and 0 where one side is constant. ``sparse_kendall``
    rounds the true scores to 0.1, since smaller differences are noise (Yu et al., ICLR 2020).
    ``mae`` and ``rmse`` mean something for predictors on the scale of the scores.
    ``precision_at_k`` is the share of the k predicted best among the k truly best; ties are
    resolved against the predictor.
    """
    from scipy.stats import pearsonr, spearmanr

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
        "sparse_kendall": kendall(ranked, np.round(true, 1)),
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
