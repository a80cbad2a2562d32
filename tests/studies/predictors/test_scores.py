"""Scores recorded beside a table: a study reads them, and computes none of them again."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks.nb201_mini import nb201_mini
from nascast.benchmarks.table import Table, read_table, table_of, write_scores
from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger, Memo, Score
from nascast.core.types import Batch, Genes, Objective
from nascast.studies.predictors.design import RECORDED, Study, predictor_of
from nascast.studies.predictors.head import read_head
from nascast.studies.predictors.run import compare
from nascast.studies.predictors.split import batch_of, with_scores
from nascast.studies.records import open_benchmark

IMAGES = "64 images of a data set that is not here"
SCORED = 50
LABELLED = {"train_size": (12,)}


def record(folder: Path, source: str = IMAGES) -> tuple[Study, Genes]:
    """Writes a table with made-up scores of some rows beside it; returns a study and the rows."""
    path = folder / "mine.nascast"
    shutil.copy(nb201_mini().path, path)
    table = read_table(path)
    rows = np.random.default_rng(5).permutation(table.genes())[:SCORED]
    found = table_of(made_up(table, rows, source), "nasbench201", (source, 64), {})
    write_scores(found, path.with_suffix(".scores"))
    return Study(path, ("jacov",), axes={}, trials=2, test_size=20), rows


def made_up(table: Table, rows: Genes, source: str) -> Memo:
    batch = Batch.named(table.task, source)
    ledger = Ledger(table, Objective("val_accuracy"), batch=batch)
    keys = [plugins.load("proxy", name).key(ledger) for name in plugins.builtin_names("proxy")]
    return {
        (key, row.tobytes()): Score(float(i), 3.0, {"network": 2.0})
        for key in keys
        for i, row in enumerate(rows)
    }


def test_a_study_reads_recorded_scores_and_charges_their_seconds(tmp_path: Path) -> None:
    study, rows = record(tmp_path)
    table = read_table(Path(str(study.benchmark)))
    value = {text: float(i) for i, text in enumerate(table.space.to_text(rows))}
    for result in compare(study, tmp_path / "out"):
        assert result.error is None
        assert result.predicted == tuple(value[text] for text in result.architectures)
        assert result.query_seconds_each == pytest.approx(5.0, abs=0.05)
        assert result.batch == IMAGES
    assert f"recorded scores of {SCORED}" in read_head(tmp_path / "out").batch


def test_what_was_not_recorded_is_not_computed_with_another_batch(tmp_path: Path) -> None:
    study, _ = record(tmp_path)
    both = replace(study, predictors=("jacov", "jacov(seed=1)"), trials=1)
    good, bad = compare(both, tmp_path / "out")
    assert good.error is None
    assert bad.error is not None
    assert "not at hand" in bad.error
    assert "--images random" in bad.error
    with pytest.raises(InvalidSettingError, match=r"50 distinct ones with recorded.*images random"):
        compare(replace(study, test_size=51), tmp_path / "more")


def test_a_reference_is_drawn_among_what_is_recorded(tmp_path: Path) -> None:
    study, rows = record(tmp_path)
    texts = read_table(Path(str(study.benchmark))).space.to_text(rows)
    place = {text: i for i, text in enumerate(texts)}
    for name, count in (("vkdnw_agg(reference=30)", 30), ("az_nas(reference=60)", SCORED)):
        found = compare(replace(study, predictors=(name,)), tmp_path / name)
        for result in found:
            assert result.error is None
            order = np.argsort([place[text] for text in result.architectures])
            assert (np.diff(np.asarray(result.predicted)[order]) >= 0).all()
            paid = count * (3 * len(predictor_of(result.cell).features) + 2)  # seconds of `made_up`
            assert result.init_seconds_total == pytest.approx(paid, abs=1)
        if count < SCORED:  # each trial has its own reference
            assert found[0].predicted != found[1].predicted


def test_unlabelled_architectures_are_drawn_among_what_is_recorded(tmp_path: Path) -> None:
    study, _ = record(tmp_path)
    spec = "omni_seminas(curves=[], epochs=1, model=seminas(epochs=2, members=1))"
    axes = {"train_size": (10,), "epochs": (1,)}
    for result in compare(replace(study, predictors=(spec,), axes=axes), tmp_path / "out"):
        assert result.error is None


def test_the_batch_is_the_recorded_one_where_it_fits_the_study(tmp_path: Path) -> None:
    study, _ = record(tmp_path)
    table = read_table(Path(str(study.benchmark)))
    assert batch_of(study, table).source == IMAGES
    random = Batch.random(table.task, 64)
    for change in ({"images": "random"}, {"predictors": ("jacov(seed=1)",)}):
        found = batch_of(replace(study, **change), table)
        assert found.source == random.source
        assert np.array_equal(found.inputs, random.inputs)
    assert batch_of(replace(study, batch_size=8), table).source.startswith(
        "random normal batch of 8"
    )


def test_scores_with_a_random_batch_restrict_nothing_that_they_do_not_reach(tmp_path: Path) -> None:
    study, _ = record(tmp_path, Batch.random(nb201_mini().task, 64).source)
    few = replace(study, trials=1)
    compare(few, tmp_path / "few")
    assert f"recorded scores of {SCORED}" in read_head(tmp_path / "few").batch
    (result,) = compare(replace(few, test_size=SCORED + 2), tmp_path / "more")
    assert result.error is None
    assert "recorded" not in read_head(tmp_path / "more").batch


def test_scores_of_few_do_not_restrict_a_study_unasked(tmp_path: Path) -> None:
    """Half of the table is enough, or five times the test set; else others could train on less."""
    asked, _ = record(tmp_path)
    table = read_table(Path(str(asked.benchmark)))
    unasked = replace(asked, images=RECORDED)
    for size, restricts in ((SCORED // 5, True), (SCORED // 5 + 1, False)):
        within = with_scores(replace(unasked, test_size=size), table)
        assert (within is not None) == restricts
        assert with_scores(replace(asked, test_size=size), table) is not None
    logs = open_benchmark("nbnlp_logs")  # with scores of all
    text = Study("nbnlp_logs", ("jacov",), axes={}, metric="val_loss", images=RECORDED)
    within = with_scores(text, logs)
    assert within is not None
    assert len(within) == len(logs.genes())


def test_scores_that_nobody_has_do_not_restrict_a_study() -> None:
    cells = open_benchmark("nbnlp_logs")
    for names, count in ((("synflow",), 263), (("synflow", "zen"), 263), (("zen",), None)):
        study = Study("nbnlp_logs", names, axes={}, metric="val_accuracy", images=RECORDED)
        within = with_scores(study, cells)
        assert (None if within is None else len(within)) == count


def test_scores_that_auto_does_without_do_not_restrict_a_study(tmp_path: Path) -> None:
    """OMNI reads training losses, and is no member where there are none."""
    lossless = Study("nb101_sample", ("auto",), axes=LABELLED, metric="val_accuracy")
    cells = open_benchmark("nb101_sample")
    assert with_scores(lossless, cells) is None
    assert batch_of(lossless, cells).source.startswith("random")
    beside = replace(lossless, predictors=("auto", "synflow"))
    found = with_scores(beside, cells)
    assert found is not None
    assert len(found) == 1000
    study, rows = record(tmp_path)
    mini = replace(study, predictors=("auto",), axes=LABELLED)
    found = with_scores(mini, read_table(Path(str(study.benchmark))))
    assert found is not None
    assert len(found) == len(rows)


def test_a_first_row_that_lacks_records_says_nothing_of_the_others(tmp_path: Path) -> None:
    study, rows = record(tmp_path)
    table = read_table(Path(str(study.benchmark)))
    for name, values in table._values.items():
        table._values[name] = values.astype(np.float64)
        table._values[name][0] = np.nan
    found = with_scores(replace(study, predictors=("auto",), axes=LABELLED), table)
    assert found is not None
    assert len(found) == len(rows)
