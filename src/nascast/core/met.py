"""The candidates that a strategy was told, so that it proposes new ones."""

from collections.abc import Callable, Collection, Iterable
from itertools import chain

import numpy as np

from nascast.core.space import SearchSpace
from nascast.core.types import Candidate, Genes, Trial

__all__ = ["Met"]

_ROUNDS = 5  # rounds of draws, each twice as large as the one before; chosen
_KEPT = 10_000  # rows whose keys are remembered, since what is proposed is told later


class Met:
    """The candidates told so far; equivalent architectures count as one network.

    A benchmark has one record for equivalent architectures, and training them again measures only
    noise; so a network that was met is proposed again only where nothing else is found.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._told: list[Candidate] = []  # whose marks are not made yet: many at once is faster
        self._marks: set[object] = set()
        self._keys: dict[bytes, bytes] = {}  # by row

    def add(self, trials: Iterable[Trial]) -> None:
        """Adds trials, failed ones included."""
        self._told += (trial.candidate for trial in trials)

    def networks(self, genes: Genes) -> list[bytes]:
        """Returns n keys for ``(n, length)`` rows; equivalent rows have the same key."""
        rows = [row.tobytes() for row in genes]
        new = [i for i, row in enumerate(rows) if row not in self._keys]
        if new:
            if len(self._keys) + len(new) > _KEPT:
                new, self._keys = list(range(len(rows))), {}
            for i, row in zip(new, self._space.canonical(genes[new]), strict=True):
                self._keys[rows[i]] = row.tobytes()
        return [self._keys[row] for row in rows]

    def holds(self, network: bytes) -> bool:
        """Returns whether the network of that key was told, for any number of epochs."""
        return network in self._known()

    def others(
        self,
        n: int,
        rng: np.random.Generator,
        draw: Callable[[int, np.random.Generator], Genes] | None = None,
        *,
        pending: Collection[Candidate] = (),
        epochs: int | None = None,
    ) -> list[Candidate]:
        """Returns n candidates drawn until they are new, in the order drawn.

        New networks come first, then networks not met with so many epochs, then rows not met whose
        equivalents were; only if there is none of them, one candidate that was met. What `draw`
        does not find is looked for in the whole space.

        Args:
            n: number of candidates at most; fewer where fewer are found.
            rng: generator for all draws.
            draw: function of a number of rows and `rng` that returns so many valid rows or more,
                preferred first, such as `Strategy.propose`; None draws from the whole space.
            pending: candidates being evaluated, which count as met.
            epochs: epochs of the candidates; None is full training.
        """
        known, taken = self._known(), self._all_marks(pending)
        found: tuple[list[Candidate], ...] = ([], [], [], [])
        sources = [draw] * _ROUNDS if draw else []
        for k, source in enumerate([*sources, *[self._space.sample] * _ROUNDS]):
            genes = source(n * 2 ** (k % _ROUNDS), rng)
            for row, network in zip(genes, self.networks(genes), strict=True):
                candidate = Candidate(self._space.architecture(row), epochs)
                marks = _marks(network, candidate)
                met = sum(mark in known or mark in taken for mark in marks)
                found[met].append(candidate)
                taken.update(marks)
                if len(found[0]) == n:
                    return found[0]
        return [*chain(*found[:3])][:n] or found[3][:1]

    def _known(self) -> set[object]:
        if self._told:
            self._marks |= self._all_marks(self._told)
            self._told = []
        return self._marks

    def _all_marks(self, candidates: Iterable[Candidate]) -> set[object]:
        candidates = list(candidates)
        return {*chain(*map(_marks, self.networks(_genes(candidates)), candidates))}


def _genes(candidates: Iterable[Candidate]) -> Genes:
    return np.asarray([candidate.arch.genes for candidate in candidates], dtype=np.int16)


def _marks(network: bytes, candidate: Candidate) -> tuple[object, ...]:
    """Returns the marks of a candidate, ordered: a strategy that met one met those before it."""
    return network, (network, candidate.epochs), candidate
