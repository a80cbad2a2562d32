"""All networks of a space, where they are few enough to look at each."""

import numpy as np

from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["LISTED", "listing"]

LISTED = 2**14  # rows of a space that is looked at as a whole; chosen


def listing(space: SearchSpace, most: int) -> Genes | None:
    """Returns one row of each network, ``(m, length)``; None if there are more than `most` rows.

    Limits on networks are not asked, since that takes building all of them: of these rows some may
    not be valid. A row is canonical where the canonical row is among those listed.
    """
    while isinstance(space, Restricted) and not space.is_listed:
        space = space.inner
    if not isinstance(space, Restricted) and space.size() > most:
        return None
    rows = space.all()
    if len(rows) > most:
        return None
    canonical = space.canonical(rows)
    first = np.argsort((rows != canonical).any(1), kind="stable")
    return np.asarray(rows[first][space.distinct(canonical[first])], dtype=np.int16)
