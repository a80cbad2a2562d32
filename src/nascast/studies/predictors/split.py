"""Test sets, training sets and inputs of a predictor study."""

import numpy as np

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger
from nascast.core.space import SearchSpace
from nascast.core.types import Batch, Genes, Objective, TextTask
from nascast.studies.predictors.design import LABELS, Study, cells, proxies_of
from nascast.studies.records import recorded_scores

__all__ = ["RANDOM", "batch_of", "proxy_keys", "split"]

RANDOM = "random"  # the source of a random batch
_WITHIN = " with recorded scores of the proxies (`--images random` computes those of others)"


def split(
    study: Study, benchmark: Benchmark, trial: int, within: Genes | None = None
) -> tuple[Genes, Genes]:
    """Returns test and training architectures, no two of the same canonical row.

    No training architecture computes the same function as a test architecture, as far as is known,
    see `SearchSpace.networks`. Two that do may stand in one set, since each has its own record. For
    a benchmark without a list of rows they are canonical rows, drawn from its space.

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
    space, known, need = benchmark.space, -1, study.test_size + most
    while True:  # ends when a benchmark has no more rows to give
        rng = np.random.default_rng([study.seed, trial])
        try:
            pool = rng.permutation(_among(_trained(study, benchmark), within, space))
        except UnsupportedError:
            pool = _distinct(space, need, rng)
        pool = pool[np.sort(space.distinct(space.canonical(pool)))]
        drawn = pool[: 2 * need]  # keys of a whole large table would take seconds
        keys = space.networks(drawn)
        test, rest = drawn[: study.test_size], drawn[study.test_size :]
        train = rest[~np.isin(keys[study.test_size :], keys[: study.test_size])]
        if len(test) == study.test_size and len(train) >= most:
            return test, train[:most]
        if len(drawn) == known:
            raise InvalidSettingError(
                f"{study.test_size} test and {most} training architectures asked for; "
                f"{benchmark.name} has {len(pool)} distinct ones{'' if within is None else _WITHIN}"
                f", of which {len(test)} and {len(train)} are left for them"
            )
        known, need = len(drawn), 2 * need


def _among(rows: Genes, within: Genes | None, space: SearchSpace) -> Genes:
    """Returns the rows whose canonical ones are among those of `within`."""
    if within is None:
        return rows
    wanted = {row.tobytes() for row in within}
    return rows[[row.tobytes() in wanted for row in space.canonical(rows)]]


def _trained(study: Study, benchmark: Benchmark) -> Genes:
    """Returns the rows whose metric was recorded in the first training, if that is not in all."""
    rows = benchmark.genes()
    try:
        benchmark.query(rows, study.metric)
    except UnsupportedError:
        return benchmark.recorded(study.metric, 0)
    except InvalidArchitectureError:  # it lists more than it has; whoever asks is told
        return rows
    return rows


def _distinct(space: SearchSpace, need: int, rng: np.random.Generator) -> Genes:
    """Returns canonical rows, drawn until `need` are different or no new ones come."""
    pool = np.empty((0, space.length), dtype=np.int16)
    while len(pool) < need:
        drawn = space.canonical(space.sample(2 * need, rng))
        grown = np.concatenate([pool, drawn])
        first = space.distinct(grown)
        if len(first) == len(pool):
            break
        pool = grown[np.sort(first)]
    return pool


def batch_of(study: Study, benchmark: Benchmark) -> Batch:
    """Returns the minibatch for zero-cost proxies.

    Where the study names no source it is the batch with which scores were recorded beside the
    benchmark, if they are of as many inputs and of all the proxies of the study; otherwise, and
    where the source is `RANDOM`, it is random.

    Raises:
        InvalidSettingError: the source has images of another shape, more different words, or fewer
            images or words than the batch needs.
        NascastError: see `open_data` and `open_text`.
    """
    task, size = benchmark.task, study.batch_size
    if study.images in (None, RANDOM):
        drawn = Batch.random(task, size)
        scores = recorded_scores(benchmark) if study.images is None else None
        if scores is None or scores.batch_size != size or scores.batch == drawn.source:
            return drawn
        recorded = Batch.named(task, scores.batch)
        return recorded if proxy_keys(study, benchmark, recorded) <= set(scores.keys) else drawn
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


def proxy_keys(study: Study, benchmark: Benchmark, batch: Batch) -> set[str]:
    """Returns the keys of the scores of all proxies of a study with a batch."""
    ledger = Ledger(benchmark, Objective(study.metric, minimize=False), batch=batch)
    return {proxy.key(ledger) for cell in cells(study) for proxy in proxies_of(cell)}
