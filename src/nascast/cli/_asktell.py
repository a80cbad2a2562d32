"""What ``nascast ask`` and ``nascast tell`` share: the plan of options, and JSON of a state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nascast.cli._options import duration, names, settings
from nascast.core.document import document

if TYPE_CHECKING:
    from nascast.core.space import SearchSpace
    from nascast.core.types import Candidate, Objective, Task
    from nascast.studies.asktell.kept import State
    from nascast.studies.asktell.pending import Given
    from nascast.studies.asktell.plan import Plan
    from nascast.studies.limits import Limits

__all__ = ["PlanOptions", "described", "printed"]


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options that begin a search which is asked and told, as written; None: not given."""

    space: str | None
    benchmark: str | None
    strategy: str | None
    metric: str | None
    evaluations: int | None
    budget: str | None
    seed: int | None
    max_epochs: int | None
    image: str | None
    classes: int | None
    skeleton: str | None
    limits: "Limits"

    def plan(self, folder: Path) -> "Plan | None":
        """Returns the plan to begin with, or the one there with what was given; None: none given.

        Raises:
            InvalidSettingError: an option cannot be read, or there is nothing to begin with.
        """
        from nascast.core.errors import InvalidSettingError
        from nascast.studies.asktell.plan import Plan, read_plan
        from nascast.studies.searches.results import SEARCH

        changes = self._changes()
        if not changes:
            return None
        if (folder / SEARCH).is_file():
            return replace(read_plan(folder)[0], **changes)
        if "space" not in changes:
            raise InvalidSettingError(f"{folder} holds no search; begin one with --space NAME")
        return Plan(**changes)

    def _changes(self) -> dict[str, Any]:
        """Returns what was given, as fields of a plan."""
        found: dict[str, Any] = {
            "space": self.space and self.space.replace("-", "_"),
            "strategy": self.strategy,
            "evaluations": self.evaluations,
            "seed": self.seed,
            "full_epochs": self.max_epochs,
            "benchmark": self.benchmark,
            "seconds": duration(self.budget, "--budget") if self.budget else None,
            "limits": self.limits if self.limits.given() else None,
            "objectives": _objectives(self.metric) if self.metric else None,
        }
        found = {name: value for name, value in found.items() if value is not None}
        if self.benchmark is not None:
            from nascast.studies.records import open_benchmark

            found.setdefault("space", open_benchmark(self.benchmark).space.name)
        if (self.image, self.classes, self.skeleton) != (None, None, None):
            found["task"] = self._task()
        return found

    def _task(self) -> "Task":
        from nascast.core.types import ImageTask

        default = ImageTask()
        shape = default.input_shape if self.image is None else _shape(self.image)
        skeleton = settings(self.skeleton or "", "--skeleton")
        return ImageTask(shape, self.classes or default.classes, skeleton)


def _shape(text: str) -> tuple[int, int, int]:
    from nascast.core.errors import InvalidSettingError

    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise InvalidSettingError(
            f"--image: expected channels, height and width such as 3x32x32; got {text!r}"
        )
    channels, height, width = map(int, parts)
    return channels, height, width


def _objectives(text: str) -> "tuple[Objective, ...]":
    """Returns the objectives in a text such as ``val_accuracy,regret:minimize``."""
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import Objective

    found = []
    for name in names(text, "--metric"):
        metric, colon, aim = name.partition(":")
        if colon and aim not in ("minimize", "maximize"):
            raise InvalidSettingError(
                f"--metric: expected NAME, NAME:minimize or NAME:maximize; got {name!r}"
            )
        try:
            found.append(Objective(metric, aim == "minimize") if colon else Objective(metric))
        except InvalidSettingError as error:
            raise InvalidSettingError(f"{error}; here: --metric {metric}:maximize") from error
    return tuple(found)


def described(
    space: "SearchSpace", given: "Sequence[Given]", notation: str | None = None
) -> list[dict[str, Any]]:
    """Returns candidates as plain JSON values.

    Raises:
        InvalidSettingError, UnsupportedError: the space does not write the notation, also where
            there is no candidate.
    """
    import numpy as np

    rows = [one.candidate.arch.genes for one in given]
    genes = np.asarray(rows, dtype=np.int16).reshape(-1, space.length)
    texts = space.to_text(genes) if notation is None else space.write(genes, notation)
    return [
        {"id": one.id, "architecture": text, **_of(one.candidate), "outside": one.outside}
        for one, text in zip(given, texts, strict=True)
    ]


def _of(candidate: "Candidate") -> dict[str, Any]:
    return {"genes": list(candidate.arch.genes), "epochs": candidate.epochs}


def printed(first: dict[str, Any], state: "State") -> str:
    """Returns a line of JSON: what a command did, and where the search stands."""
    there = {
        "pending": [one.id for one in state.pending],
        "finished": state.finished,
        "left": state.left,
        "seconds_left": state.seconds_left,
        "over": state.over,
        "why": state.why,
    }
    return document({**first, **{k: v for k, v in there.items() if v != ""}})
