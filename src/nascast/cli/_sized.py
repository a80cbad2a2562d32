"""What ``nascast search`` chooses where little is said: strategy, space, size of the children."""

from dataclasses import replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer

from nascast.cli._children import Children
from nascast.cli._options import duration
from nascast.cli._plan import Asked, check, planned

if TYPE_CHECKING:
    from nascast.studies.searches.sizing import Size

__all__ = ["sized", "time_asked"]

_SEARCH = 0.8  # share of the budget that is the search's, where its best network is trained; chosen


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
        NascastError: an option is wrong by itself, see `check`; there is no such format, or nothing
            is trained.
    """
    check(asked, children)
    if export is not None:
        asked = _with_share(asked, export)
    if named is None:
        _say("strategy guided, for none is named, and it needs the fewest trainings on tables")
    if asked.benchmark is None and asked.space is None:
        _say("space nasnet, for none is named, and its cells fit images of every size")
    if not _free(asked, children):
        return asked, children
    return asked, _kept(children, children.folder) if resume else _chosen(asked, children)


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
    return replace(asked, budget=f"{_SEARCH * duration(asked.budget, '--budget'):f}s")


def _free(asked: Asked, children: Children) -> bool:
    """Whether the size of children is to be chosen: time and own images are given, and no size."""
    if asked.benchmark is not None or asked.budget is None or not children.data:
        return False
    if children.recipe or children.skeleton or children.split or children.data == "digits":
        return False
    from nascast.training.text_files import is_text

    return not is_text(children.data)


def _kept(children: Children, out: Path) -> Children:
    """Returns the size that the search in a folder was begun with."""
    from nascast.studies.searches.results import SEARCH, read_search

    before = read_search(out).training if (out / SEARCH).is_file() else None
    if before is None:
        return children
    split = before.get("split", {})
    few = None if split.get("train") is None else (split["train"], split["validation"])
    return _as_options(children, before["recipe"]["epochs"], before["skeleton"], few)


def _as_options(
    children: Children, epochs: int, skeleton: Any, images: tuple[int, int] | None
) -> Children:
    return replace(
        children,
        recipe=f"epochs={epochs}",
        skeleton=",".join(f"{name}={value}" for name, value in skeleton.items()),
        split="" if images is None else f"train={images[0]},validation={images[1]}",
    )


def _chosen(asked: Asked, children: Children) -> Children:
    planned(asked, children)  # what is wrong with it shows before anything is read
    children.say()
    from nascast.cli._options import device
    from nascast.core import plugins
    from nascast.studies.searches import sizing
    from nascast.training.data import Split, open_data

    assert children.data is not None
    assert asked.budget is not None
    seconds, workers = duration(asked.budget, "--budget"), _workers(asked, children)
    count = asked.evaluations or sizing.CHILDREN
    where = device(children.device)
    data = open_data(children.data, Split(), "cpu")
    typer.echo(f"read: {data.told()}", err=True)
    images, each = len(data.train[1]), seconds * workers / count
    if children.time_limit is not None:
        each = min(each, duration(children.time_limit, "--time-limit"))
    typer.echo("measuring what children take …", err=True)
    rungs = sizing.measured_rungs(
        plugins.load("space", asked.space or "nasnet"),
        children.data,
        (images, len(data.validation[1])),
        each,
        where,
        asked.limits,
    )
    size = sizing.chosen_size(rungs, images, data.classes, each)
    _explain(size, images, seconds, workers)
    few = None
    if size.images < images:  # as many for validation, to training, as where seconds were measured
        few = size.images, max(min(size.images // 4, len(data.validation[1])), 1)
    said = replace(children, said=True)
    return _as_options(said, size.epochs, size.rung.skeleton, few)


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
        f"{size.images:,} of {images:,} training images: about {size.seconds:.0f} s each, so that "
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
    return f"{seconds:.0f} s"
