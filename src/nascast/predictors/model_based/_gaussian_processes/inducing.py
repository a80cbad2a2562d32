"""Inducing points of sparse Gaussian processes."""

import numpy as np
import torch
from sklearn.cluster import KMeans

from nascast.core.types import Floats

__all__ = ["inducing_points"]


def inducing_points(
    x: torch.Tensor, most: int, placement: str, rng: np.random.Generator
) -> torch.Tensor:
    """Returns ``(m, d)``: at most so many points, all different.

    Args:
        x: ``(n, d)`` training rows.
        most: largest number of points; there are no more than different rows.
        placement: ``k_means``, the centres of clusters of the rows, or ``training``, some rows.
        rng: generator for the choice.
    """
    rows: Floats = np.unique(x.numpy(), axis=0)
    if len(rows) <= most:
        return torch.from_numpy(rows)
    if placement == "training":
        return torch.from_numpy(rows[np.sort(rng.permutation(len(rows))[:most])])
    clusters = KMeans(most, n_init=1, random_state=int(rng.integers(2**31))).fit(rows)
    return torch.from_numpy(clusters.cluster_centers_)
