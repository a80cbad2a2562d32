"""Test sets, training sets and inputs of a predictor study."""

import math
from typing import TYPE_CHECKING

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger, Memo, Score
from nascast.core.predictor import Proxy
from nascast.core.types import Batch, Genes, Objective, TextTask
from nascast.studies.predictors.design import (
    LABELS,
    RANDOM,
    RECORDED,
    Cell,
    Study,
    cells,
    predictor_of,
    proxies_of,
)
from nascast.studies.predictors.test_sets import DESIGNS, Wanted
from nascast.studies.records import recorded_scores

if TYPE_CHECKING:
    from nascast.benchmarks.table import ScoreTable

__all__ = ["batch_of", "drawn_from", "proxy_keys", "scores_of", "split", "with_scores"]

_TIMES, _SHARE = 5, 0.5  # of the test set, of the table: rows of scores that are enough; chosen


def split(
    study: Study, benchmark: Benchmark, trial: int, within: Genes | None = None
) -> tuple[Genes, Genes]:
    """Returns test and training architectures of a trial, by the study's design of `test_sets`.

    Args:
        study: settings of the study.
        benchmark: benchmark that the study names.
        trial: number of the trial.
        within: canonical rows to which both are restricted, ``(m, length)``; None are all.

    Returns:
        Rows of shape ``(test_size, length)`` and ``(largest train size, length)``.

    Raises:
        InvalidSettingError: the study needs more architectures than the benchmark has.
    """
    most = max(cell.budget.get(LABELS, 0) for cell in cells(study))
    wanted = Wanted(
        benchmark, study.metric, study.test_size, most, (study.seed, trial), within=within
    )
    return DESIGNS[study.test_set](wanted)


def drawn_from(study: Study, benchmark: Benchmark, within: Genes | None = None) -> int:
    """Returns the number of architectures among which test sets are drawn, or 0 if unknown.

    For the design ``mutation`` they are all that there are, although a test set stays near to its
    parents.
    """
    try:
        benchmark.measured(study.metric)
    except UnsupportedError:
        return 0
    wanted = Wanted(benchmark, study.metric, study.test_size, 0, (study.seed, 0), within=within)
    count = len(wanted.pool(0))
    return -(-count // 10) if study.test_set == "top" else count


def scores_of(study: Study, benchmark: Benchmark) -> "ScoreTable | None":
    """Returns the scores recorded beside a benchmark, or None.

    Where nothing else is read, scores are left out that few architectures have: all predictors
    would be trained and tested on these.
    """
    scores = recorded_scores(benchmark)
    if scores is None or study.images != RECORDED:
        return scores
    keys = proxy_keys(study, benchmark, Batch.named(benchmark.task, scores.batch))
    enough = min(_TIMES * study.test_size, _SHARE * len(benchmark.genes()))
    return scores if len(scores.rows(keys & set(scores.keys))) >= enough else None


def batch_of(study: Study, benchmark: Benchmark) -> Batch:
    """Returns the minibatch for zero-cost proxies.

    Where the study names no source it is the batch with which scores were recorded beside the
    benchmark, if they are of as many inputs and of any of the study's proxies; otherwise, and where
    the source is `RANDOM`, it is random. Where the source is `RECORDED` it is known by name only.

    Raises:
        InvalidSettingError: the source has images of another shape, more different words, or fewer
            images or words than the batch needs.
        NascastError: see `open_data` and `open_text`.
    """
    task, size = benchmark.task, study.batch_size
    if study.images == RECORDED:
        kept = scores_of(study, benchmark)
        return Batch.named(task, "no batch" if kept is None else kept.batch)
    if study.images in (None, RANDOM):
        drawn = Batch.random(task, size)
        scores = recorded_scores(benchmark) if study.images is None else None
        if scores is None or scores.batch_size != size or scores.batch == drawn.source:
            return drawn
        recorded = Batch.named(task, scores.batch)
        return recorded if proxy_keys(study, benchmark, recorded) & set(scores.keys) else drawn
    assert study.images is not None
    if isinstance(task, TextTask):
        from nascast.training.text import open_text, text_batch

        text = open_text(study.images)
        if len(text.words) > task.words:
            raise InvalidSettingError(
                f"{study.images} has {len(text.words):,} different words; the networks of "
                f"{benchmark.name} know {task.words:,}"
            )
        return text_batch(text, size)
    from nascast.training.data import Split, image_batch, open_data

    part = Split(train=size, validation=1, test=1, size=task.input_shape[1])
    batch = image_batch(open_data(study.images, part), size)
    if batch.inputs.shape[1:] != task.input_shape:
        raise InvalidSettingError(
            f"{study.images} has images of {batch.inputs.shape[1:]}; the networks of "
            f"{benchmark.name} take {task.input_shape}"
        )
    return batch


def with_scores(study: Study, benchmark: Benchmark) -> Genes | None:
    """Returns the canonical rows among which a study must draw, or None.

    They are those with recorded scores of all its proxies, where their batch is only known by name.
    """
    batch, scores = batch_of(study, benchmark), scores_of(study, benchmark)
    if len(batch.inputs) or scores is None:
        return None
    keys = proxy_keys(study, benchmark, batch) & set(scores.keys)
    return scores.rows(keys) if keys else None


def proxy_keys(study: Study, benchmark: Benchmark, batch: Batch) -> set[str]:
    """Returns the keys of the scores that a study reads with a batch.

    They are those of all its proxies, but for what a predictor does without on this benchmark, such
    as members of `auto` that read losses where none are recorded.
    """
    objective = Objective(study.metric, minimize=False)
    ledger = Ledger(benchmark, objective, batch=batch, memo=_Assumed())
    row = benchmark.measured(study.metric)[:1]  # another may lack what is read
    trial = (cell for cell in cells(study) if cell.trial == 0)  # which has those of all others
    return {proxy.key(ledger) for cell in trial for proxy in _read(cell, ledger, row)}


class _Assumed(Memo):
    """Scores of all there is, so that a predictor lacks none, and none is computed."""

    def __contains__(self, item: object) -> bool:
        return True

    def __missing__(self, item: tuple[str, bytes]) -> Score:
        return Score(math.nan, 0.0, {})


def _read(cell: Cell, ledger: Ledger, row: Genes) -> list[Proxy]:
    """Returns the proxies that a cell reads where it is not refused for other evidence."""
    declared = proxies_of(cell)
    if not declared:
        return []
    try:
        with ledger.phase("query"):
            read = predictor_of(cell).supported(ledger, row)
    except UnsupportedError:  # which is told where the cell is to run
        return declared
    return [feature for feature in read if isinstance(feature, Proxy)]
