"""Trials as rows of the table ``trials``, with their checksums."""

import json
import math
import zlib
from collections.abc import Sequence
from typing import Any

from nascast.core.types import Architecture, Candidate, Evaluation, Trial

__all__ = ["known", "row_of", "sum_of", "trial_of"]


def row_of(run: int, position: int, trial: Trial) -> tuple[Any, ...]:
    """Returns the row of a trial, run and position first, its checksum last."""
    arch, evaluation = trial.candidate.arch, trial.evaluation
    metrics = {name: float(value) for name, value in evaluation.metrics.items()}
    curves = {name: [float(v) for v in values] for name, values in evaluation.curves.items()}
    error = evaluation.error
    if error is not None:  # a message may hold bytes that are no text, such as a file's name
        error = error.encode("utf-8", "backslashreplace").decode()
    row = (
        run,
        position,
        int(trial.id),
        arch.space,
        json.dumps([int(gene) for gene in arch.genes]),
        trial.candidate.epochs,
        json.dumps(metrics),
        float(evaluation.seconds),
        error,
        json.dumps(curves),
        float(trial.finished),
        float(trial.thinking),
    )
    return (*row, sum_of(row))


def sum_of(row: Sequence[Any]) -> int:
    """Returns the checksum of a row but for itself; of numbers it is that of what SQLite keeps."""
    kept = [v + 0.0 if isinstance(v, float) else v for v in row]
    return zlib.crc32(repr([None if v != v else v for v in kept]).encode("utf-8", "surrogatepass"))


def trial_of(row: Sequence[Any]) -> Trial:
    """Returns the trial in such a row."""
    number, space, genes, epochs, metrics, seconds, error, curves, finished, thinking = row[2:-1]
    evaluation = Evaluation(
        json.loads(metrics),
        known(seconds),
        error,
        {name: tuple(values) for name, values in json.loads(curves).items()},
    )
    candidate = Candidate(Architecture(space, tuple(json.loads(genes))), epochs)
    return Trial(number, candidate, evaluation, known(finished), known(thinking))


def known(value: float | None) -> float:
    """Returns a number that SQLite gave; NULL is NaN."""
    return math.nan if value is None else value
