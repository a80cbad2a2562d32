"""A strategy with two predictors inside: XGBoost on what it was told, and Jacobian covariance."""

from dataclasses import dataclass

import numpy as np

import nascast
from nascast.core.evidence import Told
from nascast.core.ledger import Memo
from nascast.core.strategy import Strategy
from nascast.core.types import Floats, Genes, Task
from nascast.studies.records import recorded_space


@dataclass(eq=False, kw_only=True)
class Guided(Strategy):
    """Proposes, of a random pool, what XGBoost and Jacobian covariance rank best together."""

    task: Task
    initial: int = 10
    pool: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        self.memo: Memo = {}  # scores of networks at birth, which trials do not change

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        pool = self.space.sample(max(n, self.pool), rng)
        told = Told(self.history, self.space, self.task)
        if len(told.genes()) < self.initial:
            return pool
        batch = nascast.Batch.random(self.task, 16)
        ledger = nascast.Ledger(told, self.objectives[0], batch=batch, memo=self.memo)
        model = nascast.load("predictor", "xgboost", n_estimators=50)
        proxy = nascast.load("proxy", "jacov")
        with ledger.phase("init"):
            model.initialize(ledger, told.genes(), rng)
        with ledger.phase("query"):
            model_best = pool[np.argsort(-model.query(ledger, pool).mean)[: max(n, 5)]]
            scores = [model.query(ledger, model_best).mean, proxy.query(ledger, model_best).mean]
        return model_best[np.argsort(-sum(map(ranks, scores)))]


def ranks(scores: Floats) -> Floats:
    """Returns ``(n,)`` ranks from 0; what is not defined is last."""
    return np.argsort(np.argsort(np.nan_to_num(scores, nan=-np.inf))).astype(np.float64)


bench = nascast.load("benchmark", "nb201-mini")
space, known = recorded_space(bench), {"executor": "simulated", "store": "memory"}
for strategy in (Guided(space, task=bench.task), nascast.load("strategy", "random", space)):
    parts = {kind: nascast.load(kind, name) for kind, name in known.items()}
    budget = nascast.Budget(evaluations=15)
    trials = nascast.run(strategy, bench, **parts, name="run", budget=budget, seed=1)
    best = max(trial.evaluation.metrics["val_accuracy"] for trial in trials)
    thought = sum(trial.thinking for trial in trials)
    print(f"{type(strategy).__name__}: best {best:.2f} %, {thought:.1f} s of thinking on the clock")
