"""Building a benchmark by really training networks."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from nascast.benchmarks.table import SECONDS, TableSource
from nascast.core import plugins
from nascast.core.clock import clock_of
from nascast.core.errors import InvalidSettingError, MissingDataError, StoreError, UnsupportedError
from nascast.core.executor import Executor
from nascast.core.space import SearchSpace
from nascast.core.store import changed_settings
from nascast.core.types import Genes, Metric, Task
from nascast.core.versions import versions
from nascast.networks.counting import parameters
from nascast.studies.journal import Journal
from nascast.training.data import Split, open_data, task_of
from nascast.training.loop import Curves, evaluate, train
from nascast.training.placement import placed
from nascast.training.recipe import Recipe

__all__ = ["BuildPlan", "draw", "pack", "records", "train_one", "trainings"]


Job = tuple[tuple[int, ...], int]  # genes and seed


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """All settings that decide the records of a build.

    Attributes:
        space: registered name of the search space.
        images: path of the file of images.
        split: split of the images.
        skeleton: settings of the skeleton, as the space's `build` takes them.
        recipe: recipe of each training.
        cells: number of distinct architectures, drawn by `seed`; 0 is all of the space.
        repeated: number of architectures, the first ones, that are trained with a second seed.
        seed: seed of the draw; training k of a cell uses seed k.
        device: name of the device, ``cpu`` or ``cuda``.
    """

    space: str
    images: str
    split: Split
    skeleton: Mapping[str, Any]
    recipe: Recipe
    cells: int
    repeated: int
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        if min(self.cells, self.repeated, self.seed) < 0:
            raise InvalidSettingError(
                "cells, repeated and seed are whole numbers from 0; got "
                f"{self.cells}, {self.repeated} and {self.seed}"
            )

    def settings(self) -> dict[str, Any]:
        """Returns the settings that a resumed build must have; it may have more cells."""
        values = asdict(self)
        for free in ("images", "cells", "repeated"):
            del values[free]
        return values

    @classmethod
    def like(cls, provenance: Mapping[str, Any], images: str, **changes: Any) -> "BuildPlan":
        """Returns the plan that a table was built with, for other images.

        Raises:
            InvalidSettingError: the table was not built by training.
        """
        if "build" not in provenance:
            raise InvalidSettingError("that table was not made by `nascast benchmark build`")
        values = dict(provenance["build"])
        values["split"] = Split(**values["split"])
        values["recipe"] = Recipe(**values["recipe"])
        return cls(**{**values, "images": images, **changes})


def records(folder: Path) -> list[dict[str, Any]]:
    """Returns the finished trainings of a build, failed ones with an ``error``."""
    return [r for r in Journal(folder / "trainings.jsonl").read() if "genes" in r]


def pack(plan: BuildPlan, folder: Path, name: str) -> TableSource:
    """Returns the finished trainings as a table, without cells whose first training failed.

    Raises:
        MissingDataError: no training is finished yet.
    """
    every = records(folder)
    fine = {(tuple(r["genes"]), r["seed"]): r for r in every if "error" not in r}
    cells = sorted(cell for cell, seed in fine if seed == 0)
    if not cells:
        failed = [r["error"] for r in every if "error" in r]
        why = f"; all {len(failed)} failed, the first with: {failed[0]}" if failed else ""
        raise MissingDataError(f"{folder} holds no finished training{why}")
    seeds = 1 + max(seed for cell, seed in fine)
    epochs = tuple(range(1, plan.recipe.epochs + 1))
    curves = [f.name for f in fields(Curves)]
    values = {c: np.full((len(cells), seeds, len(epochs)), np.nan, np.float32) for c in curves}
    values["test_accuracy"] = np.full((len(cells), seeds, 1), np.nan, np.float32)
    values["parameters"] = np.empty((len(cells), 1, 1))
    for i, cell in enumerate(cells):
        values["parameters"][i] = fine[cell, 0]["parameters"]
        for seed in range(seeds):
            record = fine.get((cell, seed), {})
            for key in (*curves, "test_accuracy"):
                if record:
                    values[key][i, seed] = record[key]
    values[SECONDS] = values[SECONDS].cumsum(2)
    metrics = (
        Metric("train_loss", "nats", "train", True, epochs, seeds),
        Metric("val_loss", "nats", "validation", True, epochs, seeds),
        Metric("val_accuracy", "percent", "validation", False, epochs, seeds),
        Metric("test_accuracy", "percent", "test", False, epochs[-1:], seeds),
        Metric(SECONDS, "seconds", "train", True, epochs, seeds),
        Metric("parameters", "count", "none", True),
    )
    data = open_data(plan.images, plan.split, "cpu")
    provenance = {
        "build": {**plan.settings(), "cells": len(cells), "repeated": plan.repeated},
        "data": f"{Path(plan.images).name}, arrays with SHA-256 {data.fingerprint}",
        "seconds": "processor seconds of one core" if plan.device == "cpu" else "wall seconds",
        "failed": [{"genes": r["genes"], "error": r["error"]} for r in every if "error" in r],
        "versions": versions(),
    }
    genes = np.asarray(cells, dtype=np.int16)
    task = _task(plan)
    return TableSource(name, plan.space, genes, metrics, values, task, provenance, canonical=True)


def trainings(plan: BuildPlan, folder: Path, executor: Executor) -> Iterator[tuple[int, int]]:
    """Runs the trainings not on record yet; yields (finished, all) after each.

    A training that fails is recorded with its error and not repeated.

    Raises:
        StoreError: the folder holds a build with other settings.
        MissingDataError: there are no images.
    """
    journal = Journal(folder / "trainings.jsonl")
    space, task = plugins.load("space", plan.space), _task(plan)
    space.build(
        space.architecture(draw(space, plan.cells, plan.seed)[0]), task
    )  # a mistake in the plan shows here
    folder.mkdir(parents=True, exist_ok=True)
    _begin(plan, journal)
    done = {(tuple(r["genes"]), r["seed"]) for r in records(folder)}
    jobs = _jobs(plan)
    todo = [job for job in jobs if job not in done]
    finished = len(jobs) - len(todo)
    yield finished, len(jobs)
    queue = iter(todo)
    waiting = 0
    while finished < len(jobs):
        for job in islice(queue, 2 * executor.workers - waiting):
            executor.submit(job, partial(train_one, plan, *job))
            waiting += 1
        for record in _collect(executor):
            journal.append(record)
            waiting -= 1
            finished += 1
            yield finished, len(jobs)


def _collect(executor: Executor) -> Iterator[dict[str, Any]]:
    for done in executor.collect():
        if done.error:
            genes, seed = cast(Job, done.task)
            yield {"genes": list(genes), "seed": seed, "error": done.error}
        else:
            yield done.value


def _begin(plan: BuildPlan, journal: Journal) -> None:
    settings = plan.settings()
    for record in journal.read():
        if "settings" in record:
            if changed := changed_settings(_complete(record["settings"]), settings):
                raise StoreError(
                    f"{journal.path.parent} holds a build with other settings: {changed}; "
                    "choose another folder"
                )
            return
    journal.append({"settings": settings})


def _complete(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings, completed with those that an earlier version did not write."""
    values = dict(settings)
    for key, kind in (("split", Split), ("recipe", Recipe)):
        values[key] = asdict(kind(**values[key]))
    return values


def _jobs(plan: BuildPlan) -> list[Job]:
    """Returns the trainings in order: repeated cells first, so that the noise is known early."""
    space = plugins.load("space", plan.space)
    cells = [tuple(int(g) for g in row) for row in draw(space, plan.cells, plan.seed)]
    twice = [(cell, seed) for cell in cells[: plan.repeated] for seed in (0, 1)]
    return twice + [(cell, 0) for cell in cells[plan.repeated :]]


def draw(space: SearchSpace, cells: int, seed: int) -> Genes:
    """Returns distinct canonical rows, drawn uniformly where the space can list its rows.

    More cells begin with those that fewer would be.

    Args:
        space: search space.
        cells: number of rows; 0 is all of the space.
        seed: seed of the draw.

    Raises:
        InvalidSettingError: the space has not as many, or cannot be listed where all are asked for.
    """
    rng = np.random.default_rng(seed)
    try:
        every = space.canonical(space.all())
    except UnsupportedError:
        every = None
    if every is not None:
        rows = every[space.distinct(every)]
        if cells > len(rows):
            raise InvalidSettingError(
                f"{space.name} has {len(rows)} distinct architectures; {cells} asked for"
            )
        return rng.permutation(rows)[: cells or len(rows)]
    if not cells:
        raise InvalidSettingError(f"{space.name} cannot be listed; say how many cells to train")
    found: dict[bytes, Any] = {}
    for _ in range(1000):  # in chunks of one size, so that more cells begin with the same
        for row in space.canonical(space.sample(1024, rng)):
            found.setdefault(row.tobytes(), row)
        if len(found) >= cells:
            return np.stack(list(found.values())[:cells])
    raise InvalidSettingError(
        f"{cells} distinct architectures asked for; drawing found {len(found)} in {space.name}"
    )


def _task(plan: BuildPlan) -> Task:
    return task_of(open_data(plan.images, plan.split, plan.device), plan.skeleton, plan.recipe)


def train_one(plan: BuildPlan, genes: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Trains a network and returns its record; runs in a worker."""
    if plan.device == "cpu":
        torch.set_num_threads(1)  # one training a core is faster than one over all cores
    data = open_data(plan.images, plan.split, plan.device)
    task = _task(plan)
    space = plugins.load("space", plan.space)
    torch.manual_seed(seed)
    network = placed(space.build(space.architecture(np.asarray(genes)), task), plan.device)
    generator = torch.Generator().manual_seed(seed)
    curves = train(network, data, plan.recipe, generator, clock_of(plan.device))
    _, test_accuracy = evaluate(network, *data.test)
    return {
        "genes": list(genes),
        "seed": seed,
        **asdict(curves),
        "test_accuracy": test_accuracy,
        "parameters": parameters(network),
    }
