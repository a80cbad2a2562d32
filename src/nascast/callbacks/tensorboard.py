"""TensorBoard's event files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nascast.callbacks._facts import known, name_among, text_of, values_of
from nascast.core.callback import Begun, Callback
from nascast.core.extras import check_extra, extra
from nascast.core.types import Objective, Trial

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Writes event files, which ``tensorboard --logdir FOLDER/tensorboard`` shows.

    A run has a point for each trial, in the order in which they finished: its metrics, ``best`` of
    each objective so far, and the failures so far; architectures and errors stand under *Text*.
    Each child with curves has a run of its own below it, with a point for each epoch. When a
    search goes on, the stored trials are written again, and TensorBoard hides what stood there.
    """

    def __init__(self, folder: str = "", curves: bool = True) -> None:
        """Names the place.

        Args:
            folder: folder for the files; empty is ``tensorboard`` in the folder of the search. In
                one that is named, which searches may share, a run's name also tells the folder.
            curves: whether to write the curves of children.

        Raises:
            MissingExtraError: tensorboard or PyTorch is not installed.
        """
        for package in ("tensorboard", "torch"):
            check_extra(package, "tensorboard", "the callback tensorboard")
        self.folder, self.curves = folder, curves
        self._writer: Any = None

    def begun(self, begun: Begun) -> None:
        own = begun.folder / "tensorboard" / begun.run
        self._place = Path(self.folder) / name_among(begun) if self.folder else own
        self._writer = _writer(self._place)
        self._objectives: tuple[Objective, ...] = begun.objectives
        self._best: dict[str, float] = {}
        self._trials = self._failed = 0
        setup = json.dumps(begun.setup, indent=1)
        self._writer.add_text("setup", "\n".join(f"    {line}" for line in setup.splitlines()))
        for trial in begun.trials:
            self.trial(begun.run, trial)

    def trial(self, run: str, trial: Trial) -> None:
        step, self._trials = self._trials, self._trials + 1
        evaluation, arch = trial.evaluation, text_of(trial.candidate.arch)
        self._failed += evaluation.error is not None
        scalars = {**values_of(trial), "failed": float(self._failed)}
        for objective in self._objectives:
            metric = objective.metric
            if metric in scalars:
                choose = min if objective.minimize else max
                before = self._best.get(metric, scalars[metric])
                self._best[metric] = choose(before, scalars[metric])
                scalars[f"best/{metric}"] = self._best[metric]
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)
        error = f"  \n{evaluation.error}" if evaluation.error else ""
        self._writer.add_text("trial", f"{trial.id}: `{arch}`{error}", step)
        if self.curves and evaluation.curves:
            self._child(trial)
        self._writer.flush()

    def _child(self, trial: Trial) -> None:
        with _writer(self._place / f"trial-{trial.id:04}") as writer:
            for name, curve in trial.evaluation.curves.items():
                for i, value in enumerate(curve):
                    if known({name: value}):
                        writer.add_scalar(name, value, i + 1)

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        for name, value in known(values).items():
            self._writer.add_scalar(name, value, epoch)
        self._writer.flush()

    def finished(self, run: str, whole: bool) -> None:
        self._writer.close()
        self._writer = None


def _writer(folder: Path) -> Any:
    """Returns a writer, of which TensorBoard shows what it writes instead of what was there."""
    module = extra("torch.utils.tensorboard", "tensorboard", "the callback tensorboard")
    again = folder.is_dir() and any(folder.glob("events.*"))
    return module.SummaryWriter(str(folder), purge_step=0 if again else None)
