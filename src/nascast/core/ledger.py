"""Metered access to evidence: both time axes of the field are measured where evidence is read."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from nascast.core.errors import UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Batch, Floats, Genes, Objective, Task

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Ledger", "Memo"]

Memo = dict[tuple[str, bytes], tuple[float, float]]  # (key, canonical row) -> value, seconds


class Ledger:
    """A benchmark behind a meter.

    Two things cost: recorded training seconds, charged when a label or a curve is read, and compute
    seconds, measured around everything that happens inside `phase`. Evidence once paid for is
    known: reading five epochs of a curve after three charges the two that are new, and the curve of
    an architecture whose label was bought is free.

    Attributes:
        seconds: what each phase has cost so far, ``{"init": …, "query": …}``.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        objective: Objective,
        *,
        batch: Batch | None = None,
        seed: int | None = 0,
        memo: Memo | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Opens a ledger.

        Args:
            benchmark: where the evidence comes from.
            objective: which metric the labels are.
            batch: inputs for zero-cost proxies.
            seed: which recorded training is read; None is the mean over all.
            memo: scores measured earlier with their seconds, extended in place.
            clock: monotonic seconds.
        """
        self.objective = objective
        self.seconds: dict[str, float] = {}
        self._benchmark = benchmark
        self._batch = batch
        self._seed = seed
        self._memo = {} if memo is None else memo
        self._clock = clock
        self._phase: str | None = None
        self._away = 0.0  # clock seconds inside `measured`, charged there and not by the phase
        self._trained: dict[bytes, float] = {}  # row -> training seconds already paid
        self._scored: set[tuple[str, bytes]] = set()

    @property
    def space(self) -> SearchSpace:
        """The search space of the evidence."""
        return self._benchmark.space

    @property
    def task(self) -> Task:
        """What the networks are built for."""
        return self._benchmark.task

    def labels(self, genes: Genes) -> Floats:
        """Returns ``(n,)`` scores, larger is better; charges full training."""
        self._check_open()
        values = self._benchmark.query(genes, self.objective.metric, None, self._seed)
        marks = self._benchmark.describe(self.objective.metric).epochs
        self._charge_training(genes, marks[-1] if self._benchmark.separate else None)
        return -values if self.objective.minimize else values

    def curve(self, genes: Genes, metric: str, epochs: int) -> Floats:
        """Returns ``(n, k)`` values at the k recorded epochs ≤ `epochs`; charges that training.

        Raises:
            UnsupportedError: the metric was not recorded after that epoch.
        """
        self._check_open()
        values = self._benchmark.curve(genes, metric, epochs, self._seed)
        marks = self._benchmark.describe(metric).epochs
        for mark in marks if self._benchmark.separate else (epochs,):
            if mark <= epochs:
                self._charge_training(genes, mark)
        return values

    def network(self, arch: Architecture) -> "nn.Module":
        """Returns the network, freshly initialised; only the compute is charged."""
        return self.space.build(arch, self.task)

    def batch(self) -> Batch:
        """Returns the minibatch for zero-cost proxies.

        Raises:
            UnsupportedError: the ledger was opened without one.
        """
        if self._batch is None:
            raise UnsupportedError("this ledger has no batch of inputs; open it with batch=…")
        return self._batch

    def measured(self, key: str, genes: Genes, compute: Callable[[Architecture], float]) -> Floats:
        """Returns ``(n,)`` scores that depend on the canonical architecture alone.

        A score found in the memo is charged with the seconds it took when it was computed, so that
        a warm cache makes a study faster and no predictor cheaper.
        """
        self._check_open()
        began = self._clock()
        values = np.empty(len(genes))
        cost = 0.0
        for i, row in enumerate(self.space.canonical(genes)):
            item = (key, row.tobytes())
            if item not in self._memo:
                start = self._clock()
                value = compute(self.space.architecture(row))
                self._memo[item] = (value, self._clock() - start)
            values[i], seconds = self._memo[item]
            if item not in self._scored:
                self._scored.add(item)
                cost += seconds
        self._away += self._clock() - began
        self._spend(cost)
        return values

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Charges everything inside to `name`; phases do not nest."""
        if self._phase is not None:
            raise UnsupportedError(f"phase {self._phase!r} is still open; phases do not nest")
        self._phase, self._away = name, 0.0
        self.seconds.setdefault(name, 0.0)
        began = self._clock()
        try:
            yield
        finally:
            self._spend(self._clock() - began - self._away)
            self._phase = None

    def _check_open(self) -> None:
        if self._phase is None:
            raise UnsupportedError("evidence is read inside `with ledger.phase(…)` only")

    def _spend(self, seconds: float) -> None:
        assert self._phase is not None
        self.seconds[self._phase] += seconds

    def _charge_training(self, genes: Genes, epochs: int | None) -> None:
        """Charges what was not paid for yet: a longer training contains the shorter one.

        Where every number of epochs is a training of its own, each of them is paid for.
        """
        needed = self._benchmark.seconds(genes, epochs, self._seed)
        own = repr(epochs).encode() if self._benchmark.separate else b""
        cost = 0.0
        for row, seconds in zip(genes, needed.tolist(), strict=True):
            key = row.tobytes() + own
            paid = self._trained.get(key, 0.0)
            if seconds > paid:
                self._trained[key] = seconds
                cost += seconds - paid
        self._spend(cost)
