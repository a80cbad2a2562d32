"""A search in a folder that is asked for candidates, and told what came of them.

Strategy, space, limits, duplicates, what is pending and the budget are kept here; training happens
wherever the caller likes. ``search.json`` has the plan, ``asked.jsonl`` what was given out, and
``trials.sqlite`` what was told. A candidate is on disk before it is returned, and a trial before
`tell` returns, so that a kill loses nothing that was acknowledged. Processes take turns.
"""

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from nascast.core import plugins
from nascast.core.clock import processor_seconds
from nascast.core.errors import InvalidSettingError, SearchWarning, StoreError
from nascast.core.met import Met
from nascast.core.metric import unit_of
from nascast.core.setup import spec_of
from nascast.core.space import SearchSpace
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.core.versions import versions
from nascast.studies.asktell.kept import Kept, State
from nascast.studies.asktell.pending import Given, Pending
from nascast.studies.asktell.plan import Plan, keep_plan, read_plan
from nascast.studies.asktell.results import Result
from nascast.studies.searches.design import run_name, strategy_of
from nascast.studies.searches.results import TRIALS, read_search

__all__ = ["AskTell"]


class AskTell:
    """A search in a folder; several processes may have it open at once.

    Attributes:
        folder: folder of the search.
        plan: plan that it was begun with.
        space: space of what may be proposed.
    """

    folder: Path
    plan: Plan
    space: SearchSpace

    def __init__(self, folder: str | Path, plan: Plan | None = None) -> None:
        """Opens a search, or begins it.

        Args:
            folder: folder of the search.
            plan: plan to begin with, or the same with another budget; None reads the one there.

        Raises:
            MissingDataError: there is no plan in the folder, and none is given.
            StoreError: the folder has another plan, lacks its trials, or cannot be written.
        """
        self.folder = Path(folder)
        if plan is not None:
            self._keep(plan)
        self.plan, self._began = read_plan(self.folder)
        self.space = self.plan.allowed()
        self._met = Met(self.space)  # for its keys of networks
        self._name = run_name(self.plan.spec, self.plan.seed)
        self._pending = Pending(self.folder, self.plan.space)
        if self._pending.read() and not (self.folder / TRIALS).exists():
            raise StoreError(
                f"{self.folder} gave out candidates, and the file of its trials is gone: "
                f"expected {TRIALS}; restore it from a copy, or begin in another folder"
            )
        self._store: Store = plugins.load("store", "sqlite", self.folder / TRIALS)
        self._strategy = self._fresh()
        if self._name not in self._store.runs():
            setup = replace(
                self.plan.search().setup(),
                strategy=spec_of(self._strategy, self.plan.seed),
                seed=self.plan.seed,
            )
            self._store.begin(self._name, {**setup.json(), "versions": versions()})

    def ask(self, n: int = 1) -> State:
        """Returns candidates that the strategy proposes, at most n; they are pending from now on.

        Raises:
            InvalidSettingError: n is below 1.
        """
        if n < 1:
            raise InvalidSettingError(f"the number of candidates is at least 1; got {n}")
        with self._locked() as kept:
            state = kept.state()
            if state.over:
                return replace(state, why=_untimed(kept) or "the budget is spent")
            given = self._asked(n if state.left is None else min(n, state.left), kept)
            self._pending.add(given)
            why = "" if given else "the strategy waits for what is pending"
            return self._kept().state(given, why=why)

    def propose(self, text: str, epochs: int | None = None) -> State:
        """Returns a candidate that somebody else proposes, which is pending from now on.

        Args:
            text: architecture in any notation of the space.
            epochs: epochs to train it for; None is full training.

        Raises:
            InvalidArchitectureError: it is none of the space, or does not keep to the limits.
            StoreError: its network was told or is pending, with so many epochs; or the budget is
                spent.
        """
        candidate = self._candidate(text, epochs)
        with self._locked() as kept:
            kept.check_new(candidate, self._met, None)
            given = [Given(kept.next(), candidate, self._clock(), outside=True)]
            self._pending.add(given)
            return self._kept().state(given)

    def tell(self, results: Sequence[Result]) -> State:
        """Stores results, all or none; being told the same again changes nothing.

        Raises:
            InvalidSettingError: a result cannot be, lacks an objective, or has a number that was
                not given out; seconds are missing, and the budget is in seconds.
            InvalidArchitectureError: a proposal is none of the space, or not within the limits.
            StoreError: another result of the same was told before; or see `propose`.
        """
        evaluations = [result.evaluation(self.plan.objectives) for result in results]
        own = [r.architecture and self._candidate(r.architecture, r.epochs) for r in results]
        with self._locked() as kept:
            timed = not any(math.isnan(evaluation.seconds) for evaluation in evaluations)
            if not math.isinf(kept.plan.seconds) and not timed:
                raise InvalidSettingError("the budget is in seconds; say how many each result took")
            now, trials = kept, list[Trial]()
            for result, candidate, evaluation in zip(results, own, evaluations, strict=True):
                trial = self._trial(now, result.id, candidate or None, evaluation)
                trials += [trial] if trial else []
                now = replace(kept, trials=[*kept.trials, *trials])
            self._store.append(self._name, trials)
            told = self._kept()
        if trials:
            self._warn_of_fractions(told.trials)
        return told.state(trials=trials)

    def state(self) -> State:
        """Returns where the search stands."""
        return self._kept().state()

    def trials(self) -> list[Trial]:
        """Returns all trials, in the order in which they were told."""
        return self._store.read(self._name)

    def best(self) -> Trial | None:
        """Returns the first trial of the best score, of the first objective; None if all failed.

        Those of the longest training count: shorter ones are judged by less.
        """
        runs = read_search(self.folder).runs  # one, or none before the first trial
        place = runs[0].best() if runs else None
        return None if place is None else runs[0].trials[place]

    def _warn_of_fractions(self, trials: Sequence[Trial]) -> None:
        """Warns where percentages look like fractions, as long as none is above 1."""
        for metric in [o.metric for o in self.plan.objectives if unit_of(o.metric) == "percent"]:
            values = [trial.evaluation.metrics.get(metric, math.nan) for trial in trials]
            if any(0 < value < 1 for value in values) and not any(value > 1 for value in values):
                warnings.warn(
                    f"every {metric} that was told is at most 1; it is told in percent, so that "
                    "0.93 means less than one percent",
                    SearchWarning,
                    stacklevel=3,
                )

    def _keep(self, plan: Plan) -> None:
        plan.allowed()  # what is wrong with it shows before anything is written
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise StoreError(f"expected a folder; {self.folder} is none; name another") from error
        except OSError as error:
            raise StoreError(f"cannot write to {self.folder}: {error.strerror}") from error
        with Pending(self.folder, plan.space).locked():
            self._check_timed(plan)
            keep_plan(plan, self.folder)

    def _check_timed(self, plan: Plan) -> None:
        """Raises if a budget in seconds is given to trials that do not say what they took."""
        if math.isinf(plan.seconds) or not (self.folder / TRIALS).is_file():
            return
        store: Store = plugins.load("store", "sqlite", self.folder / TRIALS)
        name = run_name(plan.spec, plan.seed)
        trials = store.read(name) if name in store.runs() else []
        if why := _untimed(Kept(plan, [], trials)):
            raise InvalidSettingError(why)

    def _fresh(self) -> Strategy:
        found = strategy_of(self.plan.search(), self.plan.spec, self.space, self.plan.seed)
        found.task = self.plan.trained_for()
        return found

    @contextmanager
    def _locked(self) -> Iterator[Kept]:
        with self._pending.locked():
            yield self._kept()

    def _kept(self) -> Kept:
        self.plan, _ = read_plan(self.folder)  # somebody may have given it another budget
        return Kept(self.plan, self._pending.read(), self._store.read(self._name))

    def _clock(self) -> float:
        return max(time.time() - self._began, 0.0)

    def _candidate(self, text: str, epochs: int | None) -> Candidate:
        if epochs is not None and (type(epochs) is not int or epochs < 1):
            raise InvalidSettingError(f"epochs are a whole number from 1, or None; got {epochs!r}")
        row = np.asarray(self.space.read(text).genes, dtype=np.int16)
        self.space.check(row[None])
        return Candidate(self.space.architecture(row), epochs)

    def _asked(self, n: int, kept: Kept) -> list[Given]:
        """Returns what the strategy proposes, drawn as `nascast.run` would draw it.

        What was told before the last time that it proposed was learned then, and charged.
        """
        first, history = kept.next(), self._strategy.history
        last = max((one.at for one in kept.given if not one.outside), default=-math.inf)
        known = sum(trial.finished <= last for trial in kept.trials)
        self._strategy.tell(kept.trials[len(history) : known])
        began = processor_seconds()
        self._strategy.tell(kept.trials[len(history) :])
        pending = [one.candidate for one in kept.pending()]
        found = self._strategy.ask(n, np.random.default_rng([self.plan.seed, first]), pending)[:n]
        share = (processor_seconds() - began) / max(len(found), 1)
        return [Given(first + k, one, self._clock(), share) for k, one in enumerate(found)]

    def _trial(
        self, kept: Kept, number: int | None, own: Candidate | None, evaluation: Evaluation
    ) -> Trial | None:
        """Returns the trial of a result; None if it was told before."""
        if number is not None:
            given = kept.candidate(number, evaluation)
            if given is None:
                return None
            return Trial(number, given.candidate, evaluation, self._clock(), given.thinking)
        assert own is not None
        if not kept.check_new(own, self._met, evaluation):
            return None
        return Trial(kept.next(), own, evaluation, self._clock())


def _untimed(kept: Kept) -> str:
    """Returns why a budget in seconds cannot be kept to; empty if it can, or there is none."""
    untimed = [] if math.isinf(kept.plan.seconds) else kept.untimed()
    if not untimed:
        return ""
    return (
        f"a budget in seconds adds up what trials took, and trial {untimed[0]} was told without; "
        "give a number of evaluations in its place"
    )
