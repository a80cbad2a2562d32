"""Several encodings side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.feature import Encoding
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec, component_of
from nascast.core.types import Genes

__all__ = ["Joined"]


class Joined(Encoding):
    """The columns of several encodings, in their order, by default of canonical rows."""

    def __init__(
        self,
        encodings: Sequence[str | Spec | Encoding] = ("graf", "path_counts"),
        canonical: bool = True,
    ) -> None:
        """Chooses the encodings.

        Args:
            encodings: encodings, at least one.
            canonical: whether canonical rows are encoded instead of the rows as they are, so that
                equivalent rows have one encoding.

        Raises:
            InvalidSettingError: there is no encoding.
        """
        if not encodings:
            raise InvalidSettingError("joined needs at least one encoding")
        self.encodings, self.canonical = encodings, canonical
        self._parts: list[Encoding] = [component_of("encoding", given) for given in encodings]

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n, d)``: the columns of the first encoding, then those of the next.

        Raises:
            UnsupportedError: the space does not have what an encoding needs.
        """
        rows = space.canonical(genes) if self.canonical else genes
        return np.concatenate([part.encode(space, rows) for part in self._parts], axis=1)
