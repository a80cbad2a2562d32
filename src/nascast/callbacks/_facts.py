"""What trackers are told of a trial."""

import hashlib
import math
from collections.abc import Mapping
from functools import cache

import numpy as np

from nascast.core import plugins
from nascast.core.callback import Begun
from nascast.core.errors import UnknownComponentError
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Trial

__all__ = ["known", "name_among", "space_of", "text_of", "values_of"]


@cache
def space_of(name: str) -> SearchSpace | None:
    """Returns the registered space of that name; None if there is none."""
    try:
        space: SearchSpace = plugins.load("space", name)
    except UnknownComponentError:
        return None
    return space


def text_of(arch: Architecture) -> str:
    """Returns an architecture in its space's notation; of an unregistered space, its genes."""
    space = space_of(arch.space)
    if space is None:
        return ",".join(map(str, arch.genes))
    return space.to_text(np.asarray([arch.genes], dtype=np.int16))[0]


def name_among(begun: Begun) -> str:
    """Returns the name of a run where other searches keep theirs: it tells its folder."""
    folder = begun.folder.resolve()
    checksum = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    return f"{begun.run}-{folder.name}-{checksum}"


def known(values: Mapping[str, float]) -> dict[str, float]:
    """Returns the values that are finite numbers; trackers draw no others."""
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def values_of(trial: Trial) -> dict[str, float]:
    """Returns the numbers of a trial by name: its metrics, what it cost, and when it finished."""
    costs = {
        "seconds": trial.evaluation.seconds,
        "thinking": trial.thinking,
        "finished": trial.finished,
    }
    return known({**trial.evaluation.metrics, **costs})
