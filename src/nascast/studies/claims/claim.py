"""A claim: what was said where, and the function that decides it."""

import inspect
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.versions import versions
from nascast.studies.claims.finding import Finding
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.results import LISTS, Result, read_run

__all__ = ["LEAST", "Claim", "Desk", "Plan", "Scale"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        trials: number of trials, or of seeds, of what has several.
        seed: seed from which all randomness comes.
    """

    trials: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.trials < 1 or self.seed < 0:
            raise InvalidSettingError(
                "a ledger needs at least 1 trial and a seed of at least 0; got "
                f"{self.trials} and {self.seed}"
            )


_DECIDE = (  # modules of this package that every verdict rests on
    *("claim", "finding", "intervals", "later_plans", "plans", "records", "regrets", "run", "taus"),
)
LEAST = 5  # trials that an interval needs; chosen
Plan = Callable[[Scale], Study]  # a comparison of predictors at a scale


@dataclass(frozen=True, slots=True)
class Desk:
    """What a claim is decided with.

    Attributes:
        scale: number of trials, and seed.
        folder: folder of the comparisons that were run for the ledger.
    """

    scale: Scale
    folder: Path

    @property
    def trials(self) -> int:
        """The number of trials, or of seeds."""
        return self.scale.trials

    def rng(self, *key: int) -> np.random.Generator:
        """Returns a generator; the same one for the same key."""
        return np.random.default_rng([self.scale.seed, *key])

    def results(self, plan: Plan) -> list[Result]:
        """Returns the results, without lists, of a comparison that the claim names as a study."""
        return read_run(self.place(plan), without=LISTS)[1]

    def place(self, plan: Plan) -> Path:
        """Returns the folder of a comparison, which is another one for other settings."""
        settings = {**plan(self.scale).described(), "nascast": versions()["nascast"]}
        number = zlib.crc32(json.dumps(settings, sort_keys=True).encode())
        return self.folder / f"{plan.__name__.strip('_')}-{number:08x}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A published claim.

    Attributes:
        name: name, of small letters, digits and hyphens.
        statement: claim in a sentence.
        source: paper and its address, and the place in it.
        protocol: what is measured here, and what is asked of the numbers, in a few sentences.
        judge: function that measures and decides; it is sent to worker processes.
        studies: comparisons of predictors that are run before, and shared with other claims.
        seeded: whether it repeats searches with several seeds.
        fast: whether it takes seconds, and is decided in continuous integration.
        seconds: processor seconds that it takes with ten trials, and with its studies, about.
    """

    name: str
    statement: str
    source: str
    protocol: str
    judge: Callable[[Desk], Finding]
    studies: tuple[Plan, ...] = ()
    seeded: bool = False
    fast: bool = False
    seconds: float = 1.0

    def check(self, scale: Scale) -> None:
        """Raises where the claim has trials, and too few of them.

        Raises:
            InvalidSettingError: there are fewer than an interval needs.
        """
        if (self.studies or self.seeded) and scale.trials < LEAST:
            raise InvalidSettingError(
                f"{self.name} needs at least {LEAST} trials, for intervals; got {scale.trials}; "
                "give --trials, or claims of tables alone"
            )

    def settings(self, scale: Scale) -> dict[str, Any]:
        """Returns all that a result depends on: also the version, and the code that decides."""
        texts = [inspect.getsource(inspect.getmodule(self.judge) or self.judge)]
        texts += [Path(__file__).with_name(f"{name}.py").read_text("utf-8") for name in _DECIDE]
        texts += [json.dumps(plan(scale).described(), sort_keys=True) for plan in self.studies]
        return {
            "trials": scale.trials,
            "seed": scale.seed,
            "nascast": versions()["nascast"],
            "code": f"{zlib.crc32(''.join(texts).encode()):08x}",
        }
