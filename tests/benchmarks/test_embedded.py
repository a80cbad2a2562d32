"""The tables inside the package: their size, what is in no file of it, and where all is from."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from nascast.benchmarks.nb101_sample import nb101_sample
from nascast.benchmarks.nb301_sample import nb301_sample
from nascast.benchmarks.nbnlp_logs import nbnlp_logs
from nascast.benchmarks.table import read_scores, read_table
from nascast.core import plugins
from nascast.core.ledger import Ledger
from nascast.core.types import Batch, Objective, TextTask
from nascast.studies.records import open_benchmark

PACKAGE = Path(str(files("nascast")))
TABLES = sorted(PACKAGE.rglob("*.nascast"))
SCORES = sorted(PACKAGE.rglob("*.scores"))


def test_tables_and_scores_are_eight_megabytes_at_most() -> None:
    assert len(TABLES) == 7
    assert sum(path.stat().st_size for path in (*TABLES, *SCORES)) <= 8e6


def test_nothing_else_of_other_people_is_in_the_package() -> None:
    """No image, model or published score: only code, our tables, and what pages are made of."""
    known = {".py", ".typed", ".nascast", ".scores", ".html", ".css", ".js", ".jinja", ".svg"}
    study = PACKAGE / "studies" / "recommend.json"  # what a comparison of ours found
    found = {p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert study in found
    assert {p.suffix for p in found - {study}} <= known
    assert {p.parent.name for p in (*TABLES, *SCORES)} == {"benchmarks"}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_table_says_where_it_is_from(path: Path) -> None:
    provenance = read_table(path).provenance
    for what in ("source", "licence", "records", "seconds"):
        assert provenance[what]


@pytest.mark.parametrize("path", SCORES, ids=lambda path: path.stem)
def test_scores_are_ours_and_of_the_table_beside_them(path: Path) -> None:
    scores, table = read_scores(path), read_table(path.with_suffix(".nascast"))
    assert scores.provenance["source"].startswith("measured for nascast")
    listed = {row.tobytes() for row in table.space.canonical(table.genes())}
    assert {row.tobytes() for row in scores.genes} <= listed
    assert set(scores.names()) <= set(plugins.builtin_names("proxy"))
    assert {"jacov", "synflow", "params", "flops", "snip", "plain"} <= set(scores.names())
    assert np.isfinite(scores.seconds).all()


def test_scores_are_of_as_many_cells_as_is_said() -> None:
    found = {path.stem: read_scores(path) for path in SCORES}
    assert set(found["nb201_mini"].names()) == set(plugins.builtin_names("proxy"))
    assert {name: (len(table.genes), len(table.keys)) for name, table in found.items()} == {
        "nb101_sample": (1000, 21),
        "nb201_mini": (1006, 21),
        "nb201_seeds-cifar10": (3000, 21),
        "nb301_sample": (300, 21),
        "nbnlp_logs": (263, 11),
    }


def test_proxies_rank_nasbench201_as_they_do_in_public_lists() -> None:
    path = next(path for path in SCORES if "seeds" in path.stem)
    scores, table = read_scores(path), read_table(path.with_suffix(".nascast"))
    accuracy = table.query(scores.genes, "val_accuracy", None, None)
    found = {
        name: kendalltau(np.nan_to_num(scores.values[:, k], nan=-np.inf), accuracy)[0]
        for k, name in enumerate(scores.names())
    }
    listed = {  # of all connected cells; zen, .098 there and .204 here, is left out
        **{"jacov": 0.645, "nwot": 0.605, "epe_nas": 0.599, "params": 0.562, "synflow": 0.537},
        **{"l2_norm": 0.528, "flops": 0.512, "snip": 0.396, "grad_norm": 0.396, "fisher": 0.356},
        **{"plain": -0.246},
    }
    assert {name: found[name] for name in listed} == pytest.approx(listed, abs=0.06)


def test_the_sample_of_nasbench101_has_separate_trainings() -> None:
    table = nb101_sample()
    assert len(table) == 5000
    assert table.separate
    genes = table.genes()
    values = {mark: table.query(genes, "val_accuracy", mark) for mark in (4, 12, 36, 108)}
    rho = [spearmanr(values[mark], values[108])[0] for mark in (4, 12, 36)]
    assert rho == pytest.approx([0.451, 0.618, 0.879], abs=3e-3)  # as the field gives it


def test_the_sample_of_nasbench301_says_that_nothing_was_trained() -> None:
    table = nb301_sample()
    assert len(table) == 10_000
    assert len(table.metrics["val_accuracy"].epochs) == 10
    assert table.provenance["records"].startswith("answers of a surrogate, not trainings")


def test_logs_of_nasbench_nlp_have_curves_and_several_trainings() -> None:
    table = nbnlp_logs()
    assert isinstance(table.task, TextTask)
    assert len(table) == 263
    trainings = [len(table.recorded("val_loss", k)) for k in range(table.metrics["val_loss"].seeds)]
    assert sum(trainings) == 341  # of 345 logs; in four the loss became NaN
    assert table.curve(table.genes()[:2], "val_loss", 50).shape == (2, 50)


@pytest.mark.parametrize("name", ["nb101_sample", "nb301_sample", "nbnlp_logs"])
def test_tables_are_components(name: str) -> None:
    assert len(open_benchmark(name).genes()) == len(read_table(_path(name)))


def _path(name: str) -> Path:
    return next(path for path in TABLES if path.stem == name)


@pytest.mark.parametrize("path", SCORES, ids=lambda path: path.stem)
def test_recorded_scores_are_what_proxies_give_today(path: Path) -> None:
    """Of those with a random batch, which everybody can make again."""
    scores, table = read_scores(path), read_table(path.with_suffix(".nascast"))
    batch = Batch.random(table.task, scores.batch_size)
    if batch.source != scores.batch:
        pytest.skip("its batch is not here")
    ledger = Ledger(table, Objective("any", minimize=False), batch=batch)
    proxies = [plugins.load("proxy", name) for name in ("jacov", "synflow", "params")]
    kept = scores.memo({proxy.key(ledger) for proxy in proxies})
    rows = scores.genes[:: max(1, len(scores.genes) // 2)]
    with ledger.phase("query"):
        found = ledger.scores(proxies, rows)
    for i, row in enumerate(rows):
        for k, proxy in enumerate(proxies):
            expected = kept[proxy.key(ledger), row.tobytes()].value
            assert found[i, k] == pytest.approx(expected, rel=1e-3, nan_ok=True)
