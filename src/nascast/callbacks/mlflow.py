"""MLflow's tracking server, or its files."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nascast.callbacks._facts import known, text_of, values_of
from nascast.core.callback import Begun, Callback
from nascast.core.extras import check_extra
from nascast.core.store import flat_settings
from nascast.core.types import Trial

__all__ = ["MLflow"]

_PLACE, _RUN, _NUMBER = "nascast.folder", "nascast.run", "nascast.trial"  # tags
_POINTS, _LONGEST = 1000, 6000  # of a batch, and of a parameter's text, as MLflow limits them
# By default MLflow tries for minutes to reach a server, during which no new child begins; chosen.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


class MLflow(Callback):
    """Keeps each run as a run of MLflow, and each trial as a run nested in it.

    The architecture and the setup are parameters; metrics and costs are metrics, and the curves of
    a child are metrics with a step for each epoch. Runs are found again by their folder and name,
    so that a search that goes on goes on there too, without a trial twice.
    """

    def __init__(self, uri: str = "", experiment: str = "nascast") -> None:
        """Names the place.

        Args:
            uri: address of the tracking server, or of its files; empty is what MLflow itself
                chooses, such as the variable ``MLFLOW_TRACKING_URI``.
            experiment: name of the experiment, which is made if it is not there.

        Raises:
            MissingExtraError: mlflow is not installed.
        """
        check_extra("mlflow", "mlflow", "the callback mlflow")
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        self.uri, self.experiment = uri, experiment
        self._client: Any = None

    def begun(self, begun: Begun) -> None:
        from mlflow.tracking import MlflowClient

        self._client = client = MlflowClient(self.uri or None)
        self._run = ""  # no longer the one before, should this one not begin
        known_one = client.get_experiment_by_name(self.experiment)
        self._home = (
            known_one.experiment_id if known_one else client.create_experiment(self.experiment)
        )
        tags = {_PLACE: str(begun.folder.resolve()), _RUN: begun.run}
        old = self._search(tags)
        if old:
            self._run = old[0].info.run_id
            client.update_run(self._run, status="RUNNING")
        else:
            self._run = client.create_run(self._home, tags=tags, run_name=begun.run).info.run_id
            self._log(self._run, flat_settings(begun.setup))
        children = self._search({"mlflow.parentRunId": self._run}) if old else []
        there = {one.data.tags.get(_NUMBER) for one in children}
        for trial in begun.trials:
            if str(trial.id) not in there:
                self.trial(begun.run, trial)

    def trial(self, run: str, trial: Trial) -> None:
        evaluation, arch = trial.evaluation, trial.candidate.arch
        tags = {"mlflow.parentRunId": self._run, _NUMBER: str(trial.id)}
        child = self._client.create_run(self._home, tags=tags, run_name=f"trial {trial.id}")
        number, epochs = child.info.run_id, trial.candidate.epochs
        params = {"architecture": text_of(arch), "space": arch.space}
        if epochs is not None:
            params["epochs"] = str(epochs)
        if evaluation.error:
            self._client.set_tag(number, "error", evaluation.error)
        finals = {name: (value,) for name, value in values_of(trial).items()}
        self._log(number, params, {**finals, **evaluation.curves})
        self._client.set_terminated(number, "FAILED" if evaluation.error else "FINISHED")

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        history = self._client.get_metric_history
        for name, value in known(values).items():
            if epoch not in {one.step for one in history(self._run, name)}:
                self._client.log_metric(self._run, name, value, step=epoch)

    def finished(self, run: str, whole: bool) -> None:
        self._client.set_terminated(self._run, "FINISHED" if whole else "KILLED")

    def _log(
        self,
        run: str,
        params: Mapping[str, str],
        metrics: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        """Logs parameters, and metrics with a value for each epoch from 1."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        points = [
            Metric(name, float(value), now, epoch)
            for name, values in metrics.items()
            for epoch, value in enumerate(values, 1)
            if math.isfinite(value)
        ]
        said = [Param(name, text[:_LONGEST]) for name, text in params.items()]
        for i in range(0, max(len(points), 1), _POINTS):
            self._client.log_batch(run, points[i : i + _POINTS], [] if i else said)

    def _search(self, tags: Mapping[str, str]) -> list[Any]:
        """Returns all runs of the experiment with these tags."""
        words = " and ".join(f"tags.`{key}` = {value!r}" for key, value in tags.items())
        found: list[Any] = []
        token = None
        while True:
            page = self._client.search_runs([self._home], words, page_token=token)
            found, token = [*found, *page], page.token
            if not token:
                return found
