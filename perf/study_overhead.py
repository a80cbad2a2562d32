"""Overhead of a study: the processor seconds that no predictor's work is.

Cells of the grid ``quick`` on nb201-mini run one after the other in this process, and every
`initialize` and `query` is timed. What is left is the overhead: splits, ledgers, figures of merit,
the journal, the table of results and its summary. What the predictors import is loaded beforehand.

Run: OMP_NUM_THREADS=1 python perf/study_overhead.py [--predictors xgboost,gp] [--trials 2]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.studies.predictors import run
from nascast.studies.predictors.design import Cell, Study, predictor_of
from nascast.studies.predictors.grids import grid
from nascast.studies.predictors.summary import summarize
from nascast.studies.records import open_benchmark

_USUAL = "xgboost,ngboost,gp,gcn,nao,mlp,jacov,synflow,sotl_e,lce,early_stop_accuracy,lcsvr,omni"


class Watch:
    """The processor seconds that predictors took."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def of(self, cell: Cell) -> PerformancePredictor:
        """Returns the predictor of a cell, timed."""
        predictor = predictor_of(cell).like()
        for name in ("initialize", "query"):
            setattr(predictor, name, self._timed(getattr(predictor, name)))
        return predictor

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            began = time.process_time()
            try:
                return call(*given)
            finally:
                self.seconds += time.process_time() - began

        return timed


def measured(study: Study) -> tuple[float, float, int]:
    """Returns the processor seconds of a study and of its predictors, and the number of cells."""
    watch = Watch()
    run.predictor_of = watch.of  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        began = time.process_time()
        found = run.compare(study, Path(folder))
        summarize(found)
        return time.process_time() - began, watch.seconds, len(found)


def main() -> None:
    """Prints the overhead for each predictor, and for all together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictors", default=_USUAL)
    parser.add_argument("--trials", type=int, default=2)
    options = parser.parse_args()
    names = tuple(map(str, Spec.parse_list("predictor", options.predictors)))
    axes = grid("quick", open_benchmark("nb201-mini"), "val_accuracy", 200)
    few = {"train_size": axes["train_size"][:1], "epochs": axes["epochs"][:1]}
    for told in (*((name,) for name in names), names):
        measured(Study("nb201-mini", told, few, trials=1))  # imports
        whole, own, cells = measured(Study("nb201-mini", told, axes, trials=options.trials))
        each = 1000 * (whole - own) / cells
        what = told[0] if len(told) == 1 else f"all {len(told)}"
        print(
            f"{what}: {cells} cells, {whole:.1f} s, overhead {100 * (whole - own) / whole:.1f} %, "
            f"{each:.0f} ms a cell",
            flush=True,
        )


if __name__ == "__main__":
    main()
