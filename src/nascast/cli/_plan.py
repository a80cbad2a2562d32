"""The search that the options of ``nascast search`` ask for."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nascast.cli._children import Children, open_evaluator
from nascast.cli._options import duration, names, settings

if TYPE_CHECKING:
    from nascast.core.spec import Spec
    from nascast.core.types import Objective
    from nascast.studies.limits import Limits
    from nascast.studies.searches.design import Search
    from nascast.training.evaluator import ChildEvaluator

__all__ = ["Asked", "plan", "strategies_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options about what is searched, as they were written.

    Attributes:
        space: registered name of the search space; None is that of the benchmark, or nasnet.
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


def plan(asked: Asked, children: Children) -> "tuple[Search, ChildEvaluator | None]":
    """Returns the search, and the evaluator if children are trained.

    Raises:
        InvalidSettingError: options cannot be read, or contradict each other.
    """
    from nascast.core.errors import InvalidSettingError

    if asked.benchmark and children.data:
        raise InvalidSettingError("give either --benchmark or --data, not both")
    count, first = asked.seeds
    if count < 1 or first < 0:
        raise InvalidSettingError("--seeds should be at least 1 and --seed at least 0")
    unlimited = asked.evaluations is None and asked.budget is None
    shared: dict[str, Any] = {
        "strategies": strategies_of(asked.strategies, asked.options, asked.preset),
        "evaluations": 100 if unlimited else asked.evaluations,
        "seconds": duration(asked.budget, "--budget") if asked.budget else math.inf,
        "seeds": tuple(range(first, first + count)),
        "limits": asked.limits,
    }
    if asked.benchmark:
        return _on_benchmark(asked, asked.benchmark, shared), None
    return _by_training(asked, children, shared)


def _on_benchmark(asked: Asked, name: str, shared: Mapping[str, Any]) -> "Search":
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
    return Search(
        space=benchmark.space.name,
        benchmark=name,
        objectives=tuple(Objective(metric.name, metric.minimize) for metric in metrics),
        workers=asked.workers or 1,
        full_epochs=metrics[0].epochs[-1] if metrics[0].epochs else None,
        **shared,
    )


def _by_training(
    asked: Asked, children: Children, shared: Mapping[str, Any]
) -> "tuple[Search, ChildEvaluator]":
    from nascast.studies.searches.design import Search

    evaluator = open_evaluator(children, asked.space or "nasnet")
    training = evaluator.settings()
    search = Search(
        space=training["space"],
        training=training,
        objectives=_trained_objectives(asked.metrics, evaluator),
        workers=asked.workers or os.cpu_count() or 1,
        full_epochs=evaluator.recipe.epochs,
        **shared,
    )
    return search, evaluator


def _trained_objectives(
    metrics: str | None, evaluator: "ChildEvaluator"
) -> "tuple[Objective, ...]":
    """Returns the objectives; the default of language models is their validation loss."""
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import Objective, TextTask

    usual = "val_loss" if evaluator and isinstance(evaluator.task, TextTask) else "val_accuracy"
    chosen = names(metrics or usual, "--metric")
    if unknown := [name for name in chosen if name not in evaluator.metrics]:
        raise InvalidSettingError(
            f"--metric: {unknown[0]} is not measured; measured are {', '.join(evaluator.metrics)}"
        )
    return tuple(Objective(name, not name.endswith("accuracy")) for name in chosen)


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
