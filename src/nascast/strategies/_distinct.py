"""Candidates without repeats."""

from collections.abc import Callable

import numpy as np

from nascast.core.types import Genes

__all__ = ["distinct"]

_ROUNDS = 5  # draws before fewer rows are taken; chosen, as where strategies look for others


def distinct(
    draw: Callable[[int], Genes],
    count: int,
    networks: Callable[[Genes], list[bytes]],
    known: Genes,
) -> Genes:
    """Returns at most `count` rows of different networks, none of them known, as they were drawn.

    Args:
        draw: function that returns so many valid rows.
        count: number of rows; fewer where repeated draws find fewer.
        networks: function that returns a key for each row, the same for equivalent rows.
        known: ``(m, length)`` rows whose networks are left out.
    """
    met = set(networks(known))
    found: list[Genes] = []
    for _ in range(_ROUNDS):
        rows = draw(count)
        for row, network in zip(rows, networks(rows), strict=True):
            if network not in met:
                met.add(network)
                found.append(row)
        if len(found) >= count:
            break
    return np.asarray(found[:count], dtype=np.int16).reshape(-1, known.shape[1])
