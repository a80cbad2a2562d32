"""Which is better with 50 labels: XGBoost on the encoding, or two epochs of training?"""

import numpy as np

import nascast
from nascast.studies.metrics import kendall


def main() -> None:
    """Prints τ and cost of both."""
    bench = nascast.load("benchmark", "nb201-mini")
    rng = np.random.default_rng(0)
    rows = rng.permutation(bench.genes())
    train, test = rows[:50], rows[50:]
    truth = bench.query(test, "val_accuracy")
    for name, settings in (("xgboost", {}), ("sotl_e", {"epochs": 2})):
        predictor = nascast.load("predictor", name, **settings)
        ledger = nascast.Ledger(bench, nascast.Objective("val_accuracy"))
        with ledger.phase("init"):
            predictor.initialize(ledger, train, rng)
        with ledger.phase("query"):
            scores = predictor.query(ledger, test).mean
        per_query = ledger.seconds["query"] / len(test)
        print(
            f"{name}: τ {kendall(scores, truth):.3f}, init {ledger.seconds['init']:.0f} s, "
            f"query {per_query:.2g} s"
        )


if __name__ == "__main__":
    main()
