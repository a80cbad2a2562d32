"""The strategy: a Gaussian process from the first trainings on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evidence import Records, usual_task
from nascast.core.feature import Encoding
from nascast.core.history import History
from nascast.core.spec import Spec, component_of
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Floats, Genes
from nascast.strategies._distinct import distinct
from nascast.strategies._encodings import check_encoding
from nascast.strategies._levels import check_recorded, thinned
from nascast.strategies._listing import LISTED, listing
from nascast.strategies.guided.account import foreseen, parts
from nascast.strategies.guided.choice import Choice, valid
from nascast.strategies.guided.fidelity import Fidelities
from nascast.strategies.guided.field import Coordinates, encoding_for, some_rows
from nascast.strategies.guided.memory import ALL, remembered
from nascast.strategies.guided.prior import Prior
from nascast.strategies.guided.process import Process
from nascast.strategies.guided.start import largest

__all__ = ["Guided"]

_RATIO = 9  # least ratio of the epochs of two rungs; chosen


@dataclass(eq=False, kw_only=True)
class Guided(Strategy):
    """Trains what a Gaussian process holds most promising, after a few large networks.

    The first architectures are drawn among the quarter with most parameters. Then each trial is the
    one with the largest upper confidence bound of a Gaussian process on neural graph features,
    fitted on the normal scores of what was told, one trial at a time: among all networks of the
    space where these are few enough, else among mutants of the best and random ones.

    - Candidates that are pending count as told with what is predicted for them (Desautels et al.
      2014, https://jmlr.org/papers/v15/desautels14a.html, section 4.1).
    - A failed trial counts as worse than every other.
    - With several objectives every proposal weighs them anew; see `targets.scalarised`.
    - With `fidelities` the process has the length of the training as one more coordinate. The row
      of the largest bound on a full training is trained for one rung more than before, the first
      time for the shortest; so that it goes on where what the short training said leaves it the
      largest, and else stays what taught of others.
    - Of more than 1,000 trials some are forgotten; see `memory.remembered`.
    - Limits are asked about what is proposed only, the best first: of few networks, unless they
      leave little of the space.

    The number of first ones, the weight, the length-scale and the noise are those of 35 settings
    that found the best cell soonest on 60 random halves of nb201-mini and of 5,000 cells of
    NAS-Bench-101, these after 36 and after 108 epochs; their differences from many others are
    within what such halves vary. The ratio of two rungs was chosen on NAS-Bench-101.

    Attributes:
        initial: number of first architectures.
        share: share of drawn networks, those with most parameters, that the first are; 1 is none.
        encoding: encoding of the architecture; None is neural graph features, or one-hot genes
            where the space has no graphs.
        weight: weight of the deviation in the upper confidence bound.
        length: length-scale of the kernel, of coordinates whose mean squared distance is 1.
        noise: variance of the noise, of targets whose variance is 1.
        candidates: number of candidates, where the space is not looked at as a whole.
        parents: number of the best architectures that three quarters of them are mutated from.
        prior: what is thought of architectures before the first trial, in place of a start with
            large ones; see `prior.trust` for how long.
        fidelities: epochs that can be trained for, ascending, of which the last is a full training;
            the rungs are a factor of 9 or more apart. None trains fully only.

    Raises:
        InvalidSettingError: a setting is out of range, or a prior is given for several objectives.
    """

    multi_objective: ClassVar[bool] = True

    initial: int = 3
    share: float = 0.25
    encoding: str | Spec | Encoding | None = None
    weight: float = 1.0
    length: float = 1.4
    noise: float = 0.03
    candidates: int = 250
    parents: int = 10
    prior: Prior | None = None
    fidelities: Sequence[int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = self.initial, self.candidates, self.parents
        if min(counts) < 1 or not 0 < self.share <= 1 or min(self.length, self.noise) <= 0:
            raise InvalidSettingError(
                "initial, candidates and parents are at least 1, share is above 0 and at most 1, "
                f"length and noise are positive; got {counts}, {self.share}, {self.length} and "
                f"{self.noise}"
            )
        if self.prior is not None and len(self.objectives) > 1:
            raise InvalidSettingError(
                "earlier trials and a prior are about one objective; name one metric"
            )
        if self.encoding is not None:  # what cannot be is found here
            check_encoding(self.space, component_of("encoding", self.encoding))
        levels = () if self.fidelities is None else thinned(self.fidelities, 1, _RATIO)
        self._lengths = Fidelities(levels if len(levels) > 1 else ())
        # What follows from the trials told, and is caught up with them when it is asked for.
        self._process: Process | None = None  # of all rows
        self._points: Floats | None = None  # coordinates of the trials
        self._selected = 0  # number of trials from which those of the process were selected
        self._met_at: list[int] = []  # places of the trials among all rows
        self._row_of: list[int] = []  # rows at the places that the process has behind all rows

    def check(self, records: Records, genes: Genes) -> None:
        check_recorded(self, self._lengths.levels, records, genes)

    @cached_property
    def _rows(self) -> Genes | None:
        return listing(self.space, LISTED)

    @cached_property
    def _coordinates(self) -> Coordinates:
        encoding: Encoding = (
            encoding_for(self.space)
            if self.encoding is None
            else component_of("encoding", self.encoding)
        )
        rows = some_rows(self.space) if self._rows is None else self._rows
        return Coordinates.by(self.space, encoding, rows)

    @cached_property
    def _before(self) -> Floats | None:
        """The means of the prior at all rows."""
        if self.prior is None:
            return None
        assert self._rows is not None
        return self.prior.means(self._coordinates, self._rows)

    @cached_property
    def _places(self) -> dict[bytes, int]:
        """The place of each network among all rows."""
        assert self._rows is not None
        return {network: i for i, network in enumerate(self.met.networks(self._rows))}

    @cached_property
    def _first(self) -> Genes:
        """The first architectures, drawn with the seed of the strategy."""
        rng = np.random.default_rng([self.seed, 0])
        drawn = self._unlike([], max(round(self.initial / self.share), self.initial), rng)
        if self.share == 1:
            return drawn
        return largest(self.space, self.task or usual_task(self.space), drawn, self.share)

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        busy = [candidate.arch.row()[0] for candidate in pending]
        found = self._beginning(n, rng, busy)
        known = np.isfinite(self.history.scores).all(1).any() or self.prior is not None
        if len(found) < n and known:
            found += self._promising(n - len(found), rng, [*busy, *found])
        if len(found) < n:
            met = [*self.history.genes, *busy, *found]
            found += [*self._unlike(met, n - len(found), rng)]
        if not found and len(self.history):  # all there is was met
            found = [self.history.genes[rng.integers(len(self.history))]]
        if not found and not busy:
            raise UnsupportedError(
                f"{self.space.name}: no architecture keeps to the limits; loosen them"
            )
        return self._candidates(found)

    def _candidates(self, found: list[Genes]) -> list[Candidate]:
        """Returns candidates for the rung after the last that each row was trained for."""
        following = self._lengths.following(self.history, self.met.networks(self.history.genes))
        rungs = [following.get(key, 0) for key in self.met.networks(self._stacked(found))]
        return [
            Candidate(self.space.architecture(row), self._lengths.epochs(rung))
            for row, rung in zip(found, rungs, strict=True)
        ]

    def _beginning(self, n: int, rng: np.random.Generator, busy: list[Genes]) -> list[Genes]:
        """Returns at most n of the first architectures, which come until there are enough."""
        n = min(n, self.initial - len(self.history) - len(busy))
        if n <= 0 or self.prior is not None:
            return []
        met = set(self.met.networks(self._stacked([*self.history.genes, *busy])))
        pairs = zip(self._first, self.met.networks(self._first), strict=True)
        rows = [row for row, network in pairs if network not in met]
        return [rows[i] for i in rng.permutation(len(rows))[:n]]

    def _promising(self, n: int, rng: np.random.Generator, busy: list[Genes]) -> list[Genes]:
        """Returns at most n rows of the largest upper confidence bounds."""
        networks = self.met.networks(self.history.genes)
        targets = self._lengths.targets(self.history, networks, rng)
        short = len(self._lengths) > 1
        selected, kept = remembered(targets[:, None] if short else self.history.scores)
        if self._rows is not None:
            choice = self._listed(busy, selected, kept)
        else:
            choice = self._drawn(rng, busy, kept, targets)
        return choice.take(n, targets[kept], self.weight)

    def _listed(self, busy: list[Genes], selected: int, kept: npt.NDArray[np.intp]) -> Choice:
        """Returns the choice among all rows."""
        assert self._rows is not None
        met = self._all_met()
        if self._process is None or self._selected != selected:
            points = self._at_full(self._rows)
            self._process = Process(points, [], length=self.length, noise=self.noise)
            self._selected, self._row_of = selected, []
        self._condition(self._process, kept[len(self._process) :])
        process = self._process.fork()
        taken = np.zeros(len(self._rows), dtype=bool)
        taken[np.asarray(met, dtype=np.intp)[self._lengths.is_done(self.history)]] = True
        for network in self.met.networks(self._stacked(busy)):  # as if trained fully
            process.add(self._places[network])
            taken[self._places[network]] = True
        before = self._before
        if before is not None:
            before = np.concatenate([before, before[self._row_of]])
        return Choice(self.space, self._rows, process, taken, before)

    def _condition(self, process: Process, new: npt.NDArray[np.intp]) -> None:
        """Adds trials to the process of all rows, a shorter training at a place of its own."""
        rungs = self._lengths.rungs(self.history)
        for i in new.tolist():
            place = self._met_at[i]
            if rungs[i] < len(self._lengths) - 1:
                self._row_of.append(place)
                known = process.places[[place], :-1]
                place = process.extend(self._lengths.at(known, self.length, rungs[[i]])[0])
            process.add(place)

    def _at_full(self, rows: Genes) -> Floats:
        """Returns coordinates of full trainings of rows."""
        return self._lengths.at(self._coordinates(rows), self.length)

    def _all_met(self) -> list[int]:
        """Returns the places of the trials among all rows."""
        new = self.met.networks(self.history.genes[len(self._met_at) :])
        self._met_at += [self._places[network] for network in new]
        return self._met_at

    def _drawn(
        self,
        rng: np.random.Generator,
        busy: list[Genes],
        kept: npt.NDArray[np.intp],
        targets: Floats,
    ) -> Choice:
        """Returns the choice among mutants of the best, random rows, and those to train on."""
        met = self._stacked([*self.history.genes, *busy])
        before = self._best_before()
        best = np.concatenate([self._best(targets), before])

        def candidates(n: int) -> Genes:
            if not len(best):
                return self.space.sample(n, rng)
            mutants = self.space.mutate(best[rng.integers(len(best), size=n - n // 4)], rng)
            return np.concatenate([before, mutants, self.space.sample(n // 4, rng)])

        new = distinct(candidates, self.candidates, self.met.networks, met)
        known = self._stacked([*self.history.genes[kept], *busy])
        rows = np.concatenate([known, new, self._unfinished(busy)])
        rungs = self._lengths.rungs(self.history)[kept]
        points = self._lengths.at(self._told_points()[kept], self.length, rungs)
        points = np.concatenate([points, self._at_full(rows[len(points) :])])
        told = list(range(len(known)))
        process = Process(points, told, length=self.length, noise=self.noise)
        choice = Choice(self.space, rows, process, np.arange(len(rows)) < len(known))
        if self.prior is not None:
            choice.prior = self.prior.means(self._coordinates, rows)
        return choice

    def _unfinished(self, busy: list[Genes]) -> Genes:
        """Returns a row of each network that can be trained on."""
        networks = self.met.networks(self.history.genes)
        done = {networks[i] for i in np.flatnonzero(self._lengths.is_done(self.history))}
        done.update(self.met.networks(self._stacked(busy)))
        left = {network: i for i, network in enumerate(networks) if network not in done}
        return self.history.genes[list(left.values())]

    def _best(self, targets: Floats) -> Genes:
        """Returns the best rows of the search."""
        order = self.history.best(self.parents)
        if len(self._lengths) > 1:
            order = np.argsort(-targets, kind="stable")[: self.parents]
        return self.history.genes[order]

    def _best_before(self) -> Genes:
        """Returns the best rows before the search, which are candidates as they are, too."""
        if self.prior is None:
            return self._stacked([])
        order = np.argsort(-self.prior.scores, kind="stable")[: self.parents]
        before = self.prior.rows[order]
        return before[self.space.is_valid(before)]

    def _told_points(self) -> Floats:
        """Returns ``(k, d)`` coordinates of the trials, each of which is encoded once."""
        have = 0 if self._points is None else len(self._points)
        new = self._coordinates(self.history.genes[have:])
        self._points = new if self._points is None else np.concatenate([self._points, new])
        return self._points

    def diagnostics(self) -> dict[str, list[float]]:
        """Returns what was predicted of each trial, and what it holds of parts of architectures.

        See `account.foreseen`; the value of ``parts/NAME`` is that of `account.parts`. There are
        none for several objectives, which every proposal weighs anew.
        """
        if len(self.objectives) > 1 or not len(self.history):
            return {}
        rows, rungs = self.history.genes[:ALL], self._lengths.rungs(self.history)[:ALL]
        points = self._lengths.at(self._told_points()[:ALL], self.length, rungs)
        prior, targets = self.prior, self._targets_before(len(rows))
        series = foreseen(
            Process(points, [], length=self.length, noise=self.noise),
            self.history.scores[:ALL, 0],
            targets.__getitem__,
            first=self.initial if prior is None else 0,
            noise=self.noise,
            means=None if prior is None else prior.means(self._coordinates, rows),
            rungs=rungs,
        )
        usual = some_rows(self.space)
        places = np.concatenate([points, self._at_full(usual)])
        process = Process(places, list(range(len(rows))), length=self.length, noise=self.noise)
        means = process.moments(targets[-1])[0][len(rows) :]
        return {
            **{name: values.tolist() for name, values in series.items()},
            **{f"parts/{name}": [v] for name, v in parts(self.space, usual, means).items()},
        }

    def _targets_before(self, n: int) -> list[Floats]:
        """Returns the ``(t,)`` targets of the first t trials as they were then; t is 0 to n."""
        history = History(self.space.length, self.objectives)
        networks = self.met.networks(self.history.genes[:n])
        found = [np.empty(0)]
        for t, trial in enumerate(self.history.trials[:n]):
            history.extend([trial])
            rng = np.random.default_rng(0)  # weighs objectives, of which there is one
            found.append(self._lengths.targets(history, networks[: t + 1], rng))
        return found

    def _unlike(self, met: list[Genes], n: int, rng: np.random.Generator) -> Genes:
        """Returns at most n random rows of different networks, none of which was met."""
        known = self._stacked(met)
        if self._rows is None:
            return distinct(lambda k: self.space.sample(k, rng), n, self.met.networks, known)
        left = np.ones(len(self._rows), dtype=bool)
        left[[self._places[network] for network in self.met.networks(known)]] = False
        order = rng.permutation(np.flatnonzero(left))
        return self._rows[valid(self.space, self._rows, order, n)]

    def _stacked(self, rows: list[Genes]) -> Genes:
        return np.asarray(rows, dtype=np.int16).reshape(-1, self.space.length)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": None, "_points": None, "_met_at": []}
