"""Each form of source: what is read from it, and what is refused."""

import gzip
import io
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nascast.core.errors import (
    CorruptDataError,
    DataWarning,
    InvalidSettingError,
    MissingDataError,
    MissingExtraError,
)
from nascast.training.data import Split, _opened, open_data
from nascast.training.sources.arrays import Arrays


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    _opened.cache_clear()


def raw(source: str, part: str = "test", split: Split | None = None) -> Any:
    """Returns images of a part as they were before normalisation, (n, c, h, w) from 0 to 255."""
    data = open_data(source, split)
    x = getattr(data, part)[0][:].numpy()
    mean, std = (np.reshape(values, (1, -1, 1, 1)) for values in (data.mean, data.std))
    return np.round(255 * (x * std + mean)).astype(int)


# digits


def test_digits_need_no_file() -> None:
    data = open_data("digits")
    counts = [len(x) for x, _ in (data.train, data.validation, data.test)]
    assert sum(counts) == 1797
    assert counts[2] == pytest.approx(1797 / 5, abs=10)
    assert data.train[0][:].shape[1:] == (1, 8, 8)
    assert data.classes == 10
    assert set(data.test[1].tolist()) == set(range(10))
    assert raw("digits").min() == 0
    assert raw("digits").max() == 255


def test_the_test_digits_are_the_same_in_every_split() -> None:
    one, other = (open_data("digits", Split(seed=seed)) for seed in (0, 1))
    assert one.test[1].tolist() == other.test[1].tolist()
    assert one.train[1].tolist() != other.train[1].tolist()
    assert (raw("digits") == raw("digits", split=Split(seed=1))).all()


def test_no_digit_is_in_two_parts() -> None:
    from sklearn.datasets import load_digits

    own = [
        image.tobytes() for part in ("train", "validation", "test") for image in raw("digits", part)
    ]
    everything = np.round(load_digits().images * 255 / 16).astype(int)
    assert sorted(own) == sorted(image[None].tobytes() for image in everything)


# CIFAR-100 (CIFAR-10 has a file of its own)


def records(n: int, first: int) -> bytes:
    found = b""
    for i in range(n):
        planes = [np.full(1024, value, np.uint8).tobytes() for value in (first + i, 100, 200)]
        found += bytes([i % 20, (first + i) % 100]) + b"".join(planes)
    return found


def test_cifar_100_has_fine_labels(tmp_path: Path) -> None:
    files = {"train.bin": records(20, 0), "test.bin": records(5, 10), "fine_label_names.txt": b"x"}
    path = tmp_path / "cifar-100-binary.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-100-binary/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    unpacked = tmp_path / "cifar-100-binary"
    unpacked.mkdir()
    for name, content in files.items():
        (unpacked / name).write_bytes(content)
    split = Split(15, 5)
    for source in (str(path), str(unpacked)):
        data = open_data(source, split)
        assert data.test[1].tolist() == [10, 11, 12, 13, 14]
        assert data.classes == 20
        images = raw(source, split=split)
        assert images[:, 0, 0, 0].tolist() == [10, 11, 12, 13, 14]
    assert data.fingerprint == open_data(str(path), split).fingerprint


def test_the_pickled_version_of_cifar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in ("data_batch_1", "test_batch", "batches.meta"):
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = 3
            tar.addfile(entry, io.BytesIO(b"abc"))
    with pytest.raises(InvalidSettingError, match=r"pickled; get .*cifar-10-binary\.tar\.gz"):
        open_data(str(path))


# MNIST


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Callable[..., Path]:
    def write(packed: bool = True, dot: bool = False, **changed: bytes) -> Path:
        for part, n in (("train", 30), ("t10k", 12)):
            images = np.arange(n * 6 * 6).reshape(n, 6, 6).astype(np.uint8)
            labels = (np.arange(n) % 4).astype(np.uint8)
            for kind, array, form in (("images", images, "idx3"), ("labels", labels, "idx1")):
                name = f"{part}-{kind}{'.' if dot else '-'}{form}-ubyte"
                content = changed.get(f"{part}_{kind}", idx(array))
                if packed:
                    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
                else:
                    (tmp_path / name).write_bytes(content)
        return tmp_path

    return write


@pytest.mark.parametrize(("packed", "dot"), [(True, False), (False, False), (False, True)])
def test_mnist_in_all_its_spellings(mnist: Callable[..., Path], packed: bool, dot: bool) -> None:
    source = str(mnist(packed, dot))
    data = open_data(source)
    assert data.test[1].tolist() == [0, 1, 2, 3] * 3
    expected = np.arange(12 * 36).reshape(12, 1, 6, 6) % 256
    assert (raw(source) == expected).all()
    assert len(data.train[0][:]) + len(data.validation[0][:]) == 30


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", b"no idx", bytes([0, 0, 8, 3]), bytes([0, 0, 13, 1, 0, 0, 0, 4]) * 2]
)
def test_a_damaged_idx_file(mnist: Callable[..., Path], content: bytes) -> None:
    with pytest.raises(CorruptDataError, match="train-images-idx3-ubyte"):
        open_data(str(mnist(False, train_images=content)))


def test_an_idx_file_that_is_cut_off_or_missing(mnist: Callable[..., Path]) -> None:
    folder = mnist()
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CorruptDataError, match="t10k-images"):
        open_data(str(folder))
    path.unlink()
    with pytest.raises(MissingDataError, match="expected a file t10k-images"):
        open_data(str(folder))


# folders of images

COLOURS = {"blue": (0, 0, 250), "green": (0, 250, 0), "red": (250, 0, 0)}


def picture(path: Path, colour: Any, size: tuple[int, int] = (6, 6), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def folder(root: Path, n: int = 10, **settings: Any) -> str:
    for name, colour in COLOURS.items():
        for i in range(n):
            picture(root / name / f"{i}.png", colour, **settings)
    return str(root)


def test_classes_are_folders(tmp_path: Path) -> None:
    source = folder(tmp_path)
    (tmp_path / "red" / "notes.txt").write_text("no image")
    (tmp_path / ".cache").mkdir()
    with pytest.warns(DataWarning, match=r"1 file was passed over: .*notes\.txt \(no image\)"):
        data = open_data(source)
    assert data.names == ("blue", "green", "red")
    assert data.skipped == (f"{tmp_path}/red/notes.txt (no image)",)
    (tmp_path / "red" / "notes.txt").unlink()
    assert [len(x) for x, _ in (data.train, data.validation, data.test)] == [22, 2, 6]
    brightest = raw(source)[:, :, 0, 0].argmax(1)
    assert [("red", "green", "blue")[i] for i in brightest] == [data.names[y] for y in data.test[1]]
    assert sorted(data.test[1].tolist()) == [0, 0, 1, 1, 2, 2]


def test_parts_are_folders(tmp_path: Path) -> None:
    for part, n in (("train", 5), ("val", 3), ("test", 2)):
        source = folder(tmp_path / part, n)
    data = open_data(str(tmp_path))
    assert [len(x) for x, _ in (data.train, data.validation, data.test)] == [15, 9, 6]
    assert source.endswith("test")


def test_without_test_images_those_for_validation_are_it(tmp_path: Path) -> None:
    folder(tmp_path / "train", 10)
    folder(tmp_path / "val", 3)
    data = open_data(str(tmp_path))
    assert [len(x) for x, _ in (data.train, data.validation, data.test)] == [27, 3, 9]


def test_grey_images_have_one_channel(tmp_path: Path) -> None:
    for i in range(10):
        picture(tmp_path / f"{i % 2}" / f"{i}.png", 20 * i, mode="L")
    assert open_data(str(tmp_path)).train[0][:].shape[1] == 1
    picture(tmp_path / "1" / "red.png", (250, 0, 0, 9), mode="RGBA")
    assert open_data(str(tmp_path), Split(seed=1)).train[0].shape[1] == 3


def test_images_of_unequal_size_need_a_size(tmp_path: Path) -> None:
    source = folder(tmp_path)
    picture(tmp_path / "red" / "wide.png", COLOURS["red"], (20, 8))
    with pytest.raises(InvalidSettingError, match=r"unequal size.* 6×6, .*wide\.png 20×8; give a"):
        open_data(source)
    data = open_data(source, Split(size=4))
    assert data.train[0][:].shape[2:] == (4, 4)


def test_the_square_is_around_the_centre(tmp_path: Path) -> None:
    source = folder(tmp_path, size=(8, 8))
    wide = Image.new("RGB", (24, 8), (0, 0, 0))
    wide.paste((200, 100, 50), (8, 0, 16, 8))
    wide.save(tmp_path / "red" / "wide.png")
    split = Split(size=8)
    images = np.concatenate([raw(source, part, split) for part in ("train", "validation", "test")])
    assert any((image == np.reshape([200, 100, 50], (3, 1, 1))).all() for image in images)
    assert not (images == 0).all((1, 2, 3)).any()


def test_a_photograph_is_turned_as_its_camera_noted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        image = Image.new("L", (2, 2))
        image.putdata([10, 20, 30, 40])
        turned = Image.Exif()
        turned[0x0112] = 3  # upside down
        (tmp_path / name).mkdir()
        for i in range(5):
            image.save(tmp_path / name / f"{i}.png", exif=turned)
    assert (raw(str(tmp_path)) == [[40, 30], [20, 10]]).all()


LEFT_BY_SYSTEMS = ("._0.png", ".DS_Store", "Thumbs.db", ".hidden.jpg", "desktop.ini")


@pytest.mark.parametrize("parts", [("",), ("train", "val", "test")])
def test_what_systems_leave_beside_images_is_passed_over(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    for part in parts:
        folder(tmp_path / part, 3)
        for name in LEFT_BY_SYSTEMS:
            (tmp_path / part / "red" / name).write_bytes(bytes([0, 5, 22, 7]) + bytes(60))
        for other in ("__MACOSX", "@eaDir", ".git"):
            picture(tmp_path / part / other / "0.png", 0)
            picture(tmp_path / part / other / "red" / "0.png", 0)
    with pytest.warns(DataWarning, match=f"{5 * len(parts)} files were passed over"):
        data = open_data(str(tmp_path))
    assert data.names == ("blue", "green", "red")
    assert sum(len(x) for x, _ in (data.train, data.validation, data.test)) == 9 * len(parts)
    assert {Path(name.split(" (")[0]).name for name in data.skipped} == set(LEFT_BY_SYSTEMS)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_and_folders_in_a_class_are_passed_over_and_named(tmp_path: Path) -> None:
    """A pipe that nobody writes to would be read for ever."""
    source = folder(tmp_path, 3)
    os.mkfifo(tmp_path / "red" / "pipe.png")
    picture(tmp_path / "red" / "more" / "best" / "9.png", 0)
    (tmp_path / "red" / "notes").mkdir()
    with pytest.warns(DataWarning, match="2 files were passed over"):
        data = open_data(source)
    assert data.skipped == (
        f"{tmp_path}/red/pipe.png (no image)",
        f"{tmp_path}/red/more (a folder inside of a class)",
    )
    assert sum(len(x) for x, _ in (data.train, data.validation, data.test)) == 9


@pytest.mark.parametrize("name", ["eval", "dev", "holdout", "unlabelled"])
def test_images_beside_the_parts_are_passed_over_and_named(tmp_path: Path, name: str) -> None:
    folder(tmp_path / "train", 3)
    folder(tmp_path / name, 2)
    (tmp_path / "masks").mkdir()
    picture(tmp_path / "9.png", 0)
    picture(tmp_path / "train" / "8.png", 0)
    with pytest.warns(DataWarning, match="3 files were passed over"):
        data = open_data(str(tmp_path))
    assert data.skipped == (
        f"{tmp_path}/{name} (no part: train, val or test)",
        f"{tmp_path}/9.png (in no class)",
        f"{tmp_path}/train/8.png (in no class)",
    )
    assert sum(len(x) for x, _ in (data.train, data.validation, data.test)) == 9


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".ppm", ".PGM", ".webp", ".tif"])
def test_pictures_have_all_kinds_of_suffixes(tmp_path: Path, suffix: str) -> None:
    source = folder(tmp_path, 3)
    for path in sorted((tmp_path / "red").glob("*.png"))[:2]:
        with Image.open(path) as image:
            image.convert("L").save(path.with_suffix(suffix))
        path.unlink()
    data = open_data(source)
    assert not data.skipped
    assert sum(len(x) for x, _ in (data.train, data.validation, data.test)) == 9


def test_pictures_that_pillow_cannot_read_are_no_fewer_pictures(tmp_path: Path) -> None:
    source = folder(tmp_path, 3)
    for i in range(2):
        (tmp_path / "red" / f"{i}.heic").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(CorruptDataError, match="2 of 11 images cannot be read"):
        open_data(source)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_image_is_passed_over_and_named(tmp_path: Path, content: bytes) -> None:
    source = folder(tmp_path, 4)  # one of twelve is below a tenth
    (tmp_path / "red" / "1.png").write_bytes(content)
    with pytest.warns(DataWarning, match=r"1 file was .*red.1\.png \(cannot be read as an image"):
        data = open_data(source)
    assert sum(len(x) for x, _ in (data.train, data.validation, data.test)) == 11
    labels = torch.cat([y for _, y in (data.train, data.validation, data.test)])
    assert torch.bincount(labels).tolist() == [4, 4, 3]


def test_too_many_damaged_images_are_refused(tmp_path: Path) -> None:
    source = folder(tmp_path, 5)
    for i in (1, 2):
        (tmp_path / "red" / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(CorruptDataError, match=r"2 of 15 images cannot be read, .* 10%.*1\.png"):
        open_data(source)
    for i in range(5):
        (tmp_path / "blue" / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(CorruptDataError, match=r"blue: none of its 5 images can be read"):
        open_data(source)


def test_an_image_that_is_cut_off_is_named(tmp_path: Path) -> None:
    source = folder(tmp_path, 3)  # one of nine is more than a tenth
    path = tmp_path / "red" / "1.png"
    noise = np.random.default_rng(0).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 20, 9):
        path.write_bytes(whole[:length])
        with pytest.raises(CorruptDataError, match=r"red.1\.png"):
            open_data(source)


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    source = folder(tmp_path, 2)
    picture(tmp_path / "red" / "deep.png", 3000, mode="I;16")
    with pytest.raises(CorruptDataError, match=r"deep\.png \(pixels of the kind I;16; expected 8"):
        open_data(source)


@pytest.mark.parametrize("form", ["empty", "files only", "empty class", "no train class"])
def test_folders_without_images(tmp_path: Path, form: str) -> None:
    if form == "files only":
        picture(tmp_path / "one.png", 0)
    if form == "empty class":
        folder(tmp_path)
        (tmp_path / "yellow").mkdir()
    if form == "no train class":
        (tmp_path / "train").mkdir()
    with pytest.raises(MissingDataError, match="holds no "):
        open_data(str(tmp_path))


def test_a_single_class_or_an_unknown_one(tmp_path: Path) -> None:
    for i in range(5):
        picture(tmp_path / "one" / "only" / f"{i}.png", (i, 0, 0))
    with pytest.raises(CorruptDataError, match="one class; at least two"):
        open_data(str(tmp_path / "one"))
    folder(tmp_path / "two" / "train")
    picture(tmp_path / "two" / "test" / "yellow" / "1.png", (250, 250, 0))
    with pytest.raises(CorruptDataError, match="yellow: train/ has no class of that name"):
        open_data(str(tmp_path / "two"))


@pytest.mark.parametrize("names", [("Train", "Test"), ("training", "testing"), ("TRAIN", "VAL")])
def test_parts_in_other_spellings(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        folder(tmp_path / name, n=4)
    data = open_data(str(tmp_path))
    assert data.names == ("blue", "green", "red")
    assert len(data.test[1]) == 12


def test_a_class_called_as_a_part(tmp_path: Path) -> None:
    folder(tmp_path)
    for i in range(10):
        picture(tmp_path / "Train" / f"{i}.png", (9, 9, 9))
    assert open_data(str(tmp_path)).names == ("Train", "blue", "green", "red")


def test_two_folders_of_one_part(tmp_path: Path) -> None:
    for name in ("train", "val", "valid"):
        folder(tmp_path / name, n=4)
    with pytest.raises(InvalidSettingError, match=r"one folder of the validation part.*val/ and"):
        open_data(str(tmp_path))


def test_a_class_whose_images_lie_deeper(tmp_path: Path) -> None:
    folder(tmp_path)
    picture(tmp_path / "yellow" / "1" / "1.png", (250, 250, 0))
    with pytest.raises(MissingDataError, match=r"yellow holds no image .*yellow/1 are not read"):
        open_data(str(tmp_path))


@pytest.mark.parametrize("parts", [("",), ("train", "val"), ("train", "val", "test")])
def test_a_large_folder_is_decoded_once_into_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...]
) -> None:
    """What is mapped from the file is what is read into memory."""
    monkeypatch.setenv("NASCAST_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "source"
    rng = np.random.default_rng(0)
    for part in parts:
        for i in range(30):
            path = source / part / "abc"[i % 3] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (9, 7, 3), dtype=np.uint8)).save(path)
    (source / parts[0] / "a" / "0.png").write_bytes(b"no image")
    with pytest.warns(DataWarning, match="1 file was"):
        expected = open_data(str(source), Split(size=5))
    assert not (tmp_path / "cache").exists()
    monkeypatch.setattr("nascast.training.sources.folder._IN_MEMORY", 0)
    times = []
    for _ in range(2):
        _opened.cache_clear()
        with pytest.warns(DataWarning, match="1 file was"):
            found = open_data(str(source), Split(size=5))
        assert found.fingerprint == expected.fingerprint
        for part in ("train", "validation", "test"):
            (x, y), (own, labels) = getattr(expected, part), getattr(found, part)
            assert own.mapped
            assert torch.equal(x[:], own[:])
            assert torch.equal(y, labels)
        assert permissions(tmp_path / "cache") <= {"r--s"}
        times.append({file.name: file.stat().st_mtime_ns for file in tmp_path.glob("cache/*/*")})
    assert times[0] == times[1]
    assert len(times[0]) == 1 + len(expected_parts(parts))
    Image.new("RGB", (9, 7)).save(source / parts[0] / "a" / "0.png")  # another folder now
    assert open_data(str(source), Split(size=5)).fingerprint != expected.fingerprint
    for file in tmp_path.glob("cache/*/*.npy"):
        file.write_bytes(b"damaged")
    _opened.cache_clear()
    with pytest.raises(CorruptDataError, match="delete it, and the images are decoded anew"):
        open_data(str(source), Split(size=5))


@pytest.mark.parametrize("change", ["added", "removed", "rewritten", "of a linked class"])
def test_a_folder_that_changed_is_read_anew(tmp_path: Path, change: str) -> None:
    root, other = tmp_path / "images", tmp_path / "other"
    folder(root)
    picture(other / "0.png", (1, 2, 3))
    picture(other / "1.png", (1, 2, 3))
    (root / "yellow").symlink_to(other)
    before = open_data(str(root))
    assert open_data(str(root)) is before
    match change:
        case "added":
            picture(root / "red" / "new.png", (200, 0, 0))
        case "removed":
            sorted((root / "red").iterdir())[0].unlink()
        case "rewritten":
            picture(sorted((root / "red").iterdir())[0], (200, 9, 0))
        case _:
            picture(other / "1.png", (250, 250, 0))
    after = open_data(str(root))
    assert after.fingerprint != before.fingerprint


def permissions(folder: Path) -> set[str]:
    """How files of a folder are mapped; what is private and written to would count as memory."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    found = {line.split()[1] for line in lines if str(folder) in line}
    assert found or not lines
    return found


def expected_parts(parts: tuple[str, ...]) -> set[str]:
    """The parts that are trained, tested and, where there are three, validated on."""
    return {"train", "test"} | ({"validation"} if len(parts) == 3 else set())


# Hugging Face, by a double: the package is optional


class Rows(dict[str, list[Any]]):
    """Columns, and their types as `features`."""

    features: dict[str, Any]


class ImageColumn:
    pass


class LabelColumn:
    def __init__(self, names: list[str]) -> None:
        self.names = names


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Makes a package ``datasets`` with one data set, which tests fill."""
    parts: dict[str, Rows] = {}
    asked: list[Any] = []

    def load_dataset(name: str, configuration: str | None) -> dict[str, Rows]:
        asked.append((name, configuration))
        if name != "owner/colours":
            raise FileNotFoundError(f"Dataset '{name}' doesn't exist on the Hub")
        return parts

    double = SimpleNamespace(load_dataset=load_dataset, Image=ImageColumn, ClassLabel=LabelColumn)
    monkeypatch.setitem(sys.modules, "datasets", double)
    return {"parts": parts, "asked": asked}


def rows(labels: list[int], side: int = 4) -> Rows:
    names = list(COLOURS)
    pictures = [Image.new("RGB", (side, side), COLOURS[names[max(y, 0)]]) for y in labels]
    found = Rows(id=list(range(len(labels))), picture=pictures, kind=labels)
    found.features = {"id": int, "picture": ImageColumn(), "kind": LabelColumn(names)}
    return found


def test_a_data_set_of_the_hub(hub: dict[str, Any]) -> None:
    hub["parts"].update(train=rows([0, 1, 2] * 5), test=rows([2, 0]))
    data = open_data("hf:owner/colours:small")
    assert hub["asked"] == [("owner/colours", "small")]
    assert data.names == tuple(COLOURS)
    assert data.test[1].tolist() == [2, 0]
    assert (raw("hf:owner/colours:small")[:, :, 0, 0] == [[250, 0, 0], [0, 0, 250]]).all()


def test_secret_labels_are_no_test_part(hub: dict[str, Any]) -> None:
    hub["parts"].update(train=rows([0, 1, 2] * 5), validation=rows([1, 1, 0]), test=rows([-1, -1]))
    assert open_data("hf:owner/colours").test[1].tolist() == [1, 1, 0]


def test_what_the_hub_has_not(hub: dict[str, Any]) -> None:
    with pytest.raises(MissingDataError, match="hf:owner/shapes cannot be had: Dataset"):
        open_data("hf:owner/shapes")
    hub["parts"].update(test=rows([1, 2]))
    with pytest.raises(CorruptDataError, match="expected a part train; it has test"):
        open_data("hf:owner/colours")
    hub["parts"]["train"] = rows([1, 2])
    del hub["parts"]["train"].features["kind"]
    with pytest.raises(CorruptDataError, match="expected a column of images and one of class"):
        open_data("hf:owner/colours")


@pytest.mark.parametrize(
    ("source", "module", "extra"), [("hf:x", "datasets", "hf"), ("digits", "sklearn", "data")]
)
def test_a_package_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, source: str, module: str, extra: str
) -> None:
    for name in [module, *(m for m in sys.modules if m.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"{module}.*nascast\[{extra}\]"):
        open_data(source)


# Arrays


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (np.zeros((4, 8, 8), np.float32), [0, 1, 0, 1], "255"),
        (np.zeros((4, 8, 8), bool), [0, 1, 0, 1], "got bool"),
        (np.zeros((4, 8, 8), np.uint8), [-1, 1, 0, 1], "the label -1 at place 0"),
        (np.zeros((4, 8, 8), np.uint8), np.eye(4), "argmax"),
        (np.zeros((4, 8, 8), np.uint8), ["a", "b", "a", "b"], "4 whole numbers"),
        (np.zeros((4, 8, 8), np.uint8), [0, 1, 0], "4 whole numbers"),
        (np.zeros((4, 8, 8), np.uint8), [1, 1, 1, 1], "one class"),
    ],
)
def test_what_is_wrong_with_arrays_is_named(images: Any, labels: Any, told: str) -> None:
    good = np.zeros((2, 8, 8), np.uint8), np.arange(2)
    with pytest.raises(CorruptDataError, match=told):
        Arrays((images, np.asarray(labels)), good).check("mine.npz")


def test_a_part_without_images_says_where_they_come_from() -> None:
    train = np.zeros((3, 8, 8), np.uint8), np.arange(3)
    none = np.zeros((0, 8, 8), np.uint8), np.arange(0)
    with pytest.raises(CorruptDataError, match="no image for the test part"):
        Arrays(train, none).check("pictures")


def test_classes_that_are_not_trained_are_told() -> None:
    train = np.zeros((4, 8, 8), np.uint8), np.arange(4) % 2
    test = np.zeros((4, 8, 8), np.uint8), np.asarray([0, 1, 2, 3])
    with pytest.warns(DataWarning, match="2 of 4 test images .*, such as 2"):
        Arrays(train, test).check("mine.npz")


# what is no file, and what never ends


@pytest.mark.parametrize("labels", [np.eye(3)[np.arange(30) % 3], np.arange(20) % 3, np.asarray(3)])
def test_labels_that_do_not_fit_the_images_of_one_part(labels: Any, tmp_path: Path) -> None:
    images = np.zeros((30, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    with pytest.raises(CorruptDataError, match="should be 30 whole numbers, a class from 0 on"):
        open_data(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("name", ["a.npz", "a.tar.gz", "a.txt"])
def test_a_pipe_is_no_data(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(InvalidSettingError, match="pipe or a device"):
        open_data(str(tmp_path / name))


def test_a_folder_that_is_called_as_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(MissingDataError, match="no folders with images"):
        open_data(str(tmp_path / "a.npz"))


def _bomb(path: Path) -> None:
    """Writes 2 GiB of zeros in 2 MB."""
    with gzip.open(path, "wb", 9) as file:
        for _ in range(2**5):
            file.write(bytes(2**26))


def test_a_packed_archive_that_unpacks_to_all_memory(tmp_path: Path) -> None:
    _bomb(tmp_path / "a.tar.gz")
    with pytest.raises(CorruptDataError, match=r"takes more than 5\d\d MiB"):
        open_data(str(tmp_path / "a.tar.gz"))


def test_a_packed_idx_file_that_unpacks_to_all_memory(mnist: Callable[..., Path]) -> None:
    folder = mnist(packed=True)
    _bomb(folder / "train-images-idx3-ubyte.gz")
    with pytest.raises(CorruptDataError, match=r"takes more than 5\d\d MiB"):
        open_data(str(folder))


def test_links_in_a_circle_in_an_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name, other in (("train.bin", "test.bin"), ("test.bin", "train.bin")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, other
            archive.addfile(member)
    with pytest.raises(CorruptDataError, match="nested too deeply"):
        open_data(str(tmp_path / "a.tar.gz"))
