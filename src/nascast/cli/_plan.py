"""The search that the options of ``nascast search`` ask for."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from nascast.cli._children import Children, Judged, judged, tell_what_is_loaded
from nascast.cli._executor import Workplace
from nascast.cli._options import duration, names, settings
from nascast.cli._warm import is_untrained, prior_of

if TYPE_CHECKING:
    from nascast.core.evaluator import Benchmark
    from nascast.core.space import SearchSpace
    from nascast.core.spec import Spec
    from nascast.core.types import Metric, Objective, Task
    from nascast.studies.limits import Limits
    from nascast.studies.searches.design import Search
    from nascast.training.evaluator import ChildEvaluator

__all__ = ["Asked", "check", "plan", "planned", "strategies_of", "trained_objectives"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options about what is searched, as they were written.

    Attributes:
        space: registered name of the search space; None is that of the benchmark.
        strategies: specs of the strategies, joined by commas.
        options: further settings of the strategies, as ``--set`` has them.
        preset: name of the preset: ``paper`` or ``small``.
        benchmark: name of a benchmark or path of a table; None trains children.
        metrics: names of the metrics to optimise, joined by commas; None is the default.
        budget: time for each run, such as ``30m``; None is no limit.
        evaluations: number of trials in each run, or None.
        seeds: number of runs of each strategy, and the seed of the first.
        workers: number of workers; 0 is the default.
        limits: limits on parameters, multiply-adds and latency of a network.
        workplace: options about where children are trained.
        earlier: folders of earlier searches, or benchmarks, that it begins with.
        prior: architecture, or weights of operations, that it begins with; None is none.
    """

    space: str | None
    strategies: str
    options: str
    preset: str
    benchmark: str | None
    metrics: str | None
    budget: str | None
    evaluations: int | None
    seeds: tuple[int, int]
    workers: int
    limits: "Limits"
    workplace: Workplace
    earlier: tuple[str, ...] = ()
    prior: str | None = None

    def of_training(self, children: Children) -> list[str]:
        """Returns the options that were given, and are for the training of children alone."""
        given = [option for option, value in children.given().items() if value]
        return [*self.workplace.given(), *given]


def check(asked: Asked, children: Children) -> None:
    """Refuses what is wrong with options by themselves, before anything is read or measured.

    Raises:
        NascastError: there is no such strategy or executor, or setting of it, a number is out of
            its range, or options contradict each other.
    """
    from nascast.core.errors import InvalidSettingError

    if asked.benchmark is not None and children.data is not None:
        raise InvalidSettingError("give either --benchmark or --data, not both")
    without = asked.of_training(children)
    if asked.workplace.is_here:
        without = [option for option in without if option != "--executor"]
    if asked.benchmark is not None and without:
        raise InvalidSettingError(
            f"{', '.join(without)}: of no effect with --benchmark, where no child is trained; "
            "leave out one of them"
        )
    count, first = asked.seeds
    if count < 1 or first < 0:
        raise InvalidSettingError("--seeds should be at least 1 and --seed at least 0")
    if asked.evaluations is not None and asked.evaluations < 1:
        raise InvalidSettingError(
            f"--evaluations is a number of trials from 1; got {asked.evaluations}"
        )
    if asked.workers < 0:
        raise InvalidSettingError(f"--workers is a number from 1, or 0; got {asked.workers}")
    for spec in strategies_of(asked.strategies, asked.options, asked.preset):
        spec.check("strategy")
    if asked.benchmark is None and asked.workplace.spec().name == "serial" and asked.workers > 1:
        raise InvalidSettingError(
            f"--workers {asked.workers}: of no effect with --executor serial, which has one"
        )


def plan(asked: Asked, children: Children) -> "tuple[Search, ChildEvaluator | None]":
    """Returns the search that checked options ask for, and the evaluator if children are trained.

    Raises:
        InvalidSettingError: options cannot be read, or do not go with the data.
    """
    if asked.benchmark is not None:
        return _on_benchmark(asked, asked.benchmark), None
    search, found = planned(asked, children)
    children.say()
    evaluator = found.make()
    if not children.said:
        typer.echo(f"read: {evaluator.told()}", err=True)
    search = _with_scores(search, asked, found.space, evaluator.task)
    return replace(search, training=evaluator.settings()), evaluator


def _with_scores(
    search: "Search",
    asked: Asked,
    space: "SearchSpace",
    task: "Task",
    judge: "Benchmark | None" = None,
) -> "Search":
    """Returns a search that also begins with zero-cost scores, if it is asked to; they take long.

    So all that could be wrong with the search was seen before.
    """
    if not any(map(is_untrained, asked.earlier)):
        return search
    began = asked.earlier, asked.prior
    aim = search.objectives[0]
    return replace(search, prior=prior_of(space, *began, aim=aim, judge=judge, task=task))


def planned(asked: Asked, children: Children) -> "tuple[Search, Judged]":
    """Returns a search by training that lacks what only the data tell; nothing is read yet.

    Raises:
        NascastError: an option is wrong, whatever the data are.
    """
    from nascast.studies.searches.design import Search, strategy_of

    assert asked.space is not None
    aims = trained_objectives(asked.metrics, children)
    found = judged(children, asked.space)
    epochs = found.recipe.epochs
    search = Search(
        space=found.space.name,
        training={},
        objectives=aims,
        workers=asked.workers or os.cpu_count() or 1,
        full_epochs=epochs,
        fidelities=_halves(epochs),
        prior=prior_of(found.space, asked.earlier, asked.prior, aim=aims[0]),
        **_shared(asked),
    )
    for spec in search.specs:
        strategy_of(search, spec, found.space, seed=0)  # a setting out of range shows here
    return search, found


def _shared(asked: Asked) -> dict[str, Any]:
    """Returns the settings of a search that are the same on a benchmark and by training."""
    count, first = asked.seeds
    unlimited = asked.evaluations is None and asked.budget is None
    return {
        "strategies": strategies_of(asked.strategies, asked.options, asked.preset),
        "evaluations": 100 if unlimited else asked.evaluations,
        "seconds": duration(asked.budget, "--budget") if asked.budget else math.inf,
        "seeds": tuple(range(first, first + count)),
        "limits": asked.limits,
    }


def _on_benchmark(asked: Asked, name: str) -> "Search":
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import Objective
    from nascast.studies.records import open_benchmark
    from nascast.studies.searches.design import Search

    benchmark = open_benchmark(name)
    if asked.space and asked.space.replace("-", "_") != benchmark.space.name:
        raise InvalidSettingError(
            f"{name} is of the space {benchmark.space.name}, not {asked.space}"
        )
    metrics = [benchmark.describe(m) for m in names(asked.metrics or "val_accuracy", "--metric")]
    if asked.budget and not _has_seconds(benchmark):
        raise InvalidSettingError(
            f"{name} did not record what trainings took, so that --budget {asked.budget} cannot be "
            "kept; give a number of trainings instead, such as --evaluations 100"
        )
    aims = tuple(Objective(metric.name, metric.minimize) for metric in metrics)
    began = prior_of(benchmark.space, asked.earlier, asked.prior, aim=aims[0], judge=benchmark)
    epochs = _recorded(metrics)
    search = Search(
        space=benchmark.space.name,
        benchmark=name,
        objectives=aims,
        workers=asked.workers or 1,
        full_epochs=epochs[-1] if epochs else None,
        fidelities=epochs,
        prior=began,
        **_shared(asked),
    )
    return _with_scores(search, asked, benchmark.space, benchmark.task, benchmark)


def _recorded(metrics: "Sequence[Metric]") -> tuple[int, ...]:
    """Returns the epochs after which all metrics that change with training were recorded."""
    recorded = [set(metric.epochs) for metric in metrics if metric.epochs]
    return tuple(sorted(set.intersection(*recorded))) if recorded else ()


def _has_seconds(benchmark: "Benchmark") -> bool:
    """Whether the benchmark knows how long trainings took, judged by one of them."""
    import numpy as np

    from nascast.core.errors import UnsupportedError

    try:
        genes = benchmark.genes()[:1]
    except UnsupportedError:
        genes = benchmark.space.sample(1, np.random.default_rng(0))
    return bool(np.isfinite(benchmark.seconds(genes)).all())


def trained_objectives(metrics: str | None, children: Children) -> "tuple[Objective, ...]":
    """Returns the objectives of ``--metric`` by training; nothing is read yet.

    Raises:
        InvalidSettingError: one is not among the metrics that are measured.
    """
    tell_what_is_loaded(children.data)
    from nascast.training.evaluator import image_metrics, text_metrics
    from nascast.training.text_files import is_text

    if children.data and is_text(children.data):
        return _objectives(metrics or "val_loss", text_metrics())
    return _objectives(metrics or "val_accuracy", image_metrics(children.latency))


def _halves(epochs: int) -> tuple[int, ...]:
    """Returns a half, a quarter and so on of the epochs of a full training, and these; ascending.

    Of these lengths strategies choose theirs.
    """
    return tuple(epochs >> k for k in reversed(range(epochs.bit_length())))


def _objectives(metrics: str, measured: Sequence[str]) -> "tuple[Objective, ...]":
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import Objective

    chosen = names(metrics, "--metric")
    if unknown := [name for name in chosen if name not in measured]:
        raise InvalidSettingError(
            f"--metric: {unknown[0]} is not measured; measured are {', '.join(measured)}"
        )
    return tuple(Objective(name) for name in chosen)


def strategies_of(text: str, options: str, preset: str) -> "tuple[Spec, ...]":
    """Returns the strategies with all their settings.

    A setting stands in the strategy itself, else in ``--set``, else in the preset. There
    ``name.key=value`` is for the strategies of a name, and ``key=value`` for all.
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.core.spec import Spec
    from nascast.studies.searches.design import preset as with_preset

    if preset not in ("paper", "small"):
        raise InvalidSettingError(f"--preset: expected paper or small; got {preset!r}")
    specs = Spec.parse_list("strategy", text)
    more: dict[str, dict[str, Any]] = {spec.name: {} for spec in specs}
    for key, value in settings(options, "--set").items():
        name, dot, own = key.rpartition(".")
        name = name.replace("-", "_")
        if dot and name not in more:
            raise InvalidSettingError(f"--set {key}: {name} is not among the strategies")
        for one in [name] if dot else more:
            more[one][own] = value
    full = (Spec(spec.name, {**more[spec.name], **spec.settings}) for spec in specs)
    return tuple(with_preset(spec, preset) for spec in full)
