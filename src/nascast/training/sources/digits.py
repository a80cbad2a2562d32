"""The handwritten digits that come with scikit-learn: the data set that needs no file."""

import numpy as np

from nascast.core.extras import extra
from nascast.training.sources.arrays import Arrays, without_test_part

FORM = "digits (1,797 grey images of 8×8, part of scikit-learn)"


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return source == "digits"


def read(source: str, size: int | None) -> Arrays:
    """Reads the images; their 17 grey levels become 0 to 255.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    found = extra("sklearn.datasets", "data", "the data set digits").load_digits()
    images = np.round(found.images * (255 / 16)).astype(np.uint8)
    train, test = without_test_part(images, found.target)
    return Arrays(train, test, names=tuple(map(str, range(10))))
