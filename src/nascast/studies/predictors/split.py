"""Test sets, training sets and inputs of a predictor study."""

import numpy as np

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
from nascast.core.types import Batch, Genes, TextTask
from nascast.studies.predictors.design import LABELS, Study, cells

__all__ = ["batch_of", "split"]


def split(study: Study, benchmark: Benchmark, trial: int) -> tuple[Genes, Genes]:
    """Returns test and training architectures, no two of which are equivalent.

    For a benchmark without a list of rows they are canonical rows, drawn from its space.

    Returns:
        Rows of shape ``(test_size, length)`` and ``(largest train size, length)``.

    Raises:
        InvalidSettingError: the study needs more architectures than the benchmark has.
    """
    rng = np.random.default_rng([study.seed, trial])
    train = max(cell.budget.get(LABELS, 0) for cell in cells(study))
    need = study.test_size + train
    try:
        pool = rng.permutation(benchmark.genes())
    except UnsupportedError:
        pool = _distinct(benchmark.space, need, rng)
    first = benchmark.space.distinct(benchmark.space.canonical(pool))
    if len(first) < need:
        raise InvalidSettingError(
            f"{study.test_size} test and {train} training architectures asked for; "
            f"{benchmark.name} has {len(first)} distinct ones"
        )
    rows = pool[np.sort(first)[:need]]
    return rows[: study.test_size], rows[study.test_size :]


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

    Raises:
        InvalidSettingError: the source has images of another shape, more different words, or fewer
            images or words than the batch needs.
        NascastError: see `open_data` and `open_text`.
    """
    task, size = benchmark.task, study.batch_size
    if study.images is None:
        return Batch.random(task, size)
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
