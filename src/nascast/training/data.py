"""Images with a seeded split into training, validation and test parts."""

import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.types import Batch

__all__ = ["ImageData", "Split", "image_batch", "load_images"]

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_UNREADABLE = (  # what NumPy and zipfile raise for files that are damaged, or something else
    KeyError,
    ValueError,
    TypeError,
    OSError,
    EOFError,
    RuntimeError,  # NotImplementedError among them
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class Split:
    """Which images are used, and how.

    Training and validation images are drawn without overlap from the file's training images by
    `seed`; test images are the first of the file's test images.

    Attributes:
        train: number of training images.
        validation: number of validation images.
        test: number of test images.
        size: height and width after area averaging; the file's size must be a multiple of it.
        seed: of the draw.
    """

    train: int
    validation: int
    test: int
    size: int
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ImageData:
    """Normalised float32 images ``(n, channels, size, size)`` and int64 labels ``(n,)``."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    classes: int
    fingerprint: str  # SHA-256 of the file's arrays


@lru_cache(maxsize=2)
def load_images(path: str, split: Split, device: str = "cpu") -> ImageData:
    """Reads images from an ``.npz`` file, or CIFAR-10 from its official binary archive.

    The ``.npz`` holds ``x_train, y_train, x_test, y_test``: uint8 images of shape ``(n, height,
    width)`` or ``(n, height, width, channels)``, and labels. The archive is
    ``cifar-10-binary.tar.gz``. Each channel is normalised by the mean and deviation of the training
    part.

    Raises:
        MissingDataError: no such file.
        CorruptDataError: not such a file.
        InvalidSettingError: the split asks for more than there is.
    """
    arrays = _read(Path(path))
    images, labels = arrays["x_train"], arrays["y_train"]
    for have, want, what in (
        (len(images), split.train + split.validation, "training and validation"),
        (len(arrays["x_test"]), split.test, "test"),
    ):
        if want > have or min(split.train, split.validation, split.test) < 1:
            raise InvalidSettingError(f"{path}: {want} {what} images asked for, {have} there")
    order = np.random.default_rng(split.seed).permutation(len(images))
    parts = [
        (images[order[: split.train]], labels[order[: split.train]]),
        (
            images[order[split.train : split.train + split.validation]],
            labels[order[split.train : split.train + split.validation]],
        ),
        (arrays["x_test"][: split.test], arrays["y_test"][: split.test]),
    ]
    tensors = [
        (_shrink(x, split.size, path), torch.from_numpy(y.astype(np.int64))) for x, y in parts
    ]
    mean = tensors[0][0].mean((0, 2, 3), keepdim=True)
    std = tensors[0][0].std((0, 2, 3), keepdim=True).clamp_min(1e-6)
    normal = [
        (((x - mean) / std).to(device, memory_format=torch.channels_last), y.to(device))
        for x, y in tensors
    ]
    digest = hashlib.sha256()
    for key in _KEYS:
        digest.update(np.ascontiguousarray(arrays[key]).data)
    classes = int(max(labels.max(), arrays["y_test"].max())) + 1
    return ImageData(normal[0], normal[1], normal[2], classes, digest.hexdigest())


def image_batch(data: ImageData, size: int, seed: int = 0) -> Batch:
    """Returns `size` training images drawn by `seed`, for zero-cost proxies."""
    images, labels = data.train
    if size > len(images):
        raise InvalidSettingError(f"a batch of {size} from {len(images)} images")
    chosen = torch.from_numpy(np.random.default_rng(seed).permutation(len(images))[:size])
    source = f"{size} images of data {data.fingerprint[:12]} (seed {seed})"
    inputs = images[chosen].contiguous().cpu().numpy()
    return Batch(np.ascontiguousarray(inputs), labels[chosen].cpu().numpy(), source)


def _read(path: Path) -> dict[str, npt.NDArray[np.uint8]]:
    if not path.is_file():
        raise MissingDataError(
            f"no file {path}; expected cifar-10-binary.tar.gz, or an .npz file with "
            f"{', '.join(_KEYS)} (uint8 images and labels)"
        )
    return _read_cifar(path) if path.name.endswith(".tar.gz") else _read_npz(path)


def _read_cifar(path: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """Reads records of one label byte and 3 × 32 × 32 image bytes."""
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    files = {}
    try:
        # Unpacked as a whole: reading a compressed archive member by member checks no checksum.
        with (
            gzip.open(path) as packed,
            tarfile.open(fileobj=io.BytesIO(packed.read())) as archive,
        ):
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    files[Path(member.name).name] = content.read()
        parts = [
            np.frombuffer(files[name], np.uint8).reshape(-1, 1 + 3 * 32 * 32) for name in names
        ]
    except (KeyError, ValueError, OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise CorruptDataError(f"{path}: expected cifar-10-binary.tar.gz; {error}") from error
    train, test = np.concatenate(parts[:5]), parts[5]
    arrays = {}
    for name, part in (("train", train), ("test", test)):
        arrays[f"x_{name}"] = part[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        arrays[f"y_{name}"] = part[:, 0]
    return arrays


def _read_npz(path: Path) -> dict[str, npt.NDArray[np.uint8]]:
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {key: file[key] for key in _KEYS}
    except _UNREADABLE as error:
        raise CorruptDataError(
            f"{path}: expected an .npz file with {', '.join(_KEYS)}; {error}"
        ) from error
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        images = (
            x.ndim in (3, 4) and x.dtype == np.uint8 and x.shape[1:] == arrays["x_train"].shape[1:]
        )
        labels = y.shape == (len(x),) and np.issubdtype(y.dtype, np.integer) and (y >= 0).all()
        if not (images and labels):
            raise CorruptDataError(
                f"{path}: x_{part} should be uint8 of shape (n, height, width[, channels]), of one "
                f"size in both parts, with n labels from 0 on; got {x.dtype} {x.shape} and labels "
                f"{y.dtype} {y.shape}"
            )
    return arrays


def _shrink(images: npt.NDArray[np.uint8], size: int, path: str) -> Tensor:
    x = torch.from_numpy(np.ascontiguousarray(images if images.ndim == 4 else images[..., None]))
    x = x.permute(0, 3, 1, 2).float() / 255
    factor, rest = divmod(x.shape[2], size) if size > 0 else (0, 1)
    if rest or x.shape[2] != x.shape[3]:
        raise InvalidSettingError(
            f"{path}: images of {x.shape[2]}×{x.shape[3]} cannot be averaged to {size}×{size}"
        )
    return torch.nn.functional.avg_pool2d(x, factor) if factor > 1 else x
