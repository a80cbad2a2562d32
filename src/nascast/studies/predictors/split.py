"""Test sets, training sets and inputs of a predictor study."""

from nascast.core.errors import InvalidSettingError
from nascast.core.evaluator import Benchmark
from nascast.core.types import Batch, Genes, TextTask
from nascast.studies.predictors.design import LABELS, Study, cells
from nascast.studies.predictors.test_sets import DESIGNS, Wanted

__all__ = ["batch_of", "split"]


def split(study: Study, benchmark: Benchmark, trial: int) -> tuple[Genes, Genes]:
    """Returns test and training architectures of a trial, by the study's design of `test_sets`.

    Returns:
        Rows of shape ``(test_size, length)`` and ``(largest train size, length)``.

    Raises:
        InvalidSettingError: the study needs more architectures than the benchmark has.
    """
    most = max(cell.budget.get(LABELS, 0) for cell in cells(study))
    wanted = Wanted(benchmark, study.metric, study.test_size, most, (study.seed, trial))
    return DESIGNS[study.test_set](wanted)


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
