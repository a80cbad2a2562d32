"""What a folder keeps at one moment: candidates given out, and trials told."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.met import Met
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.studies.asktell.pending import Given
from nascast.studies.asktell.plan import Plan

__all__ = ["Kept", "State"]


@dataclass(frozen=True, slots=True)
class State:
    """Where a search stands.

    Attributes:
        given: candidates that the call gave out.
        trials: trials that the call was told.
        pending: all candidates that are given out and not told.
        finished: number of trials.
        left: number of trials that the budget allows beside those and the pending; None: any.
        seconds_left: seconds of evaluations that it allows; None: any; NaN: not known, since a
            trial does not say what it took.
        why: reason why a call that asked got no candidate; else empty.
    """

    given: Sequence[Given]
    trials: Sequence[Trial]
    pending: Sequence[Given]
    finished: int
    left: int | None
    seconds_left: float | None
    why: str = ""

    @property
    def over(self) -> bool:
        """Whether no candidate is given out any more."""
        spent = self.seconds_left is not None and not self.seconds_left > 0  # or not known
        return self.left == 0 or spent


@dataclass(frozen=True, slots=True)
class Kept:
    """Candidates given out, and trials told.

    Attributes:
        plan: plan of the search.
        given: all candidates given out.
        trials: all trials told, in that order.
    """

    plan: Plan
    given: Sequence[Given]
    trials: Sequence[Trial]

    def pending(self) -> list[Given]:
        """Returns the candidates without a trial."""
        told = {trial.id for trial in self.trials}
        return [one for one in self.given if one.id not in told]

    def next(self) -> int:
        """Returns the number of the next candidate."""
        numbers = [*(one.id for one in self.given), *(trial.id for trial in self.trials)]
        return 1 + max(numbers, default=-1)

    def untimed(self) -> list[int]:
        """Returns the numbers of the trials that do not say what seconds they took."""
        return [trial.id for trial in self.trials if math.isnan(trial.evaluation.seconds)]

    def state(
        self, given: Sequence[Given] = (), trials: Sequence[Trial] = (), why: str = ""
    ) -> State:
        """Returns where the search stands, after some were given out or told."""
        pending, plan = self.pending(), self.plan
        taken = len(self.trials) + len(pending)
        left = plan.seconds - math.fsum(trial.evaluation.seconds for trial in self.trials)
        return State(
            given=given,
            trials=trials,
            pending=pending,
            finished=len(self.trials),
            left=None if plan.evaluations is None else max(plan.evaluations - taken, 0),
            seconds_left=None if math.isinf(plan.seconds) else max(left, 0.0),
            why=why,
        )

    def candidate(self, number: int, evaluation: Evaluation) -> Given | None:
        """Returns the pending candidate of a number; None if the same result was told before.

        Raises:
            StoreError: another result was told before.
            InvalidSettingError: there is no such candidate.
        """
        for trial in self.trials:
            if trial.id == number:
                if _same(trial.evaluation, evaluation):
                    return None
                raise StoreError(
                    f"trial {number} was told before with another result: "
                    f"{_words(trial.evaluation)}; what was told stays"
                )
        pending = self.pending()
        for one in pending:
            if one.id == number:
                return one
        there = ", ".join(str(one.id) for one in pending)
        what = f"pending are {there}" if there else "none is pending"
        raise InvalidSettingError(f"no candidate {number} was given out; {what}")

    def check_new(self, candidate: Candidate, met: Met, evaluation: Evaluation | None) -> bool:
        """Returns whether a candidate from outside is new; False if its trial was told the same.

        Args:
            candidate: candidate from outside.
            met: finds the key of a network.
            evaluation: result of it; None if there is none yet.

        Raises:
            StoreError: its network was told with another result, or is pending; or the budget is
                spent.
        """
        pending, trials = self.pending(), self.trials
        known = [*(trial.candidate for trial in trials), *(one.candidate for one in pending)]
        keys = _keys([candidate, *known], met)
        for key, trial in zip(keys[1:], trials, strict=False):
            if key == keys[0] and evaluation is not None and _same(trial.evaluation, evaluation):
                return False
            if key == keys[0]:
                raise StoreError(
                    f"trial {trial.id} is of the same network: {_words(trial.evaluation)}; propose "
                    "another one"
                )
        for key, one in zip(keys[1 + len(trials) :], pending, strict=True):
            if key == keys[0]:
                raise StoreError(
                    f"the same network is pending as candidate {one.id}; tell its result with that "
                    "number"
                )
        if self.state().over:
            raise StoreError("the budget is spent; give the folder a larger one to go on")
        return True


def _keys(candidates: Collection[Candidate], met: Met) -> list[tuple[bytes, int | None]]:
    """Returns keys, equal for one network that is trained for as many epochs."""
    genes = np.asarray([candidate.arch.genes for candidate in candidates], dtype=np.int16)
    epochs = (candidate.epochs for candidate in candidates)
    return list(zip(met.networks(genes), epochs, strict=True))


def _same(one: Evaluation, other: Evaluation) -> bool:
    """Whether two evaluations say the same, in whatever order; NaN is NaN."""
    return _text(one) == _text(other)


def _text(evaluation: Evaluation) -> str:
    parts = (sorted(part.items()) for part in (evaluation.metrics, evaluation.curves))
    return repr((*parts, evaluation.seconds, evaluation.error))


def _words(evaluation: Evaluation) -> str:
    if evaluation.error is not None:
        return f"failed with {evaluation.error!r}"
    return ", ".join(f"{name} {value:g}" for name, value in evaluation.metrics.items())
