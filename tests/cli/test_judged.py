"""What can be told of options without the data is told before these are read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Cli = Callable[..., tuple[int, str, str]]
CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
SEARCH = ["search", "--space", "nasbench201"]
TRAIN = ["train", "--space", "nasbench201", "--architecture", CELL]
COMPARE = ["compare", "--space", "nasbench201"]
BUILD = ["benchmark", "build"]


@pytest.mark.parametrize("command", [SEARCH, TRAIN, COMPARE, BUILD])
@pytest.mark.parametrize(
    "options",
    [
        ["--split", "foo=1"],
        ["--split", "train=0"],
        ["--recipe", "epochs=0"],
        ["--recipe", "foo=1"],
        ["--skeleton", "foo=1"],
        ["--device", "gpu"],
    ],
)
def test_options_of_trainings(
    command: list[str], options: list[str], cli: Cli, tmp_path: Path
) -> None:
    refused(command, options, cli, tmp_path)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (SEARCH, ["--skeleton", "channels=0"]),
        (TRAIN, ["--skeleton", "channels=0"]),
        (SEARCH, ["--set", "population=0", "--strategy", "regularized_evolution"]),
        (SEARCH, ["--strategy", "ppo", "--metric", "val_accuracy,val_loss"]),
        (SEARCH, ["--prior", "foo"]),
        (SEARCH, ["--budget", "1h", "--memory-limit", "0"]),
        (SEARCH, ["--budget", "1h", "--prior", "foo"]),
        (SEARCH, ["--resume"]),
        (TRAIN, ["--resume"]),
        (COMPARE, ["--trials", "0"]),
        (COMPARE, ["--metric", "foo"]),
        (COMPARE, ["--test-set", "foo"]),
        (COMPARE, ["--cells", "10"]),
        (COMPARE, ["--workers", "-1"]),
        (BUILD, ["--cells", "-1"]),
    ],
)
def test_options_of_one_command(
    command: list[str], options: list[str], cli: Cli, tmp_path: Path
) -> None:
    refused(command, options, cli, tmp_path)


def refused(command: list[str], options: list[str], cli: Cli, folder: Path) -> None:
    """The data are damaged, which would be told if they were read."""
    content = b"PK\x03\x04 no archive"
    (folder / "data.npz").write_bytes(content)
    source = "--images" if command == BUILD else "--data"
    out = folder / ("mine.nascast" if command == BUILD else "out")
    code, _, err = cli(*command, source, folder / "data.npz", "--out", out, *options)
    assert code == 2
    assert err.splitlines()[-1].startswith("Error: ")
    assert "data.npz" not in err
    assert not out.exists()


def test_damaged_data_would_be_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "data.npz").write_bytes(b"PK\x03\x04 no archive")
    for command in (SEARCH, TRAIN, COMPARE):
        code, _, err = cli(*command, "--data", tmp_path / "data.npz", "--out", tmp_path / "out")
        assert (code, "data.npz" in err) == (2, True)


def test_a_skeleton_may_be_too_deep_for_the_data_alone(cli: Cli, tmp_path: Path) -> None:
    """Networks are built for large images before the data are known, and then for these."""
    images = np.zeros((40, 1, 4, 4), np.uint8)
    images[::2] = 9
    labels = np.arange(40) % 2
    np.savez(tmp_path / "data.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    words = [*SEARCH, "--data", tmp_path / "data.npz", "--out", tmp_path / "out"]
    code, _, err = cli(
        *words, "--skeleton", "channels=2,cells=1", "--evaluations", "1", "--recipe", "batch_size=8"
    )
    assert code in (0, 1), err
    assert "read: " in err
