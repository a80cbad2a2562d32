"""Optuna proposes; nascast keeps validity, duplicates, the budget and the trials."""

import tempfile
from typing import Any

import nascast

try:
    import optuna
except ImportError:
    optuna = None


def search(folder: str) -> Any:
    """Returns the best trial of a search that Optuna's sampler drives."""
    bench = nascast.load("benchmark", "nb201_seeds")
    kept = nascast.AskTell(folder, nascast.Plan("nasbench201", evaluations=30))

    def objective(trial: Any) -> float:
        genes = [trial.suggest_int(f"edge {i}", 0, 4) for i in range(6)]
        try:
            (given,) = kept.propose("-".join(map(str, genes))).given
        except nascast.NascastError as why:  # met before, not valid, or no budget left
            raise optuna.TrialPruned(str(why)) from None
        found = bench.evaluate(given.candidate)
        kept.tell([nascast.Result(given.id, metrics=found.metrics, seconds=found.seconds)])
        return float(found.metrics["val_accuracy"])

    optuna.create_study(direction="maximize").optimize(objective, n_trials=30)
    return kept.best()


if __name__ == "__main__":
    if optuna is None:
        print("this example needs Optuna: pip install optuna")
    else:
        with tempfile.TemporaryDirectory() as place:
            print(search(place))
