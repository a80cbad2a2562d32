"""Skip connections by attention (Zoph & Le, ICLR 2017, section 3.3)."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["anchor_logits"]


def anchor_logits(
    earlier: Any, states: Any, weights: Mapping[str, Any], tanh: Callable[[Any], Any]
) -> Any:
    """Returns ``(n, i, j)`` logits vᵀ tanh(W_prev h_j + W_curr h_i) for each pair of parts.

    Its sigmoid is the probability that part i reads part j. h_j is the state of the controller's
    last layer at the anchor of part j, a step without a decision of its own, after the other
    decisions of the part.

    Args:
        earlier: ``(n, j, units)`` states of the parts that may be read; of numpy or of torch.
        states: ``(n, i, units)`` states of the parts that read.
        weights: weights ``anchors_before``, ``anchors_current`` and ``anchors_vector``.
        tanh: hyperbolic tangent of the same library.
    """
    sums = (earlier @ weights["anchors_before"])[:, None]
    sums = sums + (states @ weights["anchors_current"])[:, :, None]
    return tanh(sums) @ weights["anchors_vector"]
