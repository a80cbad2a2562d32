"""The setup of a run: all that must be the same when it is continued, in one written form."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError, UnknownComponentError
from nascast.core.evaluator import Evaluator, settings_of
from nascast.core.restricted import Restricted
from nascast.core.spec import Spec
from nascast.core.strategy import Strategy
from nascast.core.types import Objective

__all__ = ["Setup", "spec_of"]


@dataclass(frozen=True, slots=True)
class Setup:
    """All that must be the same when a run, or a search of several runs, is continued.

    Budgets, workers and executors may change.

    Attributes:
        space: registered name of the search space.
        objectives: objectives of the search, the most important one first.
        evaluator: settings that decide the evaluator's answers, as JSON values; see
            `core.evaluator.Described`.
        limits: limits of the space, in words; empty if it has none.
        strategy: spec of the strategy, without the seed; None for a search of several runs.
        seed: seed of the run; None for a search of several runs.
    """

    space: str
    objectives: tuple[Objective, ...]
    evaluator: Mapping[str, Any]
    limits: str = ""
    strategy: Spec | None = None
    seed: int | None = None

    @classmethod
    def of(cls, strategy: Strategy, evaluator: Evaluator, seed: int) -> "Setup":
        """Returns the setup of a run."""
        space = strategy.space
        return cls(
            space=space.name,
            objectives=tuple(strategy.objectives),
            evaluator=settings_of(evaluator),
            limits=space.what if isinstance(space, Restricted) else "",
            strategy=spec_of(strategy, seed),
            seed=seed,
        )

    def json(self) -> dict[str, Any]:
        """Returns plain JSON values, which `from_json` reads back; empty ones are left out."""
        found = {
            "strategy": self.strategy and self.strategy.json(),
            "seed": self.seed,
            "space": self.space,
            "limits": self.limits or None,
            "objectives": [asdict(objective) for objective in self.objectives],
            "evaluator": json.loads(json.dumps(dict(self.evaluator))),
        }
        return {key: value for key, value in found.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Setup":
        """Returns the setup that `json` wrote; other keys are ignored.

        Raises:
            StoreError: the value is of another form, such as that of an earlier nascast.
        """
        try:
            strategy = value.get("strategy")
            found = cls(
                space=value["space"],
                objectives=tuple(Objective(**item) for item in value["objectives"]),
                evaluator=dict(value["evaluator"]),
                limits=value.get("limits", ""),
                strategy=None if strategy is None else Spec.from_json(strategy),
                seed=value.get("seed"),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(
                "expected strategy, space, limits, objectives, evaluator and seed in the form of "
                f"this nascast; got {', '.join(value)} with {error!r}"
            ) from error
        texts = (found.space, found.limits, *(o.metric for o in found.objectives))
        fine = all(isinstance(o.minimize, bool) for o in found.objectives)
        if not found.objectives or not fine or not all(isinstance(text, str) for text in texts):
            raise StoreError(f"expected names of a space and of metrics; got {dict(value)!r}")
        return found


def spec_of(strategy: Strategy, seed: int | None = None) -> Spec:
    """Returns the spec of a strategy, without its seed.

    A strategy that is not registered has the name of its class, and the settings that it keeps as
    attributes. A setting that is an object, such as a task, is written as its name, or as its own
    settings.
    """
    try:
        found = Spec.of("strategy", strategy)
    except (UnknownComponentError, AttributeError, InvalidSettingError):
        found = Spec(_name(strategy), _kept(strategy))
    settings = {k: v for k, v in found.settings.items() if k != "seed" or v not in (seed, None)}
    return replace(found, settings=settings)


def _name(strategy: Strategy) -> str:
    try:
        return plugins.name_of("strategy", type(strategy))
    except UnknownComponentError:
        return type(strategy).__name__


def _kept(strategy: Strategy) -> dict[str, Any]:
    """Returns the constructor's arguments that are attributes; of objects what they are called."""
    found: dict[str, Any] = {}
    for name in inspect.signature(type(strategy)).parameters:
        value = getattr(strategy, name, None)
        if name in ("space", "objectives") or value is None:
            continue
        found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str, Spec)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    if is_dataclass(value) and not isinstance(value, type):
        return repr(value)
    return str(getattr(value, "name", type(value).__name__))
