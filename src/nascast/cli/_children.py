"""The evaluator that the options of ``nascast search`` ask for: it trains the children."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nascast.cli._options import (
    changed,
    check_network,
    device,
    duration,
    known_settings,
    recipe,
    settings,
)

if TYPE_CHECKING:
    from nascast.core.space import SearchSpace
    from nascast.training.evaluator import ChildEvaluator
    from nascast.training.recipe import Recipe

__all__ = ["Children", "Judged", "judged", "open_evaluator", "tell_what_is_loaded"]

_SMALL = (1, 4)  # repeats and filters of a child, where the space has such settings; chosen
_SMALL_TEXT = {"layers": 1, "hidden": 64, "embedding": 64}  # likewise, of a language model


@dataclass(frozen=True, slots=True)
class Children:
    """The options about children, as they were written.

    Attributes:
        folder: folder of the search, in which trainings that stop before their last epoch are
            kept, and those that run tell how far they have come.
        data: source of the images or text to train on; None is digits.
        recipe: name of a recipe, settings that replace its own, or both; empty is the default.
        skeleton: settings that replace those of the small skeleton; empty is the default.
        split: settings of the split of the images that replace the default ones.
        device: name of the device: ``cpu``, ``cuda`` or ``auto``.
        time_limit: time for one child, such as ``5m``; None is no limit.
        memory_limit: memory for one child in MiB; None is no limit.
        latency: whether ``latency_ms`` is to be measured.
        said: whether it has been said what is read.
        sized: whether their size was chosen, by the time that there is.
    """

    folder: Path
    data: str | None
    recipe: str
    skeleton: str
    split: str
    device: str
    time_limit: str | None = None
    memory_limit: int | None = None
    latency: bool = False
    said: bool = False
    sized: bool = False

    def say(self) -> None:
        """Says what is going to be read, where that has not been said."""
        if not self.said:
            typer.echo(f"reading {self.data or 'digits'} …", err=True)

    def given(self) -> dict[str, Any]:
        """Returns the options about trainings, with what was given; else nothing or false."""
        return {
            "--recipe": self.recipe,
            "--skeleton": self.skeleton,
            "--split": self.split,
            "--time-limit": self.time_limit,
            "--memory-limit": self.memory_limit is not None,
            "--device": self.device != "auto",
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """Options about children that are right as far as can be told without the data.

    Attributes:
        space: search space of the children.
        recipe: recipe of a full training.
        make: function that reads the data, and makes the evaluator.
    """

    space: "SearchSpace"
    recipe: "Recipe"
    make: Callable[[], "ChildEvaluator"]


def open_evaluator(children: Children, space: str) -> "ChildEvaluator":
    """Returns the evaluator that trains children of a space, by default small ones for seconds.

    Raises:
        InvalidSettingError: an option cannot be read, or does not go with the data.
    """
    found = judged(children, space)
    children.say()
    return found.make()


def tell_what_is_loaded(data: str | None) -> None:
    """Says that PyTorch is loaded next, which takes seconds, unless it is there, and for what."""
    if "torch" not in sys.modules:
        typer.echo(f"loading PyTorch, to train on {data or 'digits'} …", err=True)


def judged(children: Children, space: str) -> Judged:
    """Returns the options about children, judged; nothing is read yet.

    Raises:
        InvalidSettingError: an option cannot be read, or does not go with the kind of data.
        UnknownComponentError: there is no such space.
    """
    tell_what_is_loaded(children.data)
    from nascast.core import plugins
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.searches.now import RUNNING
    from nascast.training.text_files import is_text

    if children.memory_limit is not None and children.memory_limit < 1:
        raise InvalidSettingError(
            f"--memory-limit is a whole number of MiB from 1; got {children.memory_limit}"
        )
    folder = children.folder.absolute()  # since workers may stand elsewhere
    shared: dict[str, Any] = {
        "skeleton": settings(children.skeleton, "--skeleton"),
        "checkpoints": folder / "checkpoints",
        "running": folder / RUNNING,
        "time_limit": duration(children.time_limit, "--time-limit")
        if children.time_limit
        else None,
        "memory_limit": children.memory_limit,
        "device": children.device,
    }
    device(children.device)
    kind = _of_text if children.data and is_text(children.data) else _of_images
    return kind(plugins.load("space", space), children, shared)


def _of_text(space: "SearchSpace", children: Children, shared: dict[str, Any]) -> Judged:
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import TextTask
    from nascast.training.evaluator import LanguageEvaluator
    from nascast.training.recipes import named_recipe

    assert children.data is not None
    if children.split:
        raise InvalidSettingError("--split is for images; a text is split by its files or lines")
    known_settings(shared["skeleton"], space.skeleton(TextTask), "--skeleton")
    if not shared["skeleton"]:
        known = space.skeleton(TextTask)
        shared["skeleton"] = {name: n for name, n in _SMALL_TEXT.items() if name in known}
    chosen = recipe(children.recipe, "--recipe", named_recipe("text-child"))
    check_network(space, shared["skeleton"], text=True)
    make = partial(LanguageEvaluator, space, children.data, chosen, **shared)
    return Judged(space, chosen, make)


def _of_images(space: "SearchSpace", children: Children, shared: dict[str, Any]) -> Judged:
    from nascast.core.types import ImageTask
    from nascast.training.data import Split
    from nascast.training.evaluator import TrainingEvaluator
    from nascast.training.recipes import named_recipe

    data = children.data or "digits"
    known_settings(shared["skeleton"], space.skeleton(ImageTask), "--skeleton")
    if not shared["skeleton"]:
        scales = zip(space.scales, _SMALL, strict=True)
        shared["skeleton"] = {own: small for own, small in scales if own}
    digits = data == "digits"
    split = Split(train=256, validation=600) if digits else Split()  # with all, 3 epochs give 99 %
    split = changed(split, children.split, "--split")
    default = named_recipe("digits-child" if digits else "child")
    chosen = recipe(children.recipe, "--recipe", default)
    check_network(space, {**chosen.skeleton(), **shared["skeleton"]}, text=False)
    own: dict[str, Any] = {"split": split, "measure_latency": children.latency}
    return Judged(space, chosen, partial(TrainingEvaluator, space, data, chosen, **own, **shared))
