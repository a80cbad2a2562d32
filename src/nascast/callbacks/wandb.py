"""Weights & Biases, over the network or into files for later."""

import hashlib
from collections.abc import Mapping
from typing import Any

from nascast.callbacks._facts import known, text_of, values_of
from nascast.core.callback import Begun, Callback
from nascast.core.extras import check_extra
from nascast.core.types import Trial

__all__ = ["WeightsAndBiases"]


class WeightsAndBiases(Callback):
    """Keeps each run as a run of Weights & Biases: a point for each trial, and a table of them.

    The mode is that of the variable ``WANDB_MODE``: with ``offline`` it writes files into
    ``wandb`` in the folder of the search, which ``wandb sync`` sends. A run's identity comes from
    its folder and name. A search that goes on goes on there too; the trials that were stored
    before are told again only where the run there has none of them.
    """

    def __init__(self, project: str = "nascast", entity: str = "") -> None:
        """Names the place.

        Args:
            project: name of the project.
            entity: name of the user or team; empty is the default one.

        Raises:
            MissingExtraError: wandb is not installed.
        """
        check_extra("wandb", "wandb", "the callback wandb")
        self.project, self.entity = project, entity
        self._run: Any = None

    def begun(self, begun: Begun) -> None:
        import wandb

        place = f"{begun.folder.resolve()}\n{begun.run}"
        self._run = wandb.init(
            project=self.project,
            entity=self.entity or None,
            name=begun.run,
            id=hashlib.sha256(place.encode()).hexdigest()[:16],
            resume="allow",
            reinit="create_new",
            dir=str(begun.folder),
            config=dict(begun.setup),
        )
        self._rows: list[dict[str, Any]] = []
        for axis, names in (("trial", "trial/*"), ("epoch", "epoch/*")):
            self._run.define_metric(axis)
            self._run.define_metric(names, step_metric=axis)
        told = self._run.resumed and self._run.step > 0
        for trial in begun.trials:
            self._tell(trial, silent=told)

    def trial(self, run: str, trial: Trial) -> None:
        self._tell(trial, silent=False)

    def _tell(self, trial: Trial, silent: bool) -> None:
        values, evaluation = values_of(trial), trial.evaluation
        text = {"architecture": text_of(trial.candidate.arch), "error": evaluation.error}
        self._rows.append({"trial": trial.id, **text, **values})
        if not silent:
            failed = {"trial/failed": int(evaluation.error is not None)}
            named = {f"trial/{name}": value for name, value in values.items()}
            self._run.log({"trial": trial.id, **failed, **named})

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        self._run.log({"epoch": epoch, **{f"epoch/{k}": v for k, v in known(values).items()}})

    def finished(self, run: str, whole: bool) -> None:
        import wandb

        if self._rows:
            columns = list(dict.fromkeys(name for row in self._rows for name in row))
            table = [[row.get(name) for name in columns] for row in self._rows]
            self._run.log({"trials": wandb.Table(columns=columns, data=table)})
        self._run.finish(exit_code=0 if whole else 1)
