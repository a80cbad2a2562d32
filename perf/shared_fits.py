"""Cells of a study that share what is learned, side by side with each learning by itself.

On nb201-mini with the query budgets of the grid ``quick``, the same cells run with what a group
learns kept and not kept, in turn. Predictions must be equal to the last digit. `lcnet` learns from
labels and whole curves alone; of `auto` three of eight members do, and with 100 labels NAO, too.

Run: OMP_NUM_THREADS=1 python perf/shared_fits.py [--predictors lcnet,auto] [--labels 50]
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from nascast.core.kept import Kept
from nascast.studies.predictors import run
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.grids import grid
from nascast.studies.predictors.order import Group
from nascast.studies.predictors.results import Result
from nascast.studies.records import open_benchmark

_KEEPS = run._learned


def alone(group: Group) -> Kept:
    """Returns nothing that was learned before."""
    return Kept()


def timed(study: Study, keeps: bool) -> tuple[float, list[Result]]:
    """Returns the processor seconds of the cells of a study, and their results."""
    run._learned = _KEEPS if keeps else alone  # type: ignore[assignment]
    with TemporaryDirectory() as folder:
        began = time.process_time()
        found = run.compare(study, Path(folder))
        return time.process_time() - began, found


def main() -> None:
    """Prints seconds with and without, and their ratio, for each predictor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictors", default="lcnet,auto")
    parser.add_argument("--labels", type=int, default=50)
    options = parser.parse_args()
    epochs = grid("quick", open_benchmark("nb201-mini"), "val_accuracy", 200)["epochs"]
    for name in options.predictors.split(","):
        warm = Study("nb201-mini", (name,), {"train_size": (8,), "epochs": epochs[:1]}, trials=1)
        timed(warm, True)  # imports
        axes = {"train_size": (options.labels,), "epochs": epochs}
        study = Study("nb201-mini", (name,), axes, trials=1)
        (shared, one), (single, other) = timed(study, True), timed(study, False)
        assert [item.predicted for item in one] == [item.predicted for item in other]
        count = f"{name}, {options.labels} labels, epochs {epochs}"
        print(f"{count}: {shared:.1f} s shared, {single:.1f} s alone, ratio {shared / single:.2f}")


if __name__ == "__main__":
    main()
