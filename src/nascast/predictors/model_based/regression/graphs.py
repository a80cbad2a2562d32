"""Means over the vertices of graphs."""

from torch import Tensor

__all__ = ["averaged", "pooled"]


def averaged(edges: Tensor) -> Tensor:
    """Returns ``(…, v)`` with each row divided by its sum; a row of zeros stays."""
    return edges / edges.sum(-1, keepdim=True).clamp(min=1)


def pooled(state: Tensor, mask: Tensor) -> Tensor:
    """Returns ``(m, n, width)``: means of ``(m, n, v, width)`` over vertices, ``(n, v)`` is 1."""
    return (state * averaged(mask)[..., None]).sum(2)
