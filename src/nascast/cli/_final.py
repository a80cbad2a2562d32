"""The end of ``nascast search --export``: the best network, trained and exported."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nascast.cli._children import Children
    from nascast.core.types import Architecture, Trial
    from nascast.studies.searches.design import Search
    from nascast.studies.searches.results import Searched
    from nascast.training.data import ImageData

__all__ = ["export_best"]

_SIZE = "final.json"  # the size of the best network, in the folder of a search
_TIMES = 5  # as many epochs as a child where there is no budget of time; chosen


def export_best(out: Path, form: str, resume: bool, search: "Search", children: "Children") -> None:
    """Trains the best architecture of a search on all images, and exports it.

    Where the size of children was chosen, so is that of the network: the largest for the time.

    Args:
        out: folder of the search, in which a folder named after run, trial, epochs and what was
            chosen of the skeleton gets the network.
        form: format of the export.
        resume: whether what is there is gone on with.
        search: settings of the search.
        children: options about children.

    Raises:
        InvalidSettingError: the search has no trial with a value.
    """
    from nascast.cli.export import export
    from nascast.cli.train import train
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.searches.results import best_trials, read_search
    from nascast.studies.searches.sizing import SEARCH
    from nascast.training.transfer import TRAINING

    found = read_search(out)
    best = best_trials(found, 1)
    if not best:
        raise InvalidSettingError(
            f"{out} has no trial with a value, and so no network to export; go on with --resume "
            "and more time"
        )
    ((run, place),) = best
    trial = run.trials[place]
    seconds = search.seconds * (1 - SEARCH) / SEARCH
    if children.sized:
        epochs, skeleton = _sized(out, found, trial.candidate.arch, search, children, seconds)
    else:
        epochs, skeleton = _epochs(found, run.trials[: place + 1], seconds), {}
    words = ",".join(f"{name}={value}" for name, value in skeleton.items())
    name = "-".join(map(str, ("model", run.name, trial.id, epochs, *skeleton.values())))
    model = out / name  # its own where a resumed search finds another
    typer.echo(
        f"chosen: {epochs} epochs for the best network, with "
        f"{words or 'the skeleton of the search'}; one of another size is trained by: "
        f"nascast train {out} --repeats N --filters F",
        err=True,
    )
    train(
        run=out,
        epochs=epochs,
        skeleton=words,
        device=children.device,
        out=model,
        resume=resume and (model / TRAINING).is_file(),  # a kill may have left a bare folder
    )
    export(model, form, force=True)


def _sized(
    out: Path,
    found: "Searched",
    arch: "Architecture",
    search: "Search",
    children: "Children",
    seconds: float,
) -> tuple[int, Mapping[str, Any]]:
    """Returns the epochs and the skeleton of the largest network for the time, once chosen."""
    from nascast.training.files import read_record, write_record

    key = {"genes": list(arch.genes), "seconds": seconds}
    if (out / _SIZE).is_file():
        known = read_record(out / _SIZE, (), f"delete {out / _SIZE}")
        if {name: known.get(name) for name in key} == key:
            return known["epochs"], known["skeleton"]
    epochs, skeleton = _measured(found, arch, search, children, seconds)
    write_record(out / _SIZE, {**key, "epochs": epochs, "skeleton": skeleton})
    return epochs, skeleton


def _measured(
    found: "Searched", arch: "Architecture", search: "Search", children: "Children", seconds: float
) -> tuple[int, Mapping[str, Any]]:
    from nascast.cli._options import device
    from nascast.studies.searches.sizing import final_epochs, final_size, measured_rungs

    assert found.training is not None
    data, side = _images(found), found.training["split"]["size"]
    images = len(data.train[1]), len(data.validation[1])
    enough = final_epochs(images[0], int(found.training["recipe"]["batch_size"]))
    typer.echo("measuring what the best network takes …", err=True)
    rungs = measured_rungs(
        found.space,
        found.training["data"],
        images,
        seconds,
        device(children.device),
        search.limits,
        side=side,
        epochs=enough,
        best=(arch, found.training["skeleton"]),
    )
    rung, epochs = final_size(rungs, images[0], seconds, enough)
    return epochs, rung.skeleton


def _epochs(found: "Searched", trials: "Sequence[Trial]", seconds: float) -> int:
    """Returns the epochs for which the time is enough, by what the last child took for its own.

    It went on from where shorter trainings of its architecture stopped, and their seconds count.
    """
    from nascast.studies.searches.sizing import MOST

    assert found.training is not None
    full, best = int(found.training["recipe"]["epochs"]), trials[-1]
    own = best.candidate.epochs or full
    alike = (trial for trial in trials if trial.candidate.arch == best.candidate.arch)
    parts = {trial.candidate.epochs or full: trial.evaluation.seconds for trial in alike}
    took = math.fsum(spent for epochs, spent in parts.items() if epochs <= own)
    if math.isinf(seconds) or not took > 0:
        return min(_TIMES * full, MOST)
    share = _share_of_images(found)
    return max(min(int(seconds * own * share / took), MOST), 1)


def _share_of_images(found: "Searched") -> float:
    """Returns the share of the training images that children saw."""
    assert found.training is not None
    few = found.training.get("split", {}).get("train")
    return 1.0 if few is None else min(float(few) / len(_images(found).train[1]), 1.0)


def _images(found: "Searched") -> "ImageData":
    """Returns all images, of the size that they had in the search."""
    from nascast.training.data import Split, open_data

    assert found.training is not None
    return open_data(found.training["data"], Split(size=found.training["split"]["size"]), "cpu")
