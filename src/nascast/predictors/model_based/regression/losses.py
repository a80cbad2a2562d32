"""Losses of an ensemble's scores: each is a mean for a member, summed over members."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

__all__ = ["LOSSES", "Loss"]

Loss = Callable[[Tensor, Tensor], Tensor]  # of scores (m, n) and targets (n,)


def _squared(scores: Tensor, targets: Tensor) -> Tensor:
    return (scores - targets).square().mean(1).sum()


def _absolute(scores: Tensor, targets: Tensor) -> Tensor:
    return (scores - targets).abs().mean(1).sum()


def _pairwise(scores: Tensor, targets: Tensor) -> Tensor:
    """Logistic loss of the order of every pair: RankNet (Burges et al., ICML 2005).

    Pairs of equal targets have no order and are left out; a batch of equal targets costs nothing.
    """
    first, second = (targets[:, None] > targets[None, :]).nonzero(as_tuple=True)
    gaps = scores[:, first] - scores[:, second]
    return functional.softplus(-gaps).sum() / max(len(first), 1)


def _listwise(scores: Tensor, targets: Tensor) -> Tensor:
    """Likelihood of the whole order under Plackett and Luce: ListMLE (Xia et al., ICML 2008).

    https://doi.org/10.1145/1390156.1390306, divided by the number of scores.
    """
    ordered = scores[:, targets.argsort(descending=True, stable=True)]
    rest = ordered.flip(1).logcumsumexp(1).flip(1)
    return (rest - ordered).mean(1).sum()


LOSSES: dict[str, Loss] = {
    "squared": _squared,
    "absolute": _absolute,
    "pairwise": _pairwise,
    "listwise": _listwise,
}
