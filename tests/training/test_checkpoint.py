"""A training that was stopped goes on as if nothing had happened."""

import hashlib
import io
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import CorruptDataError, InvalidSettingError, StoreError
from nascast.networks.auxiliary import AuxiliaryNetwork
from nascast.networks.drop_path import DropPath
from nascast.training import checkpoint
from nascast.training.data import ImageData
from nascast.training.loop import Curves, ImageTraining, train
from nascast.training.recipe import Recipe

CLASSES = 3


def part(n: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(n)
    labels = torch.arange(n) % CLASSES
    noise = torch.randn(n, CLASSES, 6, 6, generator=generator)
    return noise + functional.one_hot(labels, CLASSES)[:, :, None, None], labels


DATA = ImageData(part(40), part(21), part(12), CLASSES, "fingerprint")

# Everything that draws numbers or has a state of its own.
ALL = Recipe(
    epochs=5,
    batch_size=8,
    learning_rate=0.05,
    crop=1,
    cutout=2,
    drop_path=0.4,
    ema=0.9,
    grad_clip=1.0,
    schedule="step",
    step_factor=0.5,
    step_epochs=1.5,
)
OPTIMIZERS = [
    {"optimizer": "sgd"},
    {"optimizer": "adam", "learning_rate": 0.003},
    {"optimizer": "rmsprop", "learning_rate": 0.003},
]


def network() -> nn.Module:
    """Convolution, batch normalisation, drop path and dropout."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(CLASSES, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        DropPath(0.4),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, CLASSES),
    )


def prepared(recipe: Recipe, net: nn.Module | None = None, data: ImageData = DATA) -> ImageTraining:
    net = network() if net is None else net
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(2)
    return ImageTraining(net, data, recipe=recipe, generator=generator, clock=lambda: 0.0)


def finish(training: ImageTraining, until: int | None = None) -> Curves:
    for _ in training.epochs(until):
        pass
    return training.curves


def values(training: ImageTraining) -> list[Tensor]:
    return [*training.network.state_dict().values(), *training.scored.state_dict().values()]


@pytest.mark.parametrize("settings", OPTIMIZERS, ids=lambda settings: settings["optimizer"])
@pytest.mark.parametrize("stops", [(2,), (1, 2, 3, 4)], ids=str)
def test_curves_are_those_of_an_uninterrupted_training(
    tmp_path: Path, settings: dict[str, Any], stops: tuple[int, ...]
) -> None:
    recipe = replace(ALL, **settings)
    whole = prepared(recipe)
    expected = finish(whole)
    assert len(set(expected.train_loss)) == 5
    path = tmp_path / "training.pt"
    for until in (*stops, None):
        training = prepared(recipe)
        training.network.load_state_dict(nn.Module.state_dict(network()))
        torch.manual_seed(99)  # what another process would have drawn before
        resumed = checkpoint.resume(training, path)
        assert resumed == (until != stops[0])
        if not resumed:
            training = prepared(recipe)
        finish(training, until)
        checkpoint.save(training, path)
    assert training.curves == expected
    for own, value in zip(values(training), values(whole), strict=True):
        assert torch.equal(own, value)


@pytest.mark.parametrize("key", ["generator", "global", "optimizer", "average"])
def test_every_part_of_the_state_matters(key: str) -> None:
    """So the test above can fail: with a fresh part in place of the kept one it would."""
    recipe = replace(ALL, epochs=3)
    training = prepared(recipe)
    finish(training, 1)
    other = prepared(recipe)
    other.restore({**training.state(), key: prepared(recipe).state()[key]})
    assert finish(other) != finish(prepared(recipe))


def test_train_continues_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "training.pt"
    recipe = replace(ALL, drop_path=0.0)

    def go(**settings: Any) -> Curves:
        net = network()
        torch.manual_seed(1)
        generator = torch.Generator().manual_seed(2)
        return train(net, DATA, recipe, generator, lambda: 0.0, **settings)

    def kill(curves: Curves) -> None:
        if len(curves.seconds) == 3:
            raise KeyboardInterrupt

    whole = go()
    with pytest.raises(KeyboardInterrupt):
        go(checkpoint=path, watch=kill)
    seen: list[int] = []
    assert go(checkpoint=path, watch=lambda curves: seen.append(len(curves.seconds))) == whole
    assert seen == [4, 5]
    assert go(checkpoint=path, watch=lambda curves: seen.append(0)) == whole
    assert seen == [4, 5]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "training.pt"
    training = prepared(ALL)
    finish(training, 1)
    checkpoint.save(training, path)
    before = path.read_bytes()
    finish(training, 2)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"cannot write .*training\.pt: No space left"):
            checkpoint.save(training, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    checkpoint.save(training, path)
    assert path.read_bytes() != before


def test_other_settings_data_or_networks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    training = prepared(ALL)
    finish(training, 1)
    checkpoint.save(training, path)
    with pytest.raises(InvalidSettingError, match=r"not of this training: .*cutout was 2, is 3"):
        checkpoint.resume(prepared(replace(ALL, cutout=3)), path)
    other = replace(DATA, fingerprint="another")
    with pytest.raises(InvalidSettingError, match="data was fingerprint, is another"):
        checkpoint.resume(prepared(ALL, data=other), path)
    wider = nn.Sequential(*list(network().children())[:-1], nn.Linear(16, 7))
    with pytest.raises(InvalidSettingError, match=r"(?s)not of this training: .*size mismatch"):
        checkpoint.resume(prepared(ALL, wider), path)


class Bomb:
    """Would be noticed if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('unpickled')",)


def test_files_that_are_no_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    bomb, other = io.BytesIO(), io.BytesIO()
    torch.save({"optimizer": Bomb()}, bomb)
    torch.save({"weights": torch.zeros(2)}, other)
    contents = [b"", b"text", pickle.dumps(Bomb()), bomb.getvalue(), other.getvalue()]
    summed = [hashlib.sha256(c).hexdigest().encode() + b"\n" + c for c in contents]
    for content in contents + summed:
        path.write_bytes(content)
        with pytest.raises(CorruptDataError, match="damaged, or not a checkpoint of a training"):
            checkpoint.resume(prepared(ALL), path)


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    checkpoint.save(prepared(ALL), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:length])
        with pytest.raises(CorruptDataError, match="damaged"):
            checkpoint.resume(prepared(ALL), path)


def test_any_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    checkpoint.save(prepared(ALL), path)
    whole = path.read_bytes()
    for at in range(0, len(whole), len(whole) // 200):  # most of it is weights and their moments
        flipped = bytearray(whole)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        with pytest.raises(CorruptDataError, match=r"training\.pt: damaged"):
            checkpoint.read(path)


def test_no_file_is_a_fresh_training(tmp_path: Path) -> None:
    assert not checkpoint.resume(prepared(ALL), tmp_path / "none.pt")


def test_auxiliary_networks_are_kept_too(tmp_path: Path) -> None:
    from nascast.spaces.nasnet import NasNet
    from nascast.training.data import task_of

    recipe = replace(ALL, epochs=2, auxiliary_weight=0.4, optimizer="sgd", crop=0, cutout=0)
    space = NasNet(1)
    skeleton = {"repeats": 1, "filters": 4, "stem_multiplier": 1, "dropout": 0.2}
    arch = space.from_text(
        ["normal: add(sep_conv_3x3(0), identity(1)); reduction: add(max_pool_3x3(0), conv_1x1(1))"]
    )[0]

    def net() -> nn.Module:
        torch.manual_seed(0)
        return space.build(space.architecture(arch), task_of(DATA, skeleton, recipe))

    assert isinstance(net(), AuxiliaryNetwork)
    expected = finish(prepared(recipe, net()))
    path = tmp_path / "training.pt"
    first = prepared(recipe, net())
    finish(first, 1)
    checkpoint.save(first, path)
    second = prepared(recipe, net())
    checkpoint.resume(second, path)
    assert finish(second) == expected
