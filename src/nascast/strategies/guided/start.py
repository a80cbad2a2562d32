"""The first architectures of a search, chosen without a label."""

import warnings

import numpy as np

from nascast.core.errors import MissingExtraError, SearchWarning, UnsupportedError
from nascast.core.extras import check_extra
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes, Task

__all__ = ["largest", "parameters"]


def parameters(space: SearchSpace, task: Task, genes: Genes) -> Floats:
    """Returns ``(n,)`` numbers of parameters of networks, which get no weights.

    Raises:
        UnsupportedError: the space has no networks for the task.
        MissingExtraError: PyTorch is not installed.
    """
    check_extra("torch", "torch", "counting parameters")
    import torch

    from nascast.networks import counting

    found = np.empty(len(genes))
    for i, row in enumerate(genes):
        with torch.device("meta"):
            network = space.build(space.architecture(row), task)
        found[i] = counting.parameters(network)
    return found


def largest(space: SearchSpace, task: Task, drawn: Genes, share: float) -> Genes:
    """Returns the share of ``(n, length)`` rows with most parameters, in the order drawn.

    Where there are no networks to count, the first rows are taken.
    """
    count = max(round(share * len(drawn)), 1)
    try:
        sizes = parameters(space, task, drawn)
    except UnsupportedError:
        return drawn[:count]
    except MissingExtraError as error:
        warnings.warn(
            f"the search begins with random networks in place of large ones: {error}",
            SearchWarning,
            stacklevel=2,
        )
        return drawn[:count]
    return drawn[np.sort(np.argsort(-sizes, kind="stable")[:count])]
