"""The children that the options of ``nascast compare`` ask for, and its budgets on any axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nascast.cli._options import whole_numbers

if TYPE_CHECKING:
    from nascast.core.spec import Spec
    from nascast.studies.predictors.children import Children

__all__ = ["Asked", "amounts", "children_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options about children, as they were written; see `cli._children.Children`.

    Attributes:
        space: registered name of the search space.
        data: source of the data; None is digits.
        cells: number of children; 0 is as many as a trial needs, and some more.
        recipe: name of a recipe, settings that replace its own, or both.
        skeleton: settings that replace those of the small skeleton.
        split: settings of the split of the images that replace the default ones.
        device: name of the device.
    """

    space: str
    data: str | None
    cells: int
    recipe: str
    skeleton: str
    split: str
    device: str


def children_of(asked: Asked, needed: int, seed: int, out: Path) -> "Children":
    """Returns the children, which are not trained yet.

    Args:
        asked: options about them.
        needed: number of children that a trial needs; a tenth more are for those that fail.
        seed: seed by which they are drawn.
        out: folder of the study.
    """
    from nascast.cli._children import Children as Written
    from nascast.cli._children import open_evaluator
    from nascast.studies.predictors.children import Children

    written = Written(
        data=asked.data,
        recipe=asked.recipe,
        skeleton=asked.skeleton,
        split=asked.split,
        time_limit=None,
        memory_limit=None,
        device=asked.device,
        latency=False,
        checkpoints=out / "checkpoints",
    )
    cells = asked.cells or needed + math.ceil(needed / 10)
    return Children(open_evaluator(written, asked.space), cells, seed, out / "children.sqlite")


def amounts(given: Sequence[str], predictors: "Sequence[Spec]") -> dict[str, tuple[int, ...]]:
    """Returns the amounts by axis of texts such as ``samples=10,20``.

    Raises:
        InvalidSettingError: a text cannot be read, or no predictor declares an axis.
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.predictors.design import axes_of

    declared = sorted(frozenset().union(*map(axes_of, predictors))) if given else []
    found = {}
    for text in given:
        name, equals, numbers = text.partition("=")
        if not equals or name.strip() not in declared:
            raise InvalidSettingError(
                "--axis: expected NAME=1,2,3 with an axis that a predictor declares, "
                f"{', '.join(declared) or 'of which there is none'}; got {text!r}"
            )
        found[name.strip()] = whole_numbers(numbers, f"--axis {name.strip()}")
    return found
