"""Which images are used, how they are normalised, and which files are refused."""

import hashlib
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
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
)
from nascast.core.types import ImageTask
from nascast.training.data import (
    ImageData,
    Split,
    _opened,
    image_batch,
    open_data,
    task_of,
)
from nascast.training.recipe import Recipe
from nascast.training.strata import stratified

Write = Callable[..., str]


def numbered(n: int = 60) -> dict[str, Any]:
    """Images that are all of one value, their number, with the number's last digit as label."""
    values = np.arange(n, dtype=np.uint8)
    return {"x_train": np.broadcast_to(values[:, None, None], (n, 8, 8)), "y_train": values % 10}


def numbers(data: ImageData) -> list[list[int]]:
    """Which of the numbered images the training and validation parts are."""
    chosen = torch.cat([data.train[0][:], data.validation[0][:]])[:, 0, 0, 0]
    order = torch.argsort(torch.argsort(chosen)).tolist()  # ranks are numbers if all 60 are used
    return [sorted(order[: len(data.train[0][:])]), sorted(order[len(data.train[0]) :])]


def test_parts_are_disjoint_and_labels_stay_with_their_images(images: Write) -> None:
    path = images(**numbered())
    data = open_data(path, Split(40, 20, 5, 8))
    train, validation = numbers(data)
    assert sorted(train + validation) == list(range(60))
    ranks = torch.argsort(
        torch.argsort(torch.cat([data.train[0][:], data.validation[0][:]])[:, 0, 0, 0])
    )
    assert torch.equal(torch.cat([data.train[1], data.validation[1]]), ranks % 10)


def test_the_split_is_seeded(images: Write) -> None:
    path = images(**numbered())
    parts = []
    for seed in (0, 0, 1):
        _opened.cache_clear()
        parts.append(numbers(open_data(path, Split(40, 20, 5, 8, seed))))
    assert parts[0] == parts[1] != parts[2]


def test_a_drawn_test_part_is_seeded_and_of_the_test_images(images: Write) -> None:
    path = images()
    drawn = []
    for seed in (0, 1):
        data = open_data(path, Split(40, 20, 5, 8, seed=seed))
        values = data.test[0][:].numpy() * np.float64(data.std[0]) + data.mean[0]
        drawn.append({np.round(255 * x[0]).astype(np.uint8).tobytes() for x in values})
    with np.load(path) as file:
        everything = {x.tobytes() for x in file["x_test"]}
    assert all(len(found) == 5 and found < everything for found in drawn)
    assert drawn[0] != drawn[1]
    with np.load(path) as file:
        assert open_data(path, Split(40, 20, 30, 8)).test[1].tolist() == file["y_test"].tolist()


@pytest.mark.parametrize("form", ["arrays", "folder", "archive"])
def test_every_part_has_the_classes_in_proportion(images: Write, tmp_path: Path, form: str) -> None:
    """However a source is sorted; parts that were cut from its front would lack classes."""
    sorted_labels = {"train": np.repeat(np.arange(5), 40), "test": np.repeat(np.arange(5), 20)}
    if form == "archive":
        source = str(tmp_path / "cifar-10-binary")
        (tmp_path / "cifar-10-binary").mkdir()
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
            labels = sorted_labels["test" if name == "test_batch" else "train"]
            records = np.random.default_rng(0).integers(0, 255, (len(labels), 3073), np.uint8)
            records[:, 0] = labels
            (tmp_path / "cifar-10-binary" / f"{name}.bin").write_bytes(records.tobytes())
    elif form == "folder":
        source = str(tmp_path / "folder")
        for part, labels in sorted_labels.items():
            for i, label in enumerate(labels):
                file = tmp_path / "folder" / part / str(label) / f"{i}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.new("L", (4, 4), int(i)).save(file)
    else:
        x = {f"x_{k}": np.zeros((len(y), 8, 8), np.uint8) for k, y in sorted_labels.items()}
        source = images(**x, **{f"y_{k}": y for k, y in sorted_labels.items()})
    data = open_data(source, Split(train=50, validation=25, test=25))
    counts = [torch.bincount(y).tolist() for _, y in (data.train, data.validation, data.test)]
    assert counts == [[10] * 5, [5] * 5, [5] * 5]


def test_a_rare_class_is_in_the_training_part() -> None:
    """By the rule itself: shares to within one, and one at least."""
    labels = np.repeat([0, 1, 2, 3], [700, 270, 28, 2])
    for seed in range(5):
        rng = np.random.default_rng(seed)
        train, validation = stratified(labels, [100, 50], rng)
        assert not set(train) & set(validation)
        for places, size in ((train, 100), (validation, 50)):
            counts = np.bincount(labels[places], minlength=4)
            assert (abs(counts - size * np.array([0.7, 0.27, 0.028, 0.002])) <= 1.5).all()
            assert counts.min() >= 1


@pytest.mark.parametrize(("colours", "channels"), [(0, 1), (1, 1), (3, 3)])
def test_images_are_normalised_by_the_training_part(
    images: Write, colours: int, channels: int
) -> None:
    data = open_data(images(colours=colours), Split(40, 15, 10, 8))
    x, y = data.train[0][:], data.train[1]
    assert x.shape == (40, channels, 8, 8)
    assert x.dtype == torch.float32
    assert y.dtype == torch.int64
    assert torch.allclose(x.mean((0, 2, 3)), torch.zeros(channels), atol=1e-5)
    assert torch.allclose(x.std((0, 2, 3)), torch.ones(channels), atol=1e-5)
    assert len(data.validation[0]) == 15
    assert not torch.allclose(
        data.validation[0][:].mean((0, 2, 3)), torch.zeros(channels), atol=1e-4
    )
    assert data.classes == 3


def test_all_parts_are_scaled_alike(images: Write) -> None:
    path = images()
    data = open_data(path, Split(60 - 10, 10, 30, 8))
    with np.load(path) as file:
        raw = torch.from_numpy(file["x_test"].astype(np.float32) / 255)
        train = torch.from_numpy(file["x_train"].astype(np.float32) / 255)
    scale = (raw.max() - raw.min()) / (data.test[0][:].max() - data.test[0][:].min())
    centre = (raw - data.test[0][:][:, 0] * scale).mean()
    assert torch.allclose(data.test[0][:][:, 0] * scale + centre, raw, atol=1e-5)
    assert scale == pytest.approx(float(train.std()), rel=0.1)
    assert centre == pytest.approx(float(train.mean()), rel=0.1)


def test_sizes_are_averaged_down(images: Write) -> None:
    path = images()
    full, half = (open_data(path, Split(40, 20, 30, size)) for size in (8, 4))
    assert half.test[0][:].shape == (30, 1, 4, 4)
    means = full.test[0][:].reshape(30, 1, 4, 2, 4, 2).mean((3, 5))
    rows = torch.stack([means.flatten(), half.test[0][:].flatten()])
    assert torch.corrcoef(rows)[0, 1] == pytest.approx(
        1, abs=1e-4
    )  # equal up to normalisation and bytes


@pytest.mark.parametrize("size", [3, 5, 16])
def test_other_sizes_are_interpolated(images: Write, size: int) -> None:
    path = images()
    data = open_data(path, Split(40, 20, 30, size))
    with np.load(path) as file:
        raw = file["x_test"]
    for image, own in zip(raw, data.test[0][:], strict=True):
        picture = Image.fromarray(image.astype(np.float32))
        pillow = picture.resize((size, size), Image.Resampling.BILINEAR)
        expected = (np.asarray(pillow) / 255 - data.mean[0]) / data.std[0]
        assert np.allclose(own[0], expected, atol=0.6 / 255 / data.std[0])  # bytes


@pytest.mark.parametrize("size", [0, -4, 1_000_000])
def test_sizes_that_are_none(size: int) -> None:
    with pytest.raises(InvalidSettingError, match=f"size {size}; from 1 to 8,192 can be"):
        Split(40, 20, 10, size)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split(41, 20, 10, 8), "61 training and validation images asked for, 60 there"),
        (Split(40, 20, 31, 8), "31 test images asked for, 30 there"),
    ],
)
def test_more_images_than_there_are(images: Write, split: Split, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        open_data(images(), split)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"train": 0}, "0 train images asked for"),
        ({"validation": -10}, "-10 validation images asked for"),
        ({"test": 0}, "0 test images asked for"),
        ({"seed": -1}, "a number from 0; got -1"),
    ],
)
def test_splits_that_are_none(wrong: dict[str, int], message: str) -> None:
    """Whatever the data are, so that nothing is read to find it."""
    with pytest.raises(InvalidSettingError, match=message):
        Split(**wrong)  # type: ignore[arg-type]


def test_the_fingerprint_is_of_the_content(images: Write) -> None:
    one, again = images("one.npz"), images("again.npz")
    other = images("other.npz", y_test=np.zeros(30, dtype=np.uint8))
    split = Split(40, 20, 10, 8)
    prints = [open_data(path, split).fingerprint for path in (one, again, other)]
    assert prints[0] == prints[1] != prints[2]
    assert open_data(one, Split(10, 5, 5, 4, seed=3)).fingerprint == prints[0]
    digest = hashlib.sha256()
    with np.load(one) as file:
        for key in ("x_train", "y_train", "x_test", "y_test"):
            digest.update(file[key].tobytes())
    assert prints[0] == digest.hexdigest()


def test_a_batch_of_training_images(images: Write) -> None:
    data = open_data(images(), Split(40, 20, 10, 8))
    batch, again, other = (image_batch(data, 12, seed) for seed in (0, 0, 1))
    assert batch.inputs.shape == (12, 1, 8, 8)
    assert batch.inputs.dtype == np.float32
    assert batch.labels.dtype == np.int64
    assert np.array_equal(batch.inputs, again.inputs)
    assert not np.array_equal(batch.inputs, other.inputs)
    for x, label in zip(batch.inputs, batch.labels, strict=True):
        same = (data.train[0][:].numpy() == x).all((1, 2, 3))
        assert same.sum() == 1
        assert data.train[1][int(same.argmax())] == label
    assert data.fingerprint[:12] in batch.source
    assert batch.source == again.source != other.source
    with pytest.raises(InvalidSettingError, match="a batch of 41 from 40 images"):
        image_batch(data, 41)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="x_train, y_train, x_test, y_test"):
        open_data(str(tmp_path / "none.npz"), Split(1, 1, 1, 1))


@pytest.mark.parametrize(
    "arrays",
    [
        {"y_test": None},
        {"x_train": np.zeros((60, 8, 8), dtype=np.float32)},
        {"x_train": np.zeros((60, 64), dtype=np.uint8)},
        {"y_train": np.zeros(59, dtype=np.uint8)},
        {"y_train": np.zeros((60, 2), dtype=np.uint8)},
        {"y_train": np.full(60, 0.5)},
        {"y_train": np.full(60, -1)},
        {"y_train": np.asarray(["cat"] * 60)},
        {"x_test": np.zeros((30, 4, 4), dtype=np.uint8)},
        {"x_test": np.zeros((30, 8, 8, 3), dtype=np.uint8)},
    ],
    ids=[
        "no test labels",
        "float images",
        "flat images",
        "a label too few",
        "two-dimensional labels",
        "fractional labels",
        "negative labels",
        "labels that are words",
        "test images of another size",
        "test images of other channels",
    ],
)
def test_arrays_that_are_no_images(images: Write, arrays: dict[str, Any]) -> None:
    path = images(**arrays)
    with pytest.raises(CorruptDataError, match=r"images\.npz: "):
        open_data(path, Split(40, 20, 10, 4))


def test_channels_in_front_are_named(images: Write) -> None:
    x = np.zeros((60, 3, 32, 32), np.uint8)
    with pytest.raises(CorruptDataError, match=r"transpose\(0, 2, 3, 1\) makes \(60, 32, 32, 3\)"):
        open_data(images(x_train=x, x_test=x[:30]))


def test_labels_in_a_column_are_labels(images: Write) -> None:
    with np.load(images()) as file:
        column = {"y_train": file["y_train"][:, None]}
    flat, columns = open_data(images("flat.npz")), open_data(images("column.npz", **column))
    assert torch.equal(flat.train[1], columns.train[1])
    assert flat.fingerprint == columns.fingerprint


@pytest.mark.parametrize(
    ("images_named", "labels_named"),
    [("train_images", "train_labels"), ("X_train", "Y_train"), ("data_train", "targets_train")],
)
def test_arrays_have_other_names(images: Write, images_named: str, labels_named: str) -> None:
    usual = images("usual.npz")
    with np.load(usual) as file:
        given = {name: file[name] for name in file.files}
    renamed: dict[str, Any] = {
        name.replace("train", part): given[f"{kind}_{part}"]
        for kind, name in (("x", images_named), ("y", labels_named))
        for part in ("train", "test")
    }
    other = usual.replace("usual", "other")
    np.savez(other, **renamed)
    assert open_data(other).fingerprint == open_data(usual).fingerprint


@pytest.mark.parametrize("name", ["labels_train", "images_val", "data", "train_targets"])
def test_other_arrays_beside_the_usual_ones(images: Write, name: str) -> None:
    expected = open_data(images()).fingerprint
    other: dict[str, Any] = {name: np.zeros((60, 3), np.uint8)}
    assert open_data(images("more.npz", **other)).fingerprint == expected


@pytest.mark.parametrize("part", ["val", "valid", "validation"])
def test_names_of_a_validation_part(images: Write, part: str) -> None:
    own: dict[str, Any] = {f"x_{part}": np.zeros((12, 8, 8), np.uint8)}
    data = open_data(images(**own, **{f"y_{part}": np.arange(12) % 3}))
    assert [len(labels) for _, labels in (data.train, data.validation)] == [60, 12]


def test_a_file_of_one_part_has_its_test_images_drawn(tmp_path: Path) -> None:
    x = np.broadcast_to(np.arange(100, dtype=np.uint8)[:, None, None], (100, 8, 8))
    for names in (("images", "labels"), ("x", "y"), ("X", "y")):
        path = str(tmp_path / f"{names[0]}.npz")
        given: dict[str, Any] = dict(zip(names, (x, np.arange(100) // 50), strict=True))
        np.savez(path, **given)
        data = open_data(path)
        assert np.bincount(data.test[1]).tolist() == [10, 10]
        assert len(data.train[0]) == 72


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("x_train", "y_train", "x_test"), "expected .* it has x_train, y_train, x_test"),
        (("x_train", "y_train", "x_test", "y_test", "x_val"), "x_val lacks its other half"),
        (("x_train", "train_x", "y_train"), "x_train and train_x seem to be the same"),
        (("images", "labels", "x_val", "y_val"), "expected .* it has images"),
        ((), "it has nothing"),
    ],
)
def test_parts_that_are_not_whole(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    path = tmp_path / "some.npz"
    arrays: dict[str, Any] = dict.fromkeys(names, np.zeros((4, 8, 8), np.uint8))
    np.savez(path, **arrays)
    with pytest.raises(CorruptDataError, match=message):
        open_data(str(path))


def test_labels_that_nothing_has_are_told(images: Write) -> None:
    gaps = images(y_train=np.arange(60) % 2 * 5, y_test=np.arange(30) % 2 * 5)
    with pytest.warns(DataWarning, match="of the labels 0 to 5, 4 never occur, such as 1"):
        assert open_data(gaps).classes == 6


def test_a_label_beyond_all_images_is_named(images: Write) -> None:
    labels = np.arange(60) % 3
    labels[17] = 10**9
    with pytest.raises(CorruptDataError, match=r"y_train has the label 1,000,000,000 at place 17"):
        open_data(images(y_train=labels))


def test_images_that_are_not_square(images: Write) -> None:
    wide = {"x_train": np.zeros((60, 8, 16), np.uint8), "x_test": np.zeros((30, 8, 16), np.uint8)}
    with pytest.raises(InvalidSettingError, match="images of 8×16"):
        open_data(images(**wide), Split(40, 20, 10, 8))


class Bomb:
    """Would be noticed if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('unpickled')",)


@pytest.mark.parametrize(
    "kind", ["empty", "text", "array", "pickle", "pickled arrays", "archive of something else"]
)
def test_files_of_another_kind(images: Write, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "images.npz"
    if kind == "array":
        np.save(tmp_path / "one.npy", np.zeros((3, 8, 8), dtype=np.uint8))
        (tmp_path / "one.npy").rename(path)
    elif kind == "pickled arrays":
        images(x_train=np.asarray([Bomb()] * 60, dtype=object))
    elif kind == "archive of something else":
        np.savez(path, weights=np.zeros(3))
    else:
        contents = {"empty": b"", "text": b"no images", "pickle": pickle.dumps(Bomb())}
        path.write_bytes(contents[kind])
    with pytest.raises(
        CorruptDataError, match=r"images\.npz: .*an \.npz file with x_train"
    ) as caught:
        open_data(str(path), Split(1, 1, 1, 8))
    assert kind == "pickled arrays" or "pickle" not in str(caught.value)  # NumPy's advice


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMP"])
@pytest.mark.parametrize("name", ["x_train", "y_test"])
def test_a_member_that_is_no_array_is_named(images: Write, name: str, content: bytes) -> None:
    path = Path(images())
    with zipfile.ZipFile(path) as archive:
        inside = {member: archive.read(member) for member in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for member, whole in inside.items():
            archive.writestr(member, content if member == f"{name}.npy" else whole)
    with pytest.raises(CorruptDataError, match=rf"{name} is no array of NumPy; expected an \.npz"):
        open_data(str(path))


def test_the_suffix_may_be_in_capitals(images: Write) -> None:
    path = Path(images())
    capital = path.rename(path.with_suffix(".NPZ"))
    assert len(open_data(str(capital)).train[1]) == 54


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_cut_off_or_damaged(images: Write, tmp_path: Path, packed: bool) -> None:
    """Every damage is refused, but for bytes that mean nothing, such as the time of an entry."""
    path = Path(images())
    if packed:
        with np.load(path) as file:
            np.savez_compressed(path, **dict(file))
    data = path.read_bytes()
    split = Split(40, 20, 10, 8)
    expected = open_data(str(path), split).fingerprint
    broken = tmp_path / "broken.npz"
    for length in (*range(0, 50, 7), len(data) // 3, len(data) // 2, len(data) - 30, len(data) - 1):
        broken.write_bytes(data[:length])
        with pytest.raises(CorruptDataError, match="broken"):
            open_data(str(broken), split)
    refused = 0
    places = [*range(0, len(data), 61), *range(len(data) - 300, len(data))]
    for i in places:
        broken.write_bytes(data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :])
        try:
            assert open_data(str(broken), split).fingerprint == expected
        except CorruptDataError:
            refused += 1
    assert refused > len(places) / 3


def test_without_numbers_everything_is_used(images: Write) -> None:
    data = open_data(images())
    assert [len(x) for x, _ in (data.train, data.validation, data.test)] == [54, 6, 30]
    assert data.train[0][:].shape[1:] == (1, 8, 8)


def test_validation_images_of_the_source_are_used_as_such(images: Write) -> None:
    x = np.full((10, 8, 8), 255, dtype=np.uint8)
    path = images(x_val=x, y_val=np.arange(10) % 3)
    data = open_data(path)
    assert [len(x) for x, _ in (data.train, data.validation, data.test)] == [60, 10, 30]
    assert data.validation[0][:].min() == data.validation[0][:].max()
    assert sorted(data.validation[1].tolist()) == sorted((np.arange(10) % 3).tolist())
    assert len(open_data(path, Split(validation=4)).validation[0]) == 4
    with pytest.raises(InvalidSettingError, match="11 validation images asked for, 10 there"):
        open_data(path, Split(validation=11))
    with pytest.raises(CorruptDataError, match="x_val lacks its other half"):
        open_data(images("half.npz", x_val=x))


def test_the_normalisation_is_told(images: Write) -> None:
    path = images(colours=3)
    data = open_data(path, Split(test=30))
    with np.load(path) as file:
        raw = file["x_test"].transpose(0, 3, 1, 2) / 255
    mean, std = (np.reshape(values, (1, 3, 1, 1)) for values in (data.mean, data.std))
    assert np.allclose(data.test[0][:], (raw - mean) / std, atol=1e-5)


def test_one_class_is_no_task(images: Write) -> None:
    with pytest.raises(CorruptDataError, match="all training images are of one class"):
        open_data(images(y_train=np.zeros(60, dtype=np.uint8)))


@pytest.mark.parametrize("name", ["picture.jpg", "table.csv"])
def test_a_file_of_no_known_form(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(InvalidSettingError, match=r"data are one of: digits .*hf:NAME.*\.npz"):
        open_data(str(tmp_path / name))


def test_networks_are_built_for_the_images(images: Write) -> None:
    data = open_data(images(colours=3), Split(size=4))
    recipe = Recipe(auxiliary_weight=0.4, drop_path=0.2)
    assert task_of(data, {"filters": 4}) == ImageTask((3, 4, 4), 3, {"filters": 4})
    task = task_of(data, {"filters": 4, "drop_path": 0.1}, recipe)
    assert task.skeleton == {"filters": 4, "drop_path": 0.1, "auxiliary": True}
