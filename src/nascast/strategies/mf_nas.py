"""MF-NAS: a zero-cost proxy chooses whom successive halving trains (Phan & Luong 2023).

https://openreview.net/forum?id=PKZJX0LSZ1
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec, component_of
from nascast.core.types import Genes, Trial
from nascast.strategies._brackets import Brackets
from nascast.strategies._distinct import distinct
from nascast.strategies._fitted import Fitted
from nascast.strategies._levels import thinned

__all__ = ["MfNas"]


@dataclass(eq=False, kw_only=True)
class MfNas(Brackets):
    """Scores many networks at birth, and halves the best of them from rung to rung.

    2,000 random networks are scored; the 32 with the highest scores train for the epochs of the
    first rung, and as the epochs double the number is halved. What is not scored is ranked last,
    and a `SearchWarning` says so once where that is more than half. After the last rung the next 32
    of the scored networks follow, so that a search never ends early, and random ones after them.

    With ``min_epochs=12, max_epochs=200`` the rungs are the paper's: 12, 25, 50, 100 and 200
    epochs. Where only some epochs were recorded, `fidelities` says which: of 12 and 200 both are
    taken, and 2 of 32 networks reach the second rung, as many as in the paper. A rung trains in a
    random order.

    Deviations: networks are drawn at random where the paper climbs by local search on the proxy;
    they are of different networks; the paper ends after one bracket.

    Attributes:
        proxy: predictor that needs no labels, or its spec; zero-cost proxies see random inputs for
            the usual task of the space.
        scored: number of networks that are scored.
        size: number of networks in the first rung.
        fidelities: epochs that can be trained for, ascending, of which the last is a full training;
            None is all of them, up to `max_epochs`. The rungs are a factor of `eta` or more apart.

    Raises:
        InvalidSettingError: a setting is out of range, or the predictor needs labels.
    """

    eta: int = 2
    proxy: str | Spec | PerformancePredictor = "synflow"
    scored: int = 2000
    size: int = 32
    fidelities: Sequence[int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.scored, self.size) < 1:
            raise InvalidSettingError(
                f"scored and size are at least 1; got {self.scored} and {self.size}"
            )
        if self.fidelities is not None:
            self.levels = thinned(self.fidelities, self.min_epochs, self.eta)
        model: PerformancePredictor = component_of("predictor", self.proxy)
        self._proxy = Fitted(self, model.like(), name=str(self.proxy))
        if "train_size" in model.axes:
            raise InvalidSettingError(
                f"{self.proxy} learns from labels, and there are none when networks are chosen; "
                "choose a zero-cost proxy"
            )

    def plan(self, bracket: int) -> list[tuple[int, int]]:
        first = self.levels[0]
        halvings = [round(math.log(epochs / first, self.eta)) for epochs in self.levels]
        return [
            (max(self.size // self.eta**k, 1), epochs)
            for k, epochs in zip(halvings, self.levels, strict=True)
        ]

    @cached_property
    def ranked(self) -> Genes:
        """The scored rows, ``(m, length)``, best first."""
        rng = np.random.default_rng([self.seed, 0])
        none = np.empty((0, self.space.length), dtype=np.int16)
        rows = distinct(lambda n: self.space.sample(n, rng), self.scored, self.met.networks, none)
        scores = self._proxy.scores(self.history, rows)
        return rows[np.argsort(-scores, kind="stable")]  # NaN sorts last

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        first = self._bracket * self.size
        own, later = np.split(self.ranked[first:], [self.size])
        return np.concatenate([rng.permutation(own), later])

    def learned(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the ranked rows; none before they were ranked."""
        none = np.empty((0, self.space.length), dtype=np.int16)
        return {"ranked": self.__dict__.get("ranked", none)}

    def recall(self, trials: Sequence[Trial], learned: Mapping[str, npt.NDArray[Any]]) -> None:
        if len(learned["ranked"]):
            self.__dict__["ranked"] = learned["ranked"].astype(np.int16)
        self.tell(trials)
