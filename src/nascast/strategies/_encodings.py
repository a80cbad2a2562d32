"""The check of encodings before a search begins."""

import numpy as np

from nascast.core.feature import Encoding
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace

__all__ = ["check_encoding"]


def check_encoding(space: SearchSpace, encoding: Encoding) -> None:
    """Encodes one row of the whole space, however few are within limits.

    Raises:
        UnsupportedError: the encoding has nothing for this space.
        InvalidSettingError: its settings do not fit the space.
    """
    whole = space.inner if isinstance(space, Restricted) else space
    encoding.encode(whole, whole.sample(1, np.random.default_rng(0)))
