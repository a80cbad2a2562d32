"""Keys of what recurrent cells compute.

A cell is evaluated in the integers modulo a prime: sums are sums and products are products, and all
else scrambles its argument. So whatever holds for these holds here, and else next to nothing does.
As in `spaces._functions`, weights are told apart by changing those of one place at a time.
"""

import numpy as np

from nascast.core.graph import UInts, mix

__all__ = ["CHANGED", "PRIME", "key_of", "scrambled", "seeds"]

PRIME = np.uint64(2**31 - 1)  # so that products of two fit; and of many none is 0, as modulo 2⁶⁴
CHANGED = np.uint64(0xD1342543DE82EF95)  # what tells changed weights from those before


def seeds(count: int) -> UInts:
    """Returns ``(count,)`` random numbers below the prime."""
    return np.asarray(mix(np.arange(count, dtype=np.uint64)) % PRIME)


def scrambled(values: UInts, seed: UInts) -> UInts:
    """Returns the values of a function that is neither linear nor anything else that is known."""
    return np.asarray(mix(mix(values) + seed) % PRIME)


def key_of(computed: UInts) -> UInts:
    """Returns ``(n,)`` keys.

    Args:
        computed: ``(n, 1 + v)`` results, as it is, and with the weights of one of v places changed.
    """
    same, changed = computed[:, :1], computed[:, 1:]
    apart = np.where(changed == same, np.uint64(0), mix(changed)).sum(axis=1, dtype=np.uint64)
    return mix(same[:, 0]) + mix(apart)
