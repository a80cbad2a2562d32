"""Images and labels as a source has them, checked."""

import hashlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, DataWarning

__all__ = ["Arrays", "Part", "test_places", "without_test_part"]

_CLASSES = 1000  # of ImageNet: labels below it are believed, however few images there are
_CHANNELS = 4  # of a picture at most: red, green, blue and transparency

Part = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # images, labels


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Images ``(n, height, width[, channels])`` of uint8 and labels ``(n,)`` for each part.

    Attributes:
        train: images and labels to train on and, without a validation part, to validate on.
        test: images and labels for the final score.
        validation: images and labels to validate on; None if the source has no such part.
        names: names of the classes, if the source has them.
        skipped: files of the source that were passed over, each with the reason.
    """

    train: Part
    test: Part
    validation: Part | None = None
    names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of images of all parts."""
        return sum(len(x) for x, _ in self.parts().values())

    def parts(self) -> dict[str, Part]:
        """Returns the existing parts by name."""
        found = {"train": self.train, "test": self.test}
        return found if self.validation is None else {**found, "validation": self.validation}

    def fingerprint(self) -> str:
        """Returns the SHA-256 of images and labels."""
        digest = hashlib.sha256()
        for part in self.parts().values():
            for array in part:
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def check(self, source: str) -> None:
        """Raises unless these are images of one size with labels of at least two classes.

        Images with the channels in front, as PyTorch has them, are refused: they would be taken
        for images of few rows and many channels.

        Raises:
            CorruptDataError: they are not.
        """
        shape = self.train[0].shape[1:]
        if len(shape) == 3 and shape[0] <= _CHANNELS < shape[2]:
            n = len(self.train[0])
            raise CorruptDataError(
                f"{source}: images of shape {(n, *shape)} seem to have their {shape[0]} channels "
                f"in front; expected (n, height, width, channels): x.transpose(0, 2, 3, 1) makes "
                f"{(n, *shape[1:], shape[0])}"
            )
        for name, (x, _) in self.parts().items():
            if not (x.ndim in (3, 4) and x.dtype == np.uint8 and x.shape[1:] == shape):
                raise CorruptDataError(
                    f"{source}: x_{name} should be uint8 of shape (n, height, width[, channels]), "
                    f"of one size in all parts; got {x.dtype} {x.shape}{_hint(x)}"
                )
            if not len(x):
                raise CorruptDataError(
                    f"{source}: there is no image for the {name} part; without a part of its own, "
                    "it takes images of classes that have two or more"
                )
            self._check_labels(source, name)

    def _labels(self) -> npt.NDArray[Any]:
        return np.concatenate([np.unique(y) for _, y in self.parts().values()])

    def _check_labels(self, source: str, name: str) -> None:
        """Raises unless the labels of a part number classes; warns of those not trained."""
        x, y = self.parts()[name]
        if y.shape != (len(x),) or not np.issubdtype(y.dtype, np.integer):
            raise CorruptDataError(
                f"{source}: y_{name} should be {len(x)} whole numbers, a class from 0 on for each "
                f"image of x_{name}; got {y.dtype} {y.shape}"
                + ("; y.argmax(axis=1) makes them of one column for each class" * (y.ndim == 2))
            )
        if y.min() < 0:
            raise CorruptDataError(
                f"{source}: y_{name} has the label {y.min()} at place {y.argmin():,}; labels "
                "number the classes from 0 on"
            )
        if y.max() >= max(len(self), _CLASSES):
            raise CorruptDataError(
                f"{source}: y_{name} has the label {y.max():,} at place {y.argmax():,}; labels "
                f"number the classes from 0 on, and {len(self):,} images have fewer of them"
            )
        trained = np.unique(self.train[1])
        if name == "train" and len(trained) < 2:
            raise CorruptDataError(
                f"{source}: all training images are of one class; at least two are needed"
            )
        if name == "train" and len(gaps := np.setdiff1d(np.arange(y.max()), self._labels())):
            count = f"{len(gaps):,} never occur{'s' * (len(gaps) == 1)}"
            message = f"of the labels 0 to {y.max():,}, {count}, such as {gaps[0]}"
            advice = "networks get an output for each; number the classes without gaps to save them"
            warnings.warn(f"{source}: {message}; {advice}", DataWarning, stacklevel=4)
        if len(new := np.setdiff1d(y, trained)):
            count = np.isin(y, new).sum()
            message = f"{count:,} of {len(y):,} {name} images are of classes without training image"
            warnings.warn(f"{source}: {message}, such as {new[0]}", DataWarning, stacklevel=4)


def _hint(images: npt.NDArray[Any]) -> str:
    """Returns how images become bytes, where that is clear."""
    if not np.issubdtype(images.dtype, np.floating):
        return ""
    return "; where they are from 0 to 1, (255 * x).round().astype(np.uint8) makes them bytes"


def without_test_part(images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> tuple[Part, Part]:
    """Returns training and test parts of a source that has only one part.

    Images and labels that do not fit are both parts, for `Arrays.check` to say what is wrong.
    """
    if not images.ndim or labels.shape != images.shape[:1]:
        return (images, labels), (images, labels)
    test = test_places(labels)
    return (images[~test], labels[~test]), (images[test], labels[test])


def test_places(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Returns whether each image, ``(n,)``, is a test image of a source that has only one part.

    Every fifth image (chosen) of each class is, one of two to four, and none of one, drawn with a
    seed of its own: the test part is the same in every split.
    """
    rng = np.random.default_rng(0)
    test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        places = rng.permutation(np.flatnonzero(labels == label))
        test[places[: max(len(places) // 5, min(len(places) - 1, 1))]] = True
    return test
