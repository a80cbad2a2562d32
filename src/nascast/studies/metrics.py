"""Agreement of predictions with the truth."""

import math

import numpy as np

from nascast.core.correlation import kendall
from nascast.core.types import Floats

__all__ = ["METRICS", "agreement", "kendall", "undefined_last"]

METRICS = (
    "kendall",
    "spearman",
    "pearson",
    "sparse_kendall",
    "mae",
    "rmse",
    "precision_at_10",
    "precision_at_20",
    "best_ranking_at_10",
    "regret_at_1",
    "regret_at_10",
    "ndcg",
    "undefined",
)


def agreement(
    predicted: Floats, true: Floats, unit: str = "percent", *, ranks_only: bool = False
) -> dict[str, float]:
    """Returns metrics of agreement between ``(n,)`` predicted and true scores, by name.

    Larger scores are better. Predictions that are not finite share the last rank; ``undefined``
    counts them. Correlations are signed, and 0 where one side is constant. ``sparse_kendall``
    rounds the true scores to 0.1 percentage points, since smaller differences of accuracies are
    noise (Yu et al., ICLR 2020); of scores in another `unit` it is NaN. Where a true score is not
    finite, all is NaN but ``undefined``. ``mae`` and ``rmse`` are NaN of predictions that only rank
    and are not on the scale of the scores. ``precision_at_k`` is the share of the k predicted best
    among the k truly best. ``best_ranking_at_10`` is the rank of the truly best of the 10 predicted
    best among all n, divided by n, so that 1 / n is perfect (Ning et al., ECCV 2020,
    https://arxiv.org/abs/2004.01899), and ``regret_at_k`` is by how much the true score of the best
    of the k predicted best stays below that of the best of all. In these, ties are resolved against
    the predictor. ``ndcg`` is the normalised discounted cumulative gain of the whole ranking, whose
    gains are the true scores above the worst one, and the mean over all orders of ties; 1 where all
    true scores are equal.
    """
    from scipy.stats import pearsonr, spearmanr

    if not np.isfinite(true).all():
        undefined = float((~np.isfinite(predicted)).sum())
        return {**dict.fromkeys(METRICS, math.nan), "undefined": undefined}
    ranked = undefined_last(predicted)
    flat = np.ptp(ranked) == 0 or np.ptp(true) == 0
    error = np.full(len(true), math.nan) if ranks_only else ranked - true
    return {
        "kendall": kendall(ranked, true),
        "spearman": 0.0 if flat else float(spearmanr(ranked, true).statistic),
        "pearson": 0.0 if flat else float(pearsonr(ranked, true).statistic),
        "sparse_kendall": kendall(ranked, np.round(true, 1)) if unit == "percent" else math.nan,
        "mae": float(np.abs(error).mean()),
        "rmse": math.sqrt(float((error**2).mean())),
        **_of_the_best(ranked, true),
        "ndcg": _ndcg(ranked, true),
        "undefined": float((~np.isfinite(predicted)).sum()),
    }


def undefined_last(predicted: Floats) -> Floats:
    """Returns ``(n,)`` predictions in which those that are not finite share the last rank."""
    fine = np.isfinite(predicted)
    if fine.all():
        return predicted
    low, high = (predicted[fine].min(), predicted[fine].max()) if fine.any() else (0.0, 0.0)
    return np.where(fine, predicted, low - max(high - low, 1.0) * 1e-3)


def _of_the_best(predicted: Floats, true: Floats) -> dict[str, float]:
    """Returns the metrics that look at the predicted best alone."""
    order = np.lexsort((true, -predicted))  # among equal predictions the worst come first
    ranked = np.sort(true)[::-1]
    found = {k: true[order[:k]] for k in (1, 10, 20)}
    return {
        "precision_at_10": float((found[10] >= ranked[:10][-1]).mean()),
        "precision_at_20": float((found[20] >= ranked[:20][-1]).mean()),
        "best_ranking_at_10": float((true > found[10].max()).sum() + 1) / len(true),
        "regret_at_1": float(ranked[0] - found[1].max()),
        "regret_at_10": float(ranked[0] - found[10].max()),
    }


def _ndcg(predicted: Floats, true: Floats) -> float:
    """Returns the normalised discounted cumulative gain (Järvelin and Kekäläinen, TOIS 2002)."""
    gains = true - true.min()
    discounts = 1 / np.log2(np.arange(len(true)) + 2)
    ideal = float(np.sort(gains)[::-1] @ discounts)
    _, group, sizes = np.unique(-predicted, return_inverse=True, return_counts=True)
    mean_gains = np.bincount(group, gains) / sizes  # of each set of equal predictions, best first
    return float(np.repeat(mean_gains, sizes) @ discounts) / ideal if ideal > 0 else 1.0
