"""What ``nascast search`` chooses where little is said: strategy, space, size of the children."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer

from nascast.cli._children import Children
from nascast.cli._options import duration
from nascast.cli._plan import Asked, check, planned
from nascast.cli._warm import KNOWN, is_untrained, space_of

if TYPE_CHECKING:
    from nascast.studies.searches.results import Searched
    from nascast.studies.searches.sizing import Rung, Size
    from nascast.training.data import ImageData

__all__ = ["sized", "time_asked"]

_RECIPE = ("epochs", "batch_size", "learning_rate")
_PARTS = ("train", "validation", "test", "size")
_LIKELY = 50  # best architectures known, of which the first within the limits are measured; chosen
_SMALL = 64  # pixels of a side of images that stay as they are; chosen
_TENTHS = 10  # seconds up to which they are told in tenths; chosen
_NOTHING = "none"  # written where a folder or a benchmark could be


def time_asked(budget: str | None, hours: float | None) -> str | None:
    """Returns the budget of two options.

    Raises:
        InvalidSettingError: both are given, or no time.
    """
    from nascast.core.errors import InvalidSettingError

    if budget is not None and hours is not None:
        raise InvalidSettingError("give either --budget or --hours, not both")
    if hours is not None and not 0 < hours < inf:
        raise InvalidSettingError(f"--hours is a number above 0; got {hours:g}")
    return budget if hours is None else f"{hours:f}h"


def sized(
    asked: Asked, children: Children, *, named: str | None, resume: bool, export: str | None
) -> tuple[Asked, Children]:
    """Returns the options with what was chosen for those that were not given, and prints why.

    Args:
        asked: options about what is searched.
        children: options about children.
        named: strategy that was named, or None.
        resume: whether a search goes on, whose choices stay.
        export: format that the best network is exported in, or None.

    Raises:
        NascastError: an option is wrong by itself, see `check`, or contradicts another; there is no
            such format, or nothing is trained.
    """
    from nascast.core.errors import InvalidSettingError

    check(asked, children)
    if _NOTHING in asked.earlier and {*asked.earlier} != {_NOTHING}:
        raise InvalidSettingError("--from none begins with nothing; leave it out, or the others")
    if export is not None:
        asked = _with_share(asked, export)
    if named is None:
        _say("strategy guided, for none is named, and it needs the fewest trainings on tables")
    if asked.benchmark is not None:
        return _with_known(asked, False), children
    before = _before(children.folder) if resume else None
    free = named is None and asked.metrics in (None, "val_accuracy") and not _on_text(children)
    asked = _with_space(asked, children, free, before)
    runs = () if before is None else before.runs
    knew = not runs or any("prior" in run.spec.settings for run in runs)
    asked = _with_known(asked, free and knew)
    if not _free(asked, children):
        return asked, children
    if not resume:
        return asked, _chosen(asked, children)
    return asked, children if before is None else _kept(children, before)


def _say(text: str) -> None:
    typer.echo(f"chosen: {text}", err=True)


def _with_share(asked: Asked, form: str) -> Asked:
    from nascast.core.errors import InvalidSettingError
    from nascast.training.export import check_format

    check_format(form)
    if asked.benchmark is not None:
        raise InvalidSettingError(
            "--export is of a network that is trained; leave out --benchmark, or use nascast train"
        )
    if asked.budget is None:
        return asked
    from nascast.studies.searches.sizing import SEARCH

    return replace(asked, budget=f"{SEARCH * duration(asked.budget, '--budget'):f}s")


def _before(folder: Path) -> "Searched | None":
    """Returns the search that a folder holds, or None."""
    from nascast.studies.searches.results import SEARCH, read_search

    return read_search(folder) if (folder / SEARCH).is_file() else None


def _with_space(asked: Asked, children: Children, free: bool, before: "Searched | None") -> Asked:
    """Returns the options with a space: that of the search that goes on, or one for the data."""
    if asked.space is not None:
        return asked
    if before is not None:
        return replace(asked, space=before.space.name)
    spaceless = (KNOWN, _NOTHING, *filter(is_untrained, asked.earlier))
    if named := [source for source in asked.earlier if source not in spaceless]:
        space, why = space_of(named[0]), f"{named[0]} is of it"
    elif _on_text(children):
        space, why = "nasbench_nlp", "its cells read texts"
    elif free or KNOWN in asked.earlier:
        space, why = "nasbench201", "other data sets say which of its cells are good"
    else:
        space, why = "nasnet", "its cells fit images of every size"
    _say(f"space {space}, for none is named, and {why}")
    return replace(asked, space=space)


def _with_known(asked: Asked, free: bool) -> Asked:
    """Returns the options with what the package knows of the space, where they are free to."""
    from nascast.studies.searches.known import TABLES

    if _NOTHING in asked.earlier:
        return replace(asked, earlier=())
    if not free or asked.earlier or asked.prior is not None or asked.space not in TABLES:
        return asked
    tables = ", ".join(TABLES[asked.space])
    _say(f"earlier trials, for none are named: the records of {tables}; --from none has none")
    return replace(asked, earlier=(KNOWN,))


def _on_text(children: Children) -> bool:
    from nascast.training.text_files import is_text

    return bool(children.data) and is_text(str(children.data))


def _free(asked: Asked, children: Children) -> bool:
    """Whether the size of children is to be chosen: time and own images are given, and no size."""
    if asked.budget is None or not children.data or children.data == "digits":
        return False
    if children.recipe or children.skeleton or children.split:
        return False
    return not _on_text(children)


def _kept(children: Children, before: "Searched") -> Children:
    """Returns the size that a search was begun with."""
    training = before.training
    if training is None:
        return children
    parts = training.get("split", {})
    few = {name: parts[name] for name in _PARTS if parts.get(name) is not None}
    recipe = {name: training["recipe"][name] for name in _RECIPE}
    return _as_options(children, recipe, training["skeleton"], few)


def _as_options(
    children: Children, recipe: Mapping[str, Any], skeleton: Any, images: Mapping[str, int]
) -> Children:
    return replace(
        children,
        recipe=",".join(f"{name}={value}" for name, value in recipe.items()),
        skeleton=",".join(f"{name}={value}" for name, value in skeleton.items()),
        split=",".join(f"{name}={count}" for name, count in images.items()),
        sized=True,
    )


def _chosen(asked: Asked, children: Children) -> Children:
    planned(asked, children)  # what is wrong with it shows before anything is read
    children.say()
    from nascast.studies.searches import sizing

    assert children.data is not None
    assert asked.budget is not None
    seconds, workers = duration(asked.budget, "--budget"), _workers(asked, children)
    count = asked.evaluations or (sizing.KNOWN if KNOWN in asked.earlier else sizing.CHILDREN)
    each = seconds * workers / count
    if children.time_limit is not None:
        each = min(each, duration(children.time_limit, "--time-limit"))
    data, side = _opened(children.data)
    typer.echo(f"read: {data.told()}", err=True)
    rungs, side = _measured(asked, children, data, each, side)
    images = len(data.train[1])
    batch, rate = sizing.batch_of(images)
    size = sizing.chosen_size(rungs, images, data.classes, each, batch)
    _explain(size, images, seconds, workers)
    said = replace(children, said=True)
    recipe = dict(zip(_RECIPE, (size.epochs, batch, rate), strict=True))
    return _as_options(said, recipe, size.rung.skeleton, _split(data, size, side))


def _measured(
    asked: Asked, children: Children, data: "ImageData", each: float, side: int | None
) -> "tuple[list[Rung], int | None]":
    """Returns sizes of children, and the side of images if it is free."""
    from nascast.cli._options import device
    from nascast.core import plugins
    from nascast.core.types import Objective
    from nascast.studies.searches import sizing
    from nascast.studies.searches.known import best_known

    typer.echo("measuring what children take …", err=True)
    assert asked.space is not None
    assert children.data is not None
    space, aim = plugins.load("space", asked.space), Objective("val_accuracy")
    images = len(data.train[1]), len(data.validation[1])
    measure = partial(
        sizing.measured_rungs,
        space,
        children.data,
        images,
        each,
        device(children.device),
        asked.limits,
        likely=best_known(space, aim, _LIKELY) if KNOWN in asked.earlier else (),
    )
    rungs = measure(side=side)
    if side is None:
        return rungs, None
    side = sizing.largest_side(rungs, images[0], each)
    _say(f"images of {side} × {side} pixels, cut from the middle of larger ones")
    return rungs if side == sizing.SIDES[0] else measure(side=side), side


def _opened(source: str) -> "tuple[ImageData, int | None]":
    """Returns the images, brought to a small size where they are large or of unequal size."""
    from nascast.core.errors import InvalidSettingError, UnequalSizesError
    from nascast.studies.searches.sizing import SIDES
    from nascast.training.data import Split, open_data

    small = Split(size=SIDES[0])
    try:
        data = open_data(source, Split(), "cpu")
    except UnequalSizesError:
        return open_data(source, small, "cpu"), SIDES[0]
    if max(data.train[0].shape[2:]) > _SMALL:
        with suppress(InvalidSettingError):  # oblong arrays cannot be made square
            return open_data(source, small, "cpu"), SIDES[0]
    return data, None


def _split(data: "ImageData", size: "Size", side: int | None) -> dict[str, int]:
    """Returns the settings of the split: the side of images, and how many where not all are."""
    found = {} if side is None else {"size": side}
    if size.images < len(data.train[1]):
        found["train"] = size.images
        for name, part in (("validation", data.validation), ("test", data.test)):
            found[name] = max(min(size.images // 4, len(part[1])), 1)  # as where it was measured
    return found


def _workers(asked: Asked, children: Children) -> int:
    """Returns how many children the executor trains at a time."""
    if asked.workers > 0 and asked.workplace.spec().name == "ray":
        return asked.workers  # no cluster is sought to hear the same
    with (
        TemporaryDirectory() as folder,
        asked.workplace.open(asked.workers or None, Path(folder), children.device) as executor,
    ):
        return executor.workers


def _explain(size: "Size", images: int, seconds: float, workers: int) -> None:
    count = max(int(seconds * workers / size.seconds), 1)
    skeleton = ", ".join(f"{name}={value}" for name, value in size.rung.skeleton.items())
    _say(
        f"children with {skeleton or 'the usual skeleton'}, {size.epochs} epochs on "
        f"{size.images:,} of {images:,} training images: about {_time(size.seconds)} each, so that "
        f"about {count:,} fit into {_time(seconds)} on {workers} worker{'s' * (workers > 1)}"
    )
    if size.more is not None:
        factor, what = size.more
        typer.echo(f"with {_time(factor * seconds)} it would take {what}", err=True)


def _time(seconds: float) -> str:
    """Returns seconds in the largest unit that they fill."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s" if seconds < _TENTHS else f"{seconds:.0f} s"
