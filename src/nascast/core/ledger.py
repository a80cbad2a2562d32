"""Metered access to evidence: initialization and query time are measured where it is read."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from nascast.core.clock import processor_seconds
from nascast.core.errors import UnsupportedError
from nascast.core.evidence import Records
from nascast.core.kept import Artefact, Artefacts, Kept
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Batch, Floats, Genes, Objective, Task

if TYPE_CHECKING:
    from torch import nn

    from nascast.proxies.passes import Passes

__all__ = ["Ledger", "Memo", "Score", "Scorer"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Score:
    """A measured score of one architecture.

    Attributes:
        value: score; NaN where it is not defined.
        seconds: seconds that computing it from its passes took.
        passes: seconds of each pass through the network that it rests on, by name.
    """

    value: float
    seconds: float
    passes: Mapping[str, float]


Memo = dict[tuple[str, bytes], Score]  # by key of the score and canonical row


class Scorer(Protocol):
    """Computes a score of an architecture from passes through its network: a proxy."""

    seed: int

    def key(self, ledger: "Ledger") -> str:
        """Returns a text of all that the score depends on besides the architecture."""
        ...

    def score(self, passes: "Passes") -> float:
        """Returns the score, NaN where it is not defined."""
        ...


class Ledger:
    """Records behind a meter.

    Two things cost: recorded training seconds, charged when a label or a curve is read, and compute
    seconds, measured around everything that happens inside `phase`: processor seconds, as those of
    recorded trainings on a CPU, so that the load of a machine moves neither. Evidence once paid for
    is known: reading five epochs of a curve after three charges the two that are new, the curve of
    an architecture whose label was bought is free, and rows of one canonical row, which have one
    record, are paid for once. Training seconds that nobody knows are NaN, and so is from then on
    what the phase has cost.

    Labels and curves are scores: larger is better, whatever is recorded.

    Attributes:
        records: source of the evidence: a benchmark, told trials, or trainings on demand.
        objective: objective whose scores the labels are.
        seconds: seconds that each phase has cost so far, ``{"init": …, "query": …}``.
        trained: phases in which the trainings that end with the labels were read, labels or curves.
        scored: whether zero-cost scores were read.
    """

    def __init__(
        self,
        records: Records,
        objective: Objective,
        *,
        batch: Batch | None = None,
        data: Callable[[Any], Any] | None = None,
        seed: int | None = 0,
        memo: Memo | None = None,
        artefacts: Artefacts | None = None,
        computes: bool = True,
        kept: Kept | None = None,
        clock: Callable[[], float] = processor_seconds,
        device: str = "cpu",
        among: Genes | None = None,
    ) -> None:
        """Opens a ledger.

        Args:
            records: source of the evidence: a benchmark, told trials, or trainings on demand.
            objective: objective whose scores the labels are.
            batch: minibatch for zero-cost proxies.
            data: function from a split to the data that supernets are trained on, such as
                ``partial(open_data, "digits")``.
            seed: number of the recorded training that is read, from 0; None is the mean over all.
            memo: scores computed earlier, with their seconds; extended in place.
            artefacts: artefacts made earlier, with their seconds; extended in place.
            computes: whether scores that are not in the memo are computed; otherwise they are not
                supported.
            kept: what was learned earlier, with its seconds; extended in place.
            clock: function that returns the seconds in which compute is measured;
                `time.perf_counter` where a GPU computes.
            device: device that untrained networks are scored on.
            among: ``(m, length)`` rows among which `sample` draws, such as those whose scores are
                on record; None is the space.
        """
        self.records = records
        self.objective = objective
        self.seconds: dict[str, float] = {}
        self.trained: set[str] = set()
        self.scored = False
        self._batch, self._data, self._seed = batch, data, seed
        self._memo: Memo = {} if memo is None else memo
        self._artefacts: Artefacts = {} if artefacts is None else artefacts
        self._computes, self._kept = computes, kept
        self._clock, self._device, self._among = clock, device, among
        self._phase: str | None = None
        self._began = 0.0  # by the clock
        self._away = 0.0  # clock seconds charged otherwise than by the phase
        self._trained: dict[bytes, tuple[float, float]] = {}  # network -> epochs, seconds paid
        self._scoring = False
        self._paid: set[tuple[str, bytes]] = set()  # scores, passes and artefacts paid for
        self._last: tuple[tuple[int, Architecture], Passes] | None = None

    @property
    def space(self) -> SearchSpace:
        """The search space of the records."""
        return self.records.space

    @property
    def task(self) -> Task:
        """The task that networks are built for."""
        return self.records.task

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns n random architectures that can be scored, or all where there are fewer."""
        if self._among is None:
            return self.space.sample(n, rng)
        return rng.choice(self._among, min(n, len(self._among)), replace=False)

    def labels(self, genes: Genes) -> Floats:
        """Returns ``(n,)`` labels: scores after full training, which is charged."""
        self._check_open()
        with self._aside():
            values = self.records.query(genes, self.objective.metric, None, self._seed)
            self._charge_training(genes, self._last_mark() if self.records.separate else None)
        return -values if self.objective.minimize else values

    def curve(self, genes: Genes, metric: str, epochs: int) -> Floats:
        """Returns ``(n, k)``: a metric at the k recorded epochs ≤ `epochs`, larger is better.

        A metric of which smaller values are better comes negated. Training up to the last of these
        epochs is charged.

        Raises:
            UnsupportedError: the metric was not recorded after that epoch.
        """
        self._check_open()
        described = self.records.describe(metric)
        with self._aside():
            values = self.records.curve(genes, metric, epochs, self._seed)
            for mark in described.epochs if self.records.separate else (epochs,):
                if mark <= epochs:
                    self._charge_training(genes, mark)
        return -values if described.minimize else values

    def network(self, arch: Architecture) -> "nn.Module":
        """Returns the network of an architecture, freshly initialised; only compute is charged."""
        return self.space.build(arch, self.task)

    def batch(self) -> Batch:
        """Returns the minibatch for zero-cost proxies.

        Raises:
            UnsupportedError: the ledger was opened without one.
        """
        if self._batch is None:
            raise UnsupportedError("this ledger has no batch of inputs; open it with batch=…")
        return self._batch

    def data(self) -> Callable[[Any], Any]:
        """Returns the function from a split to the data that supernets are trained on.

        Raises:
            UnsupportedError: the ledger was opened without data.
        """
        if self._data is None:
            raise UnsupportedError(
                "there are no images to train a supernet on; give a source of images: --data on "
                "the command line, images=… of a study, data=… of a ledger"
            )
        return self._data

    def passes(self, arch: Architecture, seed: int = 0) -> "Passes":
        """Returns the passes through the network of an architecture, each made once and timed.

        Those of the last architecture are kept, so that proxies which score one network after the
        other share them.

        Args:
            arch: architecture of the space.
            seed: seed of the initial weights.
        """
        if self._last is None or self._last[0] != (seed, arch):
            made = import_module("nascast.proxies.passes").Passes(
                lambda: self.network(arch),
                seed,
                self.task,
                batch=self._batch,
                clock=self._clock,
                device=self._device,
                told=partial(self._made, self.space.canonical(arch.row()).tobytes(), seed),
            )
            self._last = ((seed, arch), made)
        return self._last[1]

    def _made(self, row: bytes, seed: int, name: str, seconds: float) -> None:
        """Notes a pass that was made: the open phase pays it by the clock, unless it was paid."""
        if self._scoring or self._phase is None:
            return
        if (_pass(name, seed), row) in self._paid:
            self._away += seconds
        self._paid.add((_pass(name, seed), row))

    def scores(self, scorers: Sequence[Scorer], genes: Genes) -> Floats:
        """Returns ``(n, k)`` scores of n architectures by k scorers.

        One network after the other is scored, so that scorers share its passes. A score found in
        the memo is charged with the seconds it took when it was computed, so that a warm memo makes
        a study faster and no predictor cheaper. Scores depend on the canonical row alone.
        """
        self._check_open()
        values = np.empty((len(genes), len(scorers)))
        keys = [scorer.key(self) for scorer in scorers]
        cost, self._scoring, self.scored = 0.0, True, True
        try:
            with self._aside():
                for i, row in enumerate(self.space.canonical(genes)):
                    for k, (key, scorer) in enumerate(zip(keys, scorers, strict=True)):
                        item = (key, row.tobytes())
                        if item not in self._memo:
                            self._memo[item] = self._measure(scorer, self.space.architecture(row))
                        values[i, k] = self._memo[item].value
                        cost += self._owed(item, scorer.seed)
        finally:
            self._scoring = False
            self._last = None  # networks are not kept longer than they are needed
            self._spend(cost)
        return values

    def _measure(self, scorer: Scorer, arch: Architecture) -> Score:
        if not self._computes:
            raise UnsupportedError(
                "its zero-cost scores are not recorded beside the benchmark, and are not computed; "
                "`--data random`, or a source of inputs, computes them"
            )
        passes = self.passes(arch, scorer.seed)
        with passes.used() as used:
            began, inside = self._clock(), passes.spent
            value = scorer.score(passes)
            own = self._clock() - began - (passes.spent - inside)
        return Score(value, own, {name: passes.seconds[name] for name in sorted(used)})

    def _owed(self, item: tuple[str, bytes], seed: int) -> float:
        """Returns the seconds of a score and its passes not paid for yet, and marks them paid."""
        score, row = self._memo[item], item[1]
        parts = {item: score.seconds}
        parts |= {(_pass(name, seed), row): s for name, s in score.passes.items()}
        new = parts.keys() - self._paid
        self._paid |= new
        return math.fsum(seconds for part, seconds in parts.items() if part in new)

    def shared(self, key: str, make: Callable[[], Artefact]) -> Artefact:
        """Returns an artefact made once, such as the weights of a trained supernet.

        Everyone who uses it is charged the seconds that making it took, once.

        Args:
            key: text of all that it depends on.
            make: function that makes it; it may read no labels and no curves, for which others
                would not pay.
        """
        self._check_open()
        began = self._clock()
        found = self._artefacts.get(key)
        if found is None:
            start = self._clock()
            made = make()
            found = (made, self._clock() - start)
            self._artefacts[key] = found
        self._away += self._clock() - began
        if ("artefact", key.encode()) not in self._paid:
            self._paid.add(("artefact", key.encode()))
            self._spend(found[1])
        return found[0]

    def learned(self, make: Callable[..., T], *given: Any) -> T:
        """Returns what a pure function learns, which is made once where a study keeps it.

        Everyone is charged the seconds that making it took. It is shared, and may not be changed.

        Args:
            make: function of its arguments alone, which may change these.
            given: its arguments.
        """
        if self._kept is None:
            return make(*given)
        began = self._clock()
        found, seconds = self._kept.of(self._clock, make, *given)
        self._away += self._clock() - began
        self._spend(seconds)
        return found

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Charges everything inside to the phase `name`, init or query; phases do not nest."""
        if self._phase is not None:
            raise UnsupportedError(f"phase {self._phase!r} is still open; phases do not nest")
        self._phase, self._away = name, 0.0
        self.seconds.setdefault(name, 0.0)
        self._began = self._clock()
        try:
            yield
        finally:
            self._spend(self.elapsed())
            self._phase = None

    def elapsed(self) -> float:
        """Returns the seconds that the open phase has computed so far, for limits of time."""
        self._check_open()
        return self._clock() - self._began - self._away

    def _check_open(self) -> None:
        if self._phase is None:
            raise UnsupportedError("evidence is read inside `with ledger.phase(…)` only")

    def _spend(self, seconds: float) -> None:
        assert self._phase is not None
        self.seconds[self._phase] += seconds

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Takes the clock's seconds inside out of the phase, which is charged otherwise for them.

        So trainings that are made on demand are charged once, like recorded ones.
        """
        began = self._clock()
        try:
            yield
        finally:
            self._away += self._clock() - began

    def _last_mark(self) -> int | None:
        marks = self.records.describe(self.objective.metric).epochs
        return marks[-1] if marks else None

    def _charge_training(self, genes: Genes, epochs: int | None) -> None:
        """Charges the training that is not paid for: a longer one contains the shorter ones.

        Where every number of epochs is a training of its own, each of them is paid for.
        """
        assert self._phase is not None
        if not self.records.separate or epochs == self._last_mark():
            self.trained.add(self._phase)
        needed = self.records.seconds(genes, epochs, self._seed)
        own = repr(epochs).encode() if self.records.separate else b""
        reached = math.inf if epochs is None else epochs
        cost = 0.0
        for row, seconds in zip(self.space.canonical(genes), needed.tolist(), strict=True):
            key = row.tobytes() + own
            before, paid = self._trained.get(key, (-math.inf, 0.0))
            if reached > before:
                self._trained[key] = reached, seconds
                cost += seconds - paid
        self._spend(cost)


def _pass(name: str, seed: int) -> str:
    """Returns the name of a pass among what a ledger has paid for."""
    return f"pass {name}, seed {seed}"
