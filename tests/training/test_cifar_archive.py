"""CIFAR-10 as its authors publish it: a packed archive of records of one label and one image."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from nascast.core.errors import CorruptDataError, NascastError
from nascast.training.data import Split, open_data

NAMES = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
SPLIT = Split(12, 3, 3, 32)


def batches() -> dict[str, bytes]:
    """Three records a batch: planes of red = image number, green = 100 + it, blue = 200."""
    found = {}
    for i, name in enumerate(NAMES):
        records = b""
        for k in range(3):
            number = 3 * i + k
            planes = [np.full((32, 32), value, np.uint8) for value in (number, 100 + number, 200)]
            planes[2][0, 31] = 250  # the upper right corner
            records += bytes([number % 10]) + np.stack(planes).tobytes()
        found[name] = records
    return found


def archive(path: Path, files: dict[str, bytes]) -> str:
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(_folder("cifar-10-batches-bin"))
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(path)


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def test_labels_channels_and_rows_are_where_they_belong(tmp_path: Path) -> None:
    path = archive(tmp_path / "cifar-10-binary.tar.gz", {**batches(), "readme.html": b"text"})
    data = open_data(path, SPLIT)
    images, labels = data.test[0][:], data.test[1]
    assert labels.tolist() == [5, 6, 7]
    assert data.classes == 10
    assert images.shape == (3, 3, 32, 32)
    red, green, blue = images[:, 0], images[:, 1], images[:, 2]
    for plane in (red, green):
        assert all(len(image.unique()) == 1 for image in plane)
        assert plane[0, 0, 0] < plane[1, 0, 0] < plane[2, 0, 0]
    corner = blue[:, 0, 31]
    assert (corner[:, None] > blue.flatten(1)[:, :31]).all()
    assert (blue[:, 31, 0] == blue[:, 0, 0]).all()


def test_all_five_batches_are_training_images(tmp_path: Path) -> None:
    path = archive(tmp_path / "cifar-10-binary.tar.gz", batches())
    data = open_data(path, SPLIT)
    labels = [*data.train[1].tolist(), *data.validation[1].tolist()]
    assert sorted(labels) == sorted(number % 10 for number in range(15))


@pytest.mark.parametrize("missing", NAMES)
def test_an_archive_without_one_of_the_batches(tmp_path: Path, missing: str) -> None:
    files = {name: content for name, content in batches().items() if name != missing}
    path = archive(tmp_path / "cifar-10-binary.tar.gz", files)
    with pytest.raises(CorruptDataError, match=f"expected cifar-10-binary.*{missing}"):
        open_data(path, SPLIT)


@pytest.mark.parametrize("content", [b"", b"x", bytes(3072), bytes(3 * 3073 - 1)])
def test_a_batch_of_another_length(tmp_path: Path, content: bytes) -> None:
    files = {**batches(), "test_batch.bin": content}
    path = archive(tmp_path / "cifar-10-binary.tar.gz", files)
    with pytest.raises(NascastError, match="cifar-10-binary"):
        open_data(path, SPLIT)


def test_files_that_are_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-binary.tar.gz"
    for content in (b"", b"no archive", b"\x1f\x8b" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(CorruptDataError, match="expected cifar-10-binary"):
            open_data(str(path), SPLIT)


def test_an_archive_that_is_cut_off_or_damaged(tmp_path: Path) -> None:
    path = Path(archive(tmp_path / "cifar-10-binary.tar.gz", batches()))
    data = path.read_bytes()
    for length in (1, 5, 20, len(data) // 4, len(data) // 2, len(data) - 9):
        path.write_bytes(data[:length])
        with pytest.raises(CorruptDataError, match="cifar-10-binary"):
            open_data(str(path), SPLIT)
    for place in range(40, len(data) - 8, 37):  # after the name in the header
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with pytest.raises(CorruptDataError, match="cifar-10-binary"):
            open_data(str(path), SPLIT)
