"""Keys of what recurrent cells compute.

A cell is evaluated in the integers modulo a prime: sums are sums and products are products, and all
else scrambles its argument. So whatever holds for these holds here, and else next to nothing does.
As in `spaces._functions`, weights are told apart by changing those of one place at a time.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nascast.core.graph import UInts, mix

__all__ = ["CHANGED", "PRIME", "Rows", "key_of", "keys_of", "scrambled", "seeds"]

PRIME = np.uint64(2**31 - 1)  # so that products of two fit; and of many none is 0, as modulo 2⁶⁴
CHANGED = np.uint64(0xD1342543DE82EF95)  # what tells changed weights from those before
_CHUNK = 4096  # cells at a time, 24 MB; chosen
_SOME = 64  # cells at a time that take many evaluations; chosen
Rows = npt.NDArray[np.intp]


def seeds(count: int) -> UInts:
    """Returns ``(count,)`` random numbers below the prime."""
    return np.asarray(mix(np.arange(count, dtype=np.uint64)) % PRIME)


def scrambled(values: UInts, seed: UInts) -> UInts:
    """Returns the values of a function that is neither linear nor anything else that is known."""
    return np.asarray(mix(mix(values) + seed) % PRIME)


def keys_of(computed: Callable[[Rows, UInts], UInts], n: int, places: int) -> UInts:
    """Returns ``(n,)`` keys of cells that have weights in v places.

    Weights are numbers, at first all equal. That alone does not tell ``(a + c) b + d e`` with a new
    state a from ``a b + (d + c) e`` with the same; so cells are evaluated again with weights that
    are equal only where changing them did the same. Where three or more still are, which of them
    are read together is told by singling out one after the other.

    Args:
        computed: the results, ``(m, c)``, of some cells, ``(m,)``, and weights, ``(m, c, v)``.
        n: number of cells.
        places: v.
    """
    chunks = np.split(np.arange(n), range(_CHUNK, n, _CHUNK))
    return np.concatenate([_keys(computed, rows, places) for rows in chunks])


def _keys(computed: Callable[[Rows, UInts], UInts], every: Rows, places: int) -> UInts:
    """Returns the keys of a few cells, see `keys_of`."""
    changes = np.eye(1 + places, places, k=-1, dtype=np.uint64) * CHANGED
    found = computed(every, np.broadcast_to(changes, (len(every), *changes.shape)))
    roles = _apart(found)
    keys = key_of(computed(every, roles[:, None] + changes)) + mix(found[:, 0])
    ordered = np.sort(roles, axis=1)
    alike = (ordered[:, 2:] == ordered[:, :-2]) & (ordered[:, 2:] > 0)
    several = np.flatnonzero(alike.any(axis=1))
    for rows in (several[i : i + _SOME] for i in range(0, len(several), _SOME)):
        one = roles[rows, None] + changes[1:]
        both = (one[:, :, None] + changes).reshape(len(rows), -1, places)
        parts = computed(every[rows], both).reshape(-1, 1 + places)
        keys[rows] += mix(key_of(parts)).reshape(len(rows), places).sum(axis=1, dtype=np.uint64)
    return keys


def key_of(computed: UInts) -> UInts:
    """Returns ``(n,)`` keys.

    Args:
        computed: ``(n, 1 + v)`` results, as it is, and with the weights of one of v places changed.
    """
    return mix(computed[:, 0]) + mix(_apart(computed).sum(axis=1, dtype=np.uint64))


def _apart(computed: UInts) -> UInts:
    """Returns ``(n, v)``: what changing the weights of a place does, 0 if that is nothing."""
    same, changed = computed[:, :1], computed[:, 1:]
    return np.where(changed == same, np.uint64(0), mix(changed))
