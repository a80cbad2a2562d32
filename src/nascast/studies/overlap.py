"""What trials that draw from one table share, and what that does to the error of their mean."""

__all__ = ["variance_factor"]


def variance_factor(trials: int, share: float) -> float:
    """Returns by how much the variance of a mean over trials is larger than that of as many rows.

    Trials draw test sets of m out of the same n architectures, of which a share f = m / n. Let an
    architecture add a term of variance σ² to the mean, as it does to that of a paired difference
    and, to first order, to τ. About the mean of the table one trial has the variance
    (1 − f) σ² / m of a finite population, which is what s², the variance between trials, estimates;
    so σ² / m = s² / (1 − f). The table is itself a sample of its space, and about the mean of the
    space the mean over t trials has the variance of both steps, σ² / n + (1 − f) σ² / (m t)
    = (s² / t) (t f / (1 − f) + 1). It is never below the variance that as many rows as t trials
    can reach at most have, (s² / t) max(1, t f) / (1 − f). Training sets, which vary too, count as
    test sets do here.

    Nadeau and Bengio (Machine Learning 2003, https://doi.org/10.1023/A:1024068626366) correct the
    variance of a paired comparison by resampling in the same way, by 1 / t + f / (1 − f).

    Args:
        trials: number t of trials.
        share: f, below 1; 0 where nothing is drawn from a table, as for seeds of searches.
    """
    return 1 + trials * share / (1 - share)
