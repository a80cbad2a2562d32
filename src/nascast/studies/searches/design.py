"""The design of a search: strategies, seeds, evidence, objectives and limits."""

import inspect
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.setup import Setup, spec_of
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Objective
from nascast.runner import Budget
from nascast.strategies.guided.prior import Prior
from nascast.studies.limits import Limits
from nascast.studies.records import benchmark_named, open_benchmark, recorded_space

__all__ = [
    "Search",
    "check_prior",
    "check_records",
    "labels",
    "preset",
    "run_name",
    "strategy_of",
]

_MISSING = object()
_LONG = 60  # letters of settings that stand in a run's name; chosen


@dataclass(frozen=True, slots=True)
class Search:
    """All settings that decide the result of a search.

    Attributes:
        space: registered name of the search space.
        strategies: specs of the strategies, or texts that are read as specs.
        benchmark: registered name or path of a table; None if children are trained.
        training: settings of the evaluator that trains, as JSON values; None on a benchmark.
        objectives: objectives, the most important one first.
        evaluations: number of trials in each run, or None.
        seconds: seconds on the executor's clock for each run.
        seeds: seeds of the runs; every strategy has a run with each.
        workers: number of workers, each with one child at a time.
        limits: limits on the cost of a network.
        full_epochs: epochs of a full training, for strategies that choose the epochs; None if
            unknown.
        fidelities: epochs that can be trained for, ascending, for strategies that choose among
            them; empty where all can, up to the full training.
        prior: what is thought of architectures before the first trial, or None.
    """

    space: str
    strategies: tuple[Spec | str, ...]
    benchmark: str | None = None
    training: Mapping[str, Any] | None = None
    objectives: tuple[Objective, ...] = (Objective("val_accuracy"),)
    evaluations: int | None = None
    seconds: float = math.inf
    seeds: tuple[int, ...] = (0,)
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    full_epochs: int | None = None
    fidelities: tuple[int, ...] = ()
    prior: Prior | None = None

    def __post_init__(self) -> None:
        if (self.benchmark is None) == (self.training is None):
            raise InvalidSettingError("a search needs either a benchmark or data to train on")
        if self.benchmark is not None:  # in one form, however it was written
            object.__setattr__(self, "benchmark", str(benchmark_named(self.benchmark)))
        specs = self.specs
        object.__setattr__(self, "strategies", specs)
        if not specs or len(set(specs)) != len(specs):
            raise InvalidSettingError(
                "name at least one strategy, and each with the same settings only once; got "
                f"{', '.join(map(str, specs)) or 'none'}"
            )
        if not self.seeds or self.workers < 1:
            raise InvalidSettingError("a search needs at least one seed and one worker")
        self.budget()
        if len({objective.metric for objective in self.objectives}) < len(self.objectives):
            raise InvalidSettingError("name every metric only once, as an objective of its own")
        if self.evaluations is not None and self.evaluations < 1:
            raise InvalidSettingError(
                f"a search needs at least one evaluation; got {self.evaluations}"
            )
        for spec in specs:
            component = plugins.resolve("strategy", spec.name)
            if len(self.objectives) > 1 and not component.multi_objective:
                raise InvalidSettingError(
                    f"{spec.name} looks at one objective alone, and got "
                    f"{', '.join(objective.metric for objective in self.objectives)}; name one "
                    f"metric, or search with {', '.join(_multi_objective())}"
                )
            if self.prior is not None and "prior" not in inspect.signature(component).parameters:
                raise InvalidSettingError(
                    f"{spec.name} begins without earlier trials and priors; leave out --from and "
                    "--prior, or search with guided"
                )
            if "seed" in spec.settings:
                raise InvalidSettingError(
                    f"{spec}: every run of a strategy has its own seed; give them to the search"
                )

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The specs of the strategies, all texts read."""
        return tuple(
            Spec.parse("strategy", given) if isinstance(given, str) else given
            for given in self.strategies
        )

    def jobs(self) -> list[tuple[Spec, int]]:
        """Returns the runs: every strategy with every seed."""
        return [(spec, seed) for spec in self.specs for seed in self.seeds]

    def budget(self) -> Budget:
        """Returns the budget of one run."""
        return Budget(self.evaluations, clock=self.seconds)

    def setup(self) -> Setup:
        """Returns the setup, which must be the same when the search goes on."""
        evaluator = {"benchmark": self.benchmark} if self.training is None else self.training
        return Setup(self.space, self.objectives, evaluator, self.limits.words())


def _multi_objective() -> list[str]:
    """Returns the names of the strategies that a search with several objectives may have."""
    every = plugins.builtin_names("strategy")
    return [name for name in every if plugins.resolve("strategy", name).multi_objective]


def run_name(strategy: Spec, seed: int) -> str:
    """Returns the name that a run has in the store, which a file may have too.

    It contains the settings where they are short and plain, else a checksum of them. It is for
    people: a run is described by its `Setup`.
    """
    if not strategy.settings:
        return f"{strategy.name}-{seed}"
    text = str(strategy)[len(strategy.name) + 1 : -1]
    if len(text) > _LONG or not re.fullmatch(r"[\w.+=,-]+", text, re.ASCII):
        text = f"{zlib.crc32(text.encode()):08x}"
    return f"{strategy.name}-{text}-{seed}"


def labels(strategies: Iterable[Spec]) -> dict[Spec, str]:
    """Returns a short text for each strategy.

    It is the name, with the settings in which strategies of that name differ.
    """
    groups: dict[str, list[Spec]] = {}
    for spec in dict.fromkeys(strategies):
        groups.setdefault(spec.name, []).append(spec)
    found = {}
    for name, specs in groups.items():
        keys = {key for spec in specs for key in spec.settings}
        same = {k for k in keys if len({spec.settings.get(k, _MISSING) for spec in specs}) == 1}
        for spec in specs:
            own = {key: value for key, value in spec.settings.items() if key not in same}
            found[spec] = str(Spec(name, own))
    return found


def preset(strategy: Spec, name: str) -> Spec:
    """Returns a strategy with the preset of a name, where the strategy has no setting itself.

    A strategy without a preset of that name stays as it is.
    """
    presets = plugins.resolve("strategy", strategy.name).presets
    return Spec(strategy.name, {**presets.get(name, {}), **strategy.settings})


def strategy_of(search: Search, strategy: Spec, space: SearchSpace, seed: int) -> Strategy:
    """Returns a fresh strategy of the search.

    Raises:
        InvalidSettingError: the strategy does not have a setting.
    """
    known = inspect.signature(plugins.resolve("strategy", strategy.name)).parameters
    settings = dict(strategy.settings)
    if "max_epochs" in known and search.full_epochs is not None:
        settings.setdefault("max_epochs", search.full_epochs)
    # A number of evaluations counts short trainings as full ones; only a strategy that always
    # chooses epochs gets them then.
    short = search.evaluations is None or "max_epochs" in known
    if "fidelities" in known and search.fidelities and short:
        settings.setdefault("fidelities", search.fidelities)
    more = {} if search.prior is None else {"prior": search.prior}
    found: Strategy = Spec(strategy.name, settings).load(
        "strategy", space, search.objectives, seed=seed, **more
    )
    return found


def check_records(search: Search, strategies: Iterable[Strategy]) -> None:
    """Lets strategies look at the records that the search is on, if it is on a benchmark.

    Raises:
        UnsupportedError: the benchmark has not what a strategy reads.
    """
    if search.benchmark is not None:
        benchmark = open_benchmark(search.benchmark)
        wanted = [objective.metric for objective in search.objectives]
        row = recorded_space(benchmark, wanted).sample(1, np.random.default_rng(0))
        for strategy in strategies:
            strategy.check(benchmark, row)


def check_prior(search: Search, strategies: Iterable[Strategy], store: Store) -> None:
    """Compares what runs began with to what the search would begin them with.

    Args:
        search: settings of the search.
        strategies: a fresh strategy for each of its specs.
        store: store of its runs; those that were not begun are not looked at.

    Raises:
        StoreError: a run began with another prior, or with none.
    """
    begun = set(store.runs())
    for spec, strategy in zip(search.specs, strategies, strict=True):
        prior = spec_of(strategy).settings.get("prior")
        for name in sorted(begun & {run_name(spec, seed) for seed in search.seeds}):
            began = store.info(name).get("strategy")
            if not isinstance(began, Mapping):
                continue  # an earlier nascast kept the name of its class
            old = Spec.from_json(began).settings.get("prior")
            if old == prior:
                continue
            way = "give the --from and --prior that it began with, an earlier search as it was then"
            if old is None:
                way = "write --from none, and no --prior"
            raise StoreError(
                f"the run {name!r} began with {old or 'nothing'} known before, and would go on "
                f"with {prior or 'nothing'}; {way}, or choose another --out"
            )
