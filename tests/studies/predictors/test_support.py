"""Tests of what records support."""

from pathlib import Path

from nascast.studies.predictors.design import Study
from nascast.studies.predictors.run import compare
from nascast.studies.records import open_benchmark


def test_auto_runs_where_one_of_its_members_cannot(tmp_path: Path) -> None:
    """The table has no losses, which OMNI reads, though it has scores of OMNI's proxy."""
    assert "train_loss" not in open_benchmark("nb101_sample").metrics
    study = Study(
        "nb101_sample",
        ("omni", "auto(epochs=4)"),
        {"train_size": (12,), "epochs": (4,)},
        trials=1,
        test_size=40,
    )
    omni, auto = compare(study, tmp_path)
    assert "train_loss" in (omni.error or "")
    assert auto.error is None
    assert auto.kendall > 0
    assert auto.batch == ""  # no proxy was read
    assert not (tmp_path / "proxies.jsonl").exists()  # and none computed
