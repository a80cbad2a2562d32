"""Zero-cost scores that a search begins with: those of random networks that nobody trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nascast.core import plugins
from nascast.core.evidence import Told
from nascast.core.history import History
from nascast.core.ledger import Ledger, Memo
from nascast.core.predictor import PerformancePredictor, Proxy
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.threads import one_thread
from nascast.core.types import Batch, Floats, Genes, Objective, Task
from nascast.studies.journal import Journal
from nascast.studies.predictors.scores import memo_of, records_of
from nascast.studies.progress import Progress

if TYPE_CHECKING:
    from nascast.benchmarks.table import ScoreTable

__all__ = ["Untrained", "is_zero_cost", "untrained"]

_COUNT = 500  # networks: as many records of other data are enough; chosen
_BATCH = 64  # inputs of proxies that read some, as in studies
_DRAWN = 4  # times as many rows, since some are one network; chosen
_CHUNK = 10  # networks between two writes to the journal; chosen, some seconds of work


@dataclass(frozen=True, slots=True)
class Untrained:
    """Scores of untrained networks.

    Attributes:
        rows: ``(n, length)`` architectures, one for each network.
        scores: ``(n,)`` scores, larger is better; NaN where one is not defined.
        seconds: processor seconds that they took, also when they were computed earlier.
    """

    rows: Genes
    scores: Floats
    seconds: float


def is_zero_cost(name: str) -> bool:
    """Whether a predictor reads untrained networks alone: a proxy, or several joined."""
    name = name.partition("(")[0].strip()
    return name in plugins.names("proxy") or (
        name in plugins.names("predictor") and plugins.family("predictor", name) == "zero_cost"
    )


def untrained(
    spec: Spec,
    space: SearchSpace,
    task: Task,
    *,
    count: int = _COUNT,
    seed: int = 0,
    recorded: "ScoreTable | None" = None,
    kept: Journal | None = None,
    progress: Progress | None = None,
) -> Untrained:
    """Returns the zero-cost scores of random networks of a space.

    Args:
        spec: spec of the predictor, such as ``az_nas``.
        space: search space.
        task: task that the networks are for.
        count: number of networks; there are fewer where the space has no more.
        seed: seed of the draw.
        recorded: scores on record; where they are all that the predictor reads, none is computed,
            and networks are drawn among those that have them.
        kept: journal of scores, read and extended, so that none is computed twice.
        progress: functions that are called with every step.

    Raises:
        UnsupportedError: the space has no networks for the task, or none that are scored so.
    """
    predictor: PerformancePredictor = spec.load("predictor")
    rng, progress = np.random.default_rng(seed), progress or Progress()
    memo: Memo = {} if kept is None else memo_of(kept.read())
    ledger = _ledger(predictor, space, task, memo, recorded)
    drawn = space.canonical(ledger.sample(_DRAWN * count, rng))
    rows = drawn[np.sort(space.distinct(drawn))][:count]
    progress.start("untrained networks", len(rows) + predictor.reference)
    scores = []
    with one_thread(*predictor.modules):
        with ledger.phase("init"), _keeping(memo, kept):
            predictor.initialize(ledger, rows[:0], rng)
        progress.advance(predictor.reference)
        for start in range(0, len(rows), _CHUNK):
            with ledger.phase("query"), _keeping(memo, kept):
                scores.append(predictor.query(ledger, rows[start : start + _CHUNK]).mean)
            progress.advance(len(scores[-1]))
    return Untrained(rows, np.concatenate(scores), sum(ledger.seconds.values()))


@contextmanager
def _keeping(memo: Memo, kept: Journal | None) -> Iterator[None]:
    """Adds to a journal the scores that are computed inside."""
    known = set(memo)
    yield
    if kept is not None:
        kept.append_all(records_of({item: memo[item] for item in memo.keys() - known}))


def _ledger(
    predictor: PerformancePredictor,
    space: SearchSpace,
    task: Task,
    memo: Memo,
    recorded: "ScoreTable | None",
) -> Ledger:
    """Returns a ledger without trainings, on recorded scores if these are all that is read."""
    objective = Objective("any", minimize=False)
    records = Told(History(space.length, (objective,)), space, task)
    proxies = [feature for feature in predictor.features if isinstance(feature, Proxy)]
    if recorded is not None:
        batch = Batch.named(task, recorded.batch)
        ledger = Ledger(records, objective, batch=batch)
        keys = {proxy.key(ledger) for proxy in proxies}
        if keys <= set(recorded.keys):
            memo |= recorded.memo(keys)
            among = recorded.rows(keys)
            return Ledger(records, objective, batch=batch, memo=memo, among=among)
    return Ledger(records, objective, batch=Batch.random(task, _BATCH), memo=memo)
