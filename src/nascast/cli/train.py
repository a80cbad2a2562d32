"""``nascast train``."""

import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._callbacks import HELP, open_callbacks, telling_epochs
from nascast.cli._options import changed, check_folder, check_network, known_settings, settings
from nascast.cli._options import device as device_of
from nascast.cli._options import recipe as recipe_of
from nascast.core.document import document

if TYPE_CHECKING:
    from nascast.core.callback import Callback
    from nascast.core.types import Architecture
    from nascast.training.recipe import Recipe
    from nascast.training.transfer import Transfer

__all__ = ["train"]

_SEEDS = 2**63  # seeds that PyTorch's generators take
_WHICH, _SIZE, _HOW = "Architecture", "Size of the network", "Training"


def train(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a search, of which the best architecture is trained; or give --space "
            "and --architecture."
        ),
    ] = None,
    best: Annotated[
        int,
        typer.Option(
            help="Rank of the architecture in the search; 1 is the best.", rich_help_panel=_WHICH
        ),
    ] = 1,
    space: Annotated[
        str | None,
        typer.Option(
            help="Search space of --architecture, by its registered name.", rich_help_panel=_WHICH
        ),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(help="Architecture in the notation of --space.", rich_help_panel=_WHICH),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            help="Number N of equal cells in each stage, or of layers.", rich_help_panel=_SIZE
        ),
    ] = None,
    filters: Annotated[
        int | None,
        typer.Option(
            help="Number F of filters in the first cells, or of units.", rich_help_panel=_SIZE
        ),
    ] = None,
    skeleton: Annotated[
        str,
        typer.Option(
            help="Settings of the skeleton, the network around the cells: stem=imagenet …",
            rich_help_panel=_SIZE,
        ),
    ] = "",
    data: Annotated[
        str | None,
        typer.Option(
            help="Data to train on: digits, a folder of images, an .npz file, a text …; default: "
            "that of the search, or digits."
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            help="Split of the training images: train=…,validation=…,test=…,size=…,seed=…,"
            "stratified=…; size: pixels."
        ),
    ] = "",
    recipe: Annotated[
        str,
        typer.Option(
            help="Recipe by its name, changes of its settings, or both: nasnet,epochs=50 …; "
            "default: that of the search.",
            rich_help_panel=_HOW,
        ),
    ] = "",
    epochs: Annotated[
        int | None,
        typer.Option(help="Number of epochs; default: that of the recipe.", rich_help_panel=_HOW),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            help="Seed of the initial weights and of the order of the data.", rich_help_panel=_HOW
        ),
    ] = 0,
    device: Annotated[
        str, typer.Option(help="Device to train on: cpu, cuda, or auto.", rich_help_panel=_HOW)
    ] = "auto",
    callback: Annotated[str, typer.Option(help=HELP)] = "",
    out: Annotated[
        Path, typer.Option(help="Folder for the model, its checkpoints and its model card.")
    ] = Path("models/model"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Resumption of the training that is in --out.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON of the results instead of lines.")
    ] = False,
) -> None:
    """Train an architecture in a larger network, and write it as a model.

    Parameters and multiply-adds are printed before the training starts. A training that was
    stopped, or killed, goes on with the same command and --resume, after its last whole epoch.
    Data, image size, recipe and skeleton are those of the search where no option names others. All
    training images are used, also where the search used a part of them.

    Example: nascast train runs/ppo --best 1 --repeats 3 --filters 32 --data my_images/
    --epochs 50 --out models/mine

    Example: nascast train --space nasbench201 --architecture "|nor_conv_3x3~0|+|none~0|none~1|+…"
    --recipe nasbench201,epochs=20
    """
    from nascast.training.transfer import begin

    _check_place(out, resume)
    asked = _Asked(
        run=run,
        best=best,
        space=space,
        architecture=architecture,
        data=data,
        repeats=repeats,
        filters=filters,
        skeleton=skeleton,
        recipe=recipe,
        epochs=epochs,
        split=split,
        seed=seed,
        device=device,
    )
    told, transfer = open_callbacks(callback), _transfer(asked)
    counts = transfer.counts()
    begin(transfer, out, resume)
    if not as_json:
        _announce(transfer, counts)
    note = _draw(transfer, out)
    results = _train(transfer, out, told)
    if as_json:
        typer.echo(document(results, indent=1))
        return
    if note:
        typer.echo(note, err=True)
    if transfer.unit == "words":
        test, validation = (math.exp(results[f"{part}_loss"]) for part in ("test", "val"))
        typer.echo(f"test perplexity {test:,.2f} (validation {validation:,.2f})")
    typer.echo(
        f"test accuracy {results['test_accuracy']:.2f} % "
        f"(validation {results['val_accuracy']:.2f} %)\n"
        f"written: {out}/model.safetensors, architecture.json, model_card.md"
    )


def _check_place(out: Path, resume: bool) -> None:
    """Refuses a folder that no training can begin in, or go on in, before anything is read."""
    from nascast.training.model import FILES
    from nascast.training.model_card import CARD, PICTURE
    from nascast.training.transfer import TRAINING, check_out

    check_folder(out, [TRAINING], [*FILES, CARD, PICTURE])
    check_out(out, resume)


@dataclass(frozen=True)
class _Asked:
    """The options that say what is trained, and how; see `train`."""

    run: Path | None
    best: int
    space: str | None
    architecture: str | None
    data: str | None
    repeats: int | None
    filters: int | None
    skeleton: str
    recipe: str
    epochs: int | None
    split: str
    seed: int
    device: str


@dataclass(frozen=True)
class _Start:
    """The architecture to train, and what the search it comes from decided.

    Attributes:
        arch: architecture to train.
        data: source of the images or text.
        recipe: recipe of the training; None is the default for such data.
        skeleton: settings of the skeleton.
        size: pixels of a side of the images, where they are resized; else None.
        seed: seed of the split of the images.
    """

    arch: "Architecture"
    data: str
    recipe: "Recipe | None" = None
    skeleton: dict[str, Any] = field(default_factory=dict)
    size: int | None = None
    seed: int = 0


def _transfer(asked: _Asked) -> "Transfer":
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import ImageTask, TextTask
    from nascast.training.data import Split
    from nascast.training.recipe import Recipe
    from nascast.training.recipes import named_recipe
    from nascast.training.text_files import is_text
    from nascast.training.transfer import ImageTransfer, TextTransfer

    if not 0 <= asked.seed < _SEEDS:
        raise InvalidSettingError(f"--seed is a whole number from 0 below 2^63; got {asked.seed}")
    start = _start(asked)
    text = is_text(start.data)
    own = start.recipe or (named_recipe("nasbench-nlp") if text else Recipe())
    recipe = recipe_of(asked.recipe, "--recipe", own)
    if asked.epochs is not None:
        if re.search(r"\bepochs\s*=", asked.recipe):
            raise InvalidSettingError("give the epochs either in --recipe or as --epochs, not both")
        recipe = replace(recipe, epochs=asked.epochs)
    shared: dict[str, Any] = {"seed": asked.seed, "device": device_of(asked.device)}
    plan: Transfer
    if text:
        if asked.split:
            raise InvalidSettingError(
                "--split is for images; a text is split by its files or lines"
            )
        plan = TextTransfer(start.arch, start.data, recipe, **shared)
    else:
        split = changed(Split(size=start.size, seed=start.seed), asked.split, "--split")
        plan = ImageTransfer(start.arch, start.data, recipe, split=split, **shared)
    scaled = plan.space.scaled(asked.repeats, asked.filters)
    own_skeleton = settings(asked.skeleton, "--skeleton")
    kind = TextTask if text else ImageTask
    known_settings(own_skeleton, plan.space.skeleton(kind), "--skeleton")
    whole = {**start.skeleton, **scaled, **own_skeleton}
    check_network(plan.space, whole if text else {**recipe.skeleton(), **whole}, text=text)
    return replace(plan, skeleton=whole)


def _start(asked: _Asked) -> _Start:
    """Returns the architecture that the options name, and the settings of its search if any."""
    from nascast.core import plugins
    from nascast.core.errors import InvalidSettingError

    space, text = asked.space, asked.architecture
    if asked.run is not None:
        if space or text:
            raise InvalidSettingError("give either the folder of a search or --architecture")
        return _found(asked.run, asked.best, asked.data)
    if not space or not text:
        raise InvalidSettingError("give the folder of a search, or both --space and --architecture")
    if asked.best != 1:
        raise InvalidSettingError("--best is of a search; leave it out with --architecture")
    found = plugins.load("space", space)
    arch = found.architecture(found.from_text([text])[0])
    return _Start(arch, asked.data or "digits")


def _found(folder: Path, best: int, data: str | None) -> _Start:
    """Returns the architecture of rank `best` of a search, and the settings of the search."""
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.searches.results import best_trials, read_search
    from nascast.training.recipe import Recipe
    from nascast.training.text_files import is_text

    if best < 1:
        raise InvalidSettingError(f"--best is a whole number from 1; got {best}")
    searched = read_search(folder)
    trials = best_trials(searched, distinct=best)
    if len(trials) < best:
        raise InvalidSettingError(
            f"{folder} has {len(trials)} architectures that were evaluated without an error; "
            f"--best {best} asks for more"
        )
    run, place = trials[best - 1]
    arch = run.trials[place].candidate.arch
    before = searched.training
    source = data or (before["data"] if before else "digits")
    if before is None or is_text(source) != is_text(before["data"]):
        return _Start(arch, source)
    start = _Start(arch, source, Recipe(**before["recipe"]), dict(before["skeleton"]))
    if source != before["data"] or "split" not in before:
        return start
    return replace(start, size=before["split"]["size"], seed=before["split"]["seed"])


def _announce(transfer: "Transfer", counts: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    recipe, (sizes, shape) = transfer.recipe, _data(transfer)
    rows = {
        "architecture": f"{transfer.arch.space}  {transfer.text()}",
        "skeleton": ", ".join(f"{k}={v}" for k, v in transfer.skeleton.items()) or "of the paper",
        "parameters": f"{counts.parameters:,}",
        "multiply-adds": f"{counts.multiply_adds:,}",
        "data": f"{transfer.data}: {' + '.join(f'{size:,}' for size in sizes.values())} "
        f"{transfer.unit} to train, validate, test; {shape}",
        "training": f"{recipe.epochs} epochs of {sizes['train'] // recipe.batch_size:,} "
        f"{'steps of' if transfer.unit == 'images' else 'words in each of'} "
        f"{recipe.batch_size} {'images' if transfer.unit == 'images' else 'columns'} "
        f"on {transfer.device}",
    }
    table = Table("", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.columns[1].overflow = "fold"
    for key, value in rows.items():
        table.add_row(f"[bold]{key}[/bold]", value)
    Console().print(table)


def _data(transfer: "Transfer") -> tuple[dict[str, int], str]:
    """Returns the sizes of training, validation and test data, and their kind in words."""
    from nascast.training.transfer import ImageTransfer, TextTransfer

    if isinstance(transfer, TextTransfer):
        return transfer.sizes(), f"{len(transfer.words().words):,} different ones"
    assert isinstance(transfer, ImageTransfer)
    task = transfer.task
    return transfer.sizes(), f"{'×'.join(map(str, task.input_shape))}, {task.classes} classes"


def _draw(transfer: "Transfer", out: Path) -> str:
    """Draws the architecture into the folder; returns the reason if it cannot, else nothing."""
    from nascast.core.errors import MissingExtraError, UnsupportedError
    from nascast.report.drawing import draw
    from nascast.training.model_card import PICTURE

    space = transfer.space
    try:
        draw(space.graphs(space.row(transfer.arch)), transfer.arch.space, out / PICTURE)
    except (MissingExtraError, UnsupportedError) as error:
        return f"no picture: {error}"
    return ""


def _train(transfer: "Transfer", out: Path, told: "Callback") -> dict[str, Any]:
    from nascast.cli._progress import bars
    from nascast.training.transfer import train_model

    stopped = "Stopped. The same command with --resume goes on after the last whole epoch."
    with bars(stopped=stopped) as shown, telling_epochs(told, transfer, out) as tell:
        bar = shown.add_task("epochs", total=transfer.recipe.epochs)

        def watch(curves: Any) -> None:
            loss, accuracy = curves.train_loss[-1], curves.val_accuracy[-1]
            shown.update(
                bar,
                completed=len(curves.seconds),
                description=f"loss {loss:.4f}, validation {accuracy:.2f} %",
            )
            tell(curves)

        return train_model(transfer, out, watch)
