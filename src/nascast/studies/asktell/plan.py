"""The plan of a search that is asked and told: kept in the folder's ``search.json``."""

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError, StoreError
from nascast.core.evidence import usual_task
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.store import changed_settings
from nascast.core.types import ImageTask, Objective, Task, TextTask
from nascast.core.versions import versions
from nascast.studies.limits import Limits, TaskNetworks, limited
from nascast.studies.records import benchmark_named, open_benchmark, recorded_space
from nascast.studies.searches.design import Search
from nascast.studies.searches.results import SEARCH
from nascast.training.files import read_record, write_record

__all__ = ["Plan", "keep_plan", "read_plan"]

_PLAN = "plan"  # key in search.json
_AGAIN = "expected what `nascast ask` writes; begin again in another folder"
_BUDGET = ("evaluations", "seconds")  # may change while it goes on


@dataclass(frozen=True, slots=True)
class Plan:
    """All settings of a search whose candidates are evaluated elsewhere.

    Attributes:
        space: registered name of the search space.
        strategy: strategy that proposes, as a spec or a text that is read as one.
        objectives: objectives, the most important one first.
        benchmark: name of a benchmark, or path of a table, to whose recorded rows the search keeps;
            None is the whole space.
        evaluations: number of trials, told from outside or asked for, or None.
        seconds: seconds that evaluations may take, added up as they are told.
        seed: seed of the strategy and its draws.
        limits: limits on the cost of a network.
        task: task of the networks that limits are about; None is that of the benchmark, or the
            usual one of the space.
        full_epochs: epochs of a full training, for strategies that choose the epochs.
    """

    space: str
    strategy: Spec | str = "guided"
    objectives: tuple[Objective, ...] = (Objective("val_accuracy"),)
    benchmark: str | None = None
    evaluations: int | None = None
    seconds: float = math.inf
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    task: Task | None = None
    full_epochs: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.strategy, str):
            object.__setattr__(self, "strategy", Spec.parse("strategy", self.strategy))
        if self.benchmark is not None:  # in one form, that leads there from every folder
            named = benchmark_named(self.benchmark)
            path = named.absolute() if isinstance(named, Path) else named
            object.__setattr__(self, "benchmark", str(path))
        self.search()

    def search(self) -> Search:
        """Returns the search that the plan is, whose evaluator is somebody else."""
        evaluator: dict[str, Any] = {"evaluator": "told"}
        if self.benchmark is not None:
            evaluator["benchmark"] = self.benchmark
        return Search(
            space=self.space,
            strategies=(self.strategy,),
            training=evaluator,
            objectives=self.objectives,
            evaluations=self.evaluations or sys.maxsize,  # a search needs a number
            seeds=(self.seed,),
            limits=self.limits,
            full_epochs=self.full_epochs,
        )

    @property
    def spec(self) -> Spec:
        """The spec of the strategy."""
        (spec,) = self.search().specs
        return spec

    def allowed(self) -> SearchSpace:
        """Returns the space of what may be proposed.

        Raises:
            InvalidSettingError: the benchmark is of another space.
        """
        space: SearchSpace = plugins.load("space", self.space)
        if self.benchmark is not None:
            benchmark = open_benchmark(self.benchmark)
            if benchmark.space.name != space.name:
                raise InvalidSettingError(
                    f"expected a benchmark of the space {space.name}; {self.benchmark} is of "
                    f"{benchmark.space.name}: name that space, or leave one of the two out"
                )
            wanted = [o.metric for o in self.objectives if o.metric in benchmark.metrics]
            space = recorded_space(benchmark, wanted)
        return limited(space, TaskNetworks(space, self.trained_for()), self.limits)

    def trained_for(self) -> Task:
        """Returns the task of the children: as given, that of the benchmark, or the usual one."""
        if self.task is not None:
            return self.task
        if self.benchmark is not None:
            return open_benchmark(self.benchmark).task
        return usual_task(plugins.load("space", self.space))

    def json(self) -> dict[str, Any]:
        """Returns plain JSON values, which `from_json` reads back."""
        spec = self.spec.json()
        task = None if self.task is None else {"kind": self.task.kind, **asdict(self.task)}
        own: dict[str, Any] = {"strategy": spec, "task": task, "limits": asdict(self.limits)}
        own["objectives"] = [asdict(objective) for objective in self.objectives]
        plain = ("space", "benchmark", "evaluations", "seed", "full_epochs")
        seconds = None if math.isinf(self.seconds) else self.seconds
        return {**{name: getattr(self, name) for name in plain}, **own, "seconds": seconds}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Plan":
        """Returns the plan that `json` wrote.

        Raises:
            CorruptDataError: it is none.
        """
        try:
            given = dict(value)
            task = given.pop("task")
            if task is not None:
                kind = {"images": ImageTask, "text": TextTask}[task.pop("kind")]
                if kind is ImageTask:
                    task["input_shape"] = tuple(task["input_shape"])
                task = kind(**task)
            return cls(
                strategy=Spec.from_json(given.pop("strategy")),
                objectives=tuple(Objective(**item) for item in given.pop("objectives")),
                limits=Limits(**given.pop("limits")),
                seconds=math.inf if (s := given.pop("seconds")) is None else float(s),
                task=task,
                **given,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptDataError(f"the plan is garbled: {error!r}; {_AGAIN}") from error


def read_plan(folder: Path) -> tuple[Plan, float]:
    """Returns the plan in a folder, and when it was begun, in seconds since 1970.

    Raises:
        MissingDataError: there is none.
        CorruptDataError: it cannot be read.
    """
    file = folder / SEARCH
    if not file.is_file():
        raise MissingDataError(
            f"{folder} holds no search; begin one: nascast ask {folder} --space NAME"
        )
    head = read_record(file, None, _AGAIN)
    kept = head.get(_PLAN)
    if not isinstance(kept, dict):
        raise StoreError(
            f"{folder} holds a search that evaluates its candidates itself; go on with nascast "
            "search --resume, or choose another folder"
        )
    began = kept.pop("began", None)
    if not isinstance(began, float):
        raise CorruptDataError(f"{file} does not say when it was begun; {_AGAIN}")
    return Plan.from_json(kept), began


def keep_plan(plan: Plan, folder: Path) -> None:
    """Writes a new plan into a folder, or another budget of the same.

    Raises:
        StoreError: the folder holds another plan.
    """
    began = time.time()
    if (folder / SEARCH).is_file():
        old, began = read_plan(folder)
        before, after = (
            {k: v for k, v in one.json().items() if k not in _BUDGET} for one in (old, plan)
        )
        if changed := changed_settings(before, after):
            raise StoreError(
                f"{folder} holds another search: {changed}; choose another folder, or leave these "
                "options out"
            )
        if old == plan:
            return
    head = {"setup": plan.search().setup().json(), "versions": versions()}
    write_record(folder / SEARCH, {**head, _PLAN: {**plan.json(), "began": began}})
