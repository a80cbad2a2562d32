"""The end of ``nascast search --export``: the best network, trained and exported."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nascast.core.types import Trial
    from nascast.studies.searches.results import Searched

__all__ = ["export_best"]

_FINAL = 0.25  # of the search's time, as the search has four fifths of the whole
_MOST = 100  # epochs of the last training at most; chosen
_TIMES = 5  # as many epochs as a child where there is no budget of time; chosen


def export_best(out: Path, form: str, resume: bool, seconds: float, device: str) -> None:
    """Trains the best architecture of a search on all images, and exports it.

    Args:
        out: folder of the search, in which a folder named after trial and epochs gets the network.
        form: format of the export.
        resume: whether what is there is gone on with.
        seconds: seconds of the search; infinity is no limit.
        device: name of the device to train on, as it was asked for.

    Raises:
        InvalidSettingError: the search has no trial with a value.
    """
    from nascast.cli.export import export
    from nascast.cli.train import train
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.searches.results import best_trials, read_search

    found = read_search(out)
    best = best_trials(found, 1)
    if not best:
        raise InvalidSettingError(
            f"{out} has no trial with a value, and so no network to export; go on with --resume "
            "and more time"
        )
    ((run, place),) = best
    epochs, trial = _epochs(found, run.trials[: place + 1], seconds), run.trials[place].id
    model = out / f"model-{trial}-{epochs}"  # one of its own where a resumed search finds another
    typer.echo(
        f"chosen: {epochs} epochs for the best network, with the skeleton of the search; a larger "
        f"one is trained by: nascast train {out} --filters 32 --epochs {_MOST}",
        err=True,
    )
    train(run=out, epochs=epochs, device=device, out=model, resume=resume and model.exists())
    export(model, form, force=True)


def _epochs(found: "Searched", trials: "Sequence[Trial]", seconds: float) -> int:
    """Returns the epochs for which the time is enough, by what the last child took for its own.

    It went on from where shorter trainings of its architecture stopped, and their seconds count.
    """
    assert found.training is not None
    full, best = int(found.training["recipe"]["epochs"]), trials[-1]
    own = best.candidate.epochs or full
    alike = (trial for trial in trials if trial.candidate.arch == best.candidate.arch)
    parts = {trial.candidate.epochs or full: trial.evaluation.seconds for trial in alike}
    took = math.fsum(spent for epochs, spent in parts.items() if epochs <= own)
    if math.isinf(seconds) or not took > 0:
        return min(_TIMES * full, _MOST)
    share = _share_of_images(found)
    return max(min(int(_FINAL * seconds * own * share / took), _MOST), 1)


def _share_of_images(found: "Searched") -> float:
    """Returns the share of the training images that children saw."""
    from nascast.training.data import Split, open_data

    assert found.training is not None
    few = found.training.get("split", {}).get("train")
    if few is None:
        return 1.0
    return min(float(few) / len(open_data(found.training["data"], Split(), "cpu").train[1]), 1.0)
