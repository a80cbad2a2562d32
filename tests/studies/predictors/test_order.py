"""The order of cells, and what those of a group learn together."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core.executor import Done
from nascast.core.spec import Spec
from nascast.executors.serial import Serial
from nascast.studies.predictors import run
from nascast.studies.predictors.design import Cell, Study, cells
from nascast.studies.predictors.order import Order, group_of
from nascast.studies.predictors.run import compare

STUDY = Study(
    "nb201-mini",
    ("gp", "lcnet(steps=5)", "sotl_e"),
    {"train_size": (8, 30), "epochs": (2, 4)},
    trials=2,
    test_size=20,
)


def test_unknown_groups_come_with_most_labels_first_and_then_the_longest() -> None:
    order = Order(cells(STUDY))
    order.took(Cell(Spec("gp"), cells(STUDY)[0].budget, 0), 5.0)  # gp with 8 labels
    found: list[Cell] = []
    while (cell := order.next()) is not None:
        found.append(cell)
        order.took(cell, {"gp": 1.0, "lcnet": 9.0, "sotl_e": 0.1}[cell.predictor.name])
    assert len(found) == len(set(found)) == len(cells(STUDY))
    kinds = [(c.predictor.name, c.budget.get("train_size", 0)) for c in found]
    assert kinds[:2] == [("gp", 30), ("lcnet", 30)]  # nothing was known of them
    assert kinds.index(("gp", 8)) > kinds.index(("sotl_e", 0))
    groups = list(dict.fromkeys(kinds))
    begun = [group_of(cell) for cell in found]
    assert len(set(begun)) == 2 * len(groups)


def test_a_worker_goes_on_with_its_group_and_no_two_begin_the_same() -> None:
    order = Order([cell for cell in cells(STUDY) if cell.predictor.name == "lcnet"])
    first, second = order.next(), order.next()
    assert first is not None
    assert second is not None
    assert group_of(first) != group_of(second)
    again = order.next(first)
    assert again is not None
    assert group_of(again) == group_of(first)


class _TwoWorkers(Serial):
    """Counts the calls that are submitted and not collected."""

    workers = 2

    def __init__(self) -> None:
        super().__init__()
        self.most, self.running = 0, 0

    def submit(self, task: Hashable, call: Any) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        super().submit(task, call)

    def collect(self) -> list[Done]:
        found = super().collect()
        self.running -= len(found)
        return found


def test_cells_that_share_a_fit_learn_once_and_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run._learned.cache_info()
    shared = compare(STUDY, tmp_path / "shared")
    after = run._learned.cache_info()
    assert after.misses - before.misses == 4 + 2  # groups of lcnet, and of sotl_e
    assert after.hits - before.hits == 4 + 2  # the second cell of each
    monkeypatch.setattr(run, "_learned", lambda group: None)
    executor = _TwoWorkers()
    alone = compare(STUDY, tmp_path / "alone", executor)
    assert executor.most == 2
    for one, other in zip(shared, alone, strict=True):
        assert one.cell == other.cell
        assert one.error is None
        assert np.array_equal(one.predicted, other.predicted)
