"""What trackers of experiments hold after a search that was interrupted and went on."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.callbacks.mlflow import MLflow
from nascast.callbacks.optuna import Optuna
from nascast.callbacks.tensorboard import TensorBoard
from nascast.callbacks.wandb import WeightsAndBiases
from nascast.core import plugins
from nascast.core.callback import Begun, Callback
from nascast.core.types import Candidate, Evaluation, Trial

# Inside the trackers' packages.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RUN = "random-0"
SETUP = {"objectives": [{"metric": "val_loss", "minimize": True}], "seed": 3}
SPACE = plugins.load("space", "nasbench201")
ROWS = [(0, 1, 2, 3, 4, 0), (1, 1, 1, 1, 1, 1), (4, 3, 2, 1, 0, 4), (2, 2, 2, 2, 2, 2)]
LOSSES = (2.0, None, 1.0, 1.5)  # the second failed
TEXTS = [str(text) for text in SPACE.to_text(np.array(ROWS, dtype=np.int16))]


def trials() -> list[Trial]:
    found = []
    for number, (row, loss) in enumerate(zip(ROWS, LOSSES, strict=True)):
        curves = {"val_loss": (3.0, 2.5)} if number == 0 else {}
        metrics = {} if loss is None else {"val_loss": loss, "parameters": 1000.0}
        error = "DivergedError: the loss is nan" if loss is None else None
        candidate = Candidate(SPACE.architecture(np.array(row, dtype=np.int16)), 2)
        evaluation = Evaluation(metrics, 5.0, error, curves)
        found.append(Trial(number, candidate, evaluation, 10.0 * (number + 1)))
    return found


def search(make: Callable[[], Callback], folder: Path) -> None:
    """Tells three trials, and after an interrupt the fourth; the third was not told the first time.

    As where the search was killed after the trial was stored, and before it was told.
    """
    every = trials()
    for stored, new, whole in (([], every[:2], False), (every[:3], every[3:], True)):
        callback = make()
        callback.begun(Begun(RUN, SETUP, folder, stored))
        for trial in new:
            callback.trial(RUN, trial)
        callback.finished(RUN, whole)


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

    search(TensorBoard, tmp_path)
    found = EventMultiplexer().AddRunsFromDirectory(str(tmp_path / "tensorboard")).Reload()
    child = f"{RUN}/trial-0000"
    assert set(found.Runs()) == {RUN, child}

    def points(run: str, tag: str) -> list[tuple[int, float]]:
        return [(event.step, event.value) for event in found.Scalars(run, tag)]

    assert points(RUN, "val_loss") == [(0, 2.0), (2, 1.0), (3, 1.5)]
    assert points(RUN, "best/val_loss") == [(0, 2.0), (2, 1.0), (3, 1.0)]
    assert points(RUN, "failed") == [(0, 0.0), (1, 1.0), (2, 1.0), (3, 1.0)]
    assert points(child, "val_loss") == [(1, 3.0), (2, 2.5)]
    texts = [
        event.tensor_proto.string_val[0].decode()
        for event in found.Tensors(RUN, "trial/text_summary")
    ]
    assert [text.split("`")[1] for text in texts[-4:]] == TEXTS  # of texts it hides none
    assert "the loss is nan" in texts[-3]


def test_mlflow(tmp_path: Path, trackers: Path) -> None:
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    search(lambda: MLflow(experiment="of this test"), tmp_path)
    client = MlflowClient()
    experiment = client.get_experiment_by_name("of this test")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert sorted(runs) == [RUN, "trial 0", "trial 1", "trial 2", "trial 3"]
    assert (runs[RUN].info.status, runs["trial 1"].info.status) == ("FINISHED", "FAILED")
    assert runs[RUN].data.params["seed"] == "3"
    for number, text in enumerate(TEXTS):
        data = runs[f"trial {number}"].data
        assert data.params["architecture"] == text
        assert data.tags["mlflow.parentRunId"] == runs[RUN].info.run_id
        assert data.metrics.get("parameters") == (None if number == 1 else 1000.0)
    curve = client.get_metric_history(runs["trial 0"].info.run_id, "val_loss")
    assert [(point.step, point.value) for point in curve] == [(1, 3.0), (2, 2.5)]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Yields a storage of Optuna, whose connections are closed then."""
    storage = pytest.importorskip("optuna").storages.RDBStorage(f"sqlite:///{path}")
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


class Watched(sqlite3.Connection):
    """A connection that counts until it is closed."""

    open = 0

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        Watched.open += 1

    def close(self) -> None:
        super().close()
        Watched.open -= 1


def test_optuna_leaves_no_data_base_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.13 warns of one, whenever it is found."""
    pytest.importorskip("optuna")
    made: list[Watched] = []

    def connect(*arguments: Any, **settings: Any) -> Watched:
        made.append(Watched(*arguments, **settings))
        return made[-1]

    monkeypatch.setattr("sqlite3.dbapi2.connect", connect)
    monkeypatch.setattr("sqlite3.connect", connect)
    search(Optuna, tmp_path)
    assert made
    assert Watched.open == 0


def test_optuna(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")

    search(Optuna, tmp_path)
    with opened(tmp_path / "optuna.db") as storage:
        study = optuna.load_study(study_name=RUN, storage=storage)
        assert study.direction == optuna.study.StudyDirection.MINIMIZE
        found = study.get_trials()
        best = study.best_trial
    assert [trial.state.name for trial in found] == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert [trial.value for trial in found] == list(LOSSES)
    assert [tuple(trial.params.values()) for trial in found] == ROWS
    assert [trial.user_attrs["architecture"] for trial in found] == TEXTS
    assert (best.value, best.number) == (1.0, 2)
    assert found[0].intermediate_values == {1: 3.0, 2: 2.5}
    assert {trial.duration.total_seconds() for trial in found} == {5.0}
    assert "the loss is nan" in found[1].user_attrs["error"]


def test_searches_that_share_a_storage_of_optuna_keep_their_own_trials(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")

    url = f"sqlite:///{tmp_path}/all.db"
    for name in ("one", "other"):
        search(lambda: Optuna(url), tmp_path / name)
    with opened(tmp_path / "all.db") as storage:
        studies = optuna.get_all_study_summaries(storage)
    assert [study.study_name.rsplit("-", 1)[0] for study in studies] == [
        f"{RUN}-one",
        f"{RUN}-other",
    ]
    assert [study.n_trials for study in studies] == [4, 4]


def test_searches_that_share_a_folder_of_tensorboard_keep_their_own_trials(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")

    for name in ("one", "other"):
        search(lambda: TensorBoard(str(tmp_path / "all"), curves=False), tmp_path / name)
    runs = sorted(path.name.rsplit("-", 1)[0] for path in (tmp_path / "all").iterdir())
    assert runs == [f"{RUN}-one", f"{RUN}-other"]


def test_weights_and_biases(tmp_path: Path, trackers: Path) -> None:
    pytest.importorskip("wandb")

    search(WeightsAndBiases, tmp_path)
    logs = sorted(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))
    assert len({log.stem for log in logs}) == 1  # the same run, so that it is synced as one
    content = b"".join(log.read_bytes() for log in logs)
    for word in ("trial/val_loss", "trial/failed", "val_loss", RUN):
        assert word.encode() in content
    (table, *_) = tmp_path.glob("wandb/offline-run-*/files/media/table/*.table.json")
    assert TEXTS[0] in table.read_text()
