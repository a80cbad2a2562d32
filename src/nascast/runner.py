"""The one search loop: nothing else evaluates, waits or writes."""

import math
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.evaluator import Evaluator
from nascast.core.executor import Executor
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Trial

__all__ = ["Budget", "run"]


@dataclass(frozen=True, slots=True)
class Budget:
    """When a run ends: after so many trials, or once they have cost so many seconds."""

    evaluations: int | None = None
    seconds: float = math.inf

    def __post_init__(self) -> None:
        if self.evaluations is None and math.isinf(self.seconds):
            raise InvalidSettingError("a budget needs a number of evaluations or of seconds")


def run(
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    executor: Executor,
    store: Store,
    name: str,
    budget: Budget,
    seed: int = 0,
) -> list[Trial]:
    """Searches until the budget is spent; a run that `store` knows is continued.

    A candidate whose evaluation fails is a trial with an error. With one worker, the same seed
    gives the same trials, also after a resume: candidate k is drawn with the seed ``(seed, k)``.

    Args:
        strategy: fresh; told the stored trials first.
        evaluator: gives trial k the seed k.
        executor: runs the evaluations.
        store: keeps the trials.
        name: of the run.
        budget: counts stored trials too.
        seed: of the run.

    Returns:
        All trials of the run, in the order in which they finished.
    """
    settings = {
        "strategy": type(strategy).__name__,
        "space": strategy.space.name,
        "objectives": [asdict(objective) for objective in strategy.objectives],
        "seed": seed,
    }
    store.begin(name, settings)
    trials = store.read(name)
    strategy.tell(trials)
    pending: dict[int, Candidate] = {}
    limit = math.inf if budget.evaluations is None else budget.evaluations
    spent = sum(trial.evaluation.seconds for trial in trials)
    asked = 1 + max((trial.id for trial in trials), default=-1)
    while True:
        while (
            len(pending) < executor.workers
            and len(trials) + len(pending) < limit
            and spent < budget.seconds
        ):
            rng = np.random.default_rng([seed, asked])
            candidates = strategy.ask(1, rng, list(pending.values()))
            if not candidates and pending:  # it waits for those
                break
            (candidate,) = candidates
            pending[asked] = candidate
            executor.submit(asked, partial(evaluator.evaluate, candidate, asked))
            asked += 1
        if not pending:
            return trials
        finished = []
        for done in executor.collect():
            assert isinstance(done.task, int)
            value = done.value or Evaluation({}, 0.0, done.error)
            finished.append(Trial(done.task, pending.pop(done.task), value, done.finished))
        store.append(name, finished)
        strategy.tell(finished)
        trials += finished
        spent += sum(trial.evaluation.seconds for trial in finished)
