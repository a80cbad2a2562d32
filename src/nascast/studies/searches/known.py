"""What the package knows of a search space before a search: the records that come with it."""

import numpy as np

from nascast.core.errors import UnsupportedError
from nascast.core.evaluator import Benchmark, alike
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Floats, Genes, Objective
from nascast.strategies.guided.targets import normal_scores
from nascast.studies.records import among, open_benchmark

__all__ = ["TABLES", "best_known", "known"]

# By space, those by which a search of other images was measured to be quicker.
TABLES = {"nasbench201": ("nb201_seeds:cifar10", "nb201_seeds:cifar100", "nb201_seeds:imagenet16")}


def known(
    space: SearchSpace, aim: Objective, judge: Benchmark | None = None
) -> tuple[Genes, Floats]:
    """Returns ``(m, length)`` rows, and the means of their normal scores over data sets, ``(m,)``.

    Args:
        space: search space.
        aim: objective of the search.
        judge: benchmark on which the search runs, whose own records are left out.

    Raises:
        UnsupportedError: the package has no such records.
    """
    tables = [open_benchmark(name) for name in TABLES.get(space.name, ())]
    tables = [table for table in tables if aim.metric in table.metrics]
    if judge is not None:
        tables = [table for table in tables if not alike(judge, table, aim.metric)]
    if not tables:
        raise UnsupportedError(
            f"no records of {aim.metric} in the space {space.name} come with the package; they do "
            f"of val_accuracy in {', '.join(TABLES)}"
        )
    rows = tables[0].measured(aim.metric)
    for table in tables[1:]:
        rows = rows[among(table.measured(aim.metric), rows)]
    values = [table.query(rows, aim.metric, seed=None) for table in tables]
    sign = -1 if aim.minimize else 1
    return rows, np.mean([normal_scores(sign * found) for found in values], axis=0)


def best_known(space: SearchSpace, aim: Objective, n: int) -> list[Architecture]:
    """Returns the n architectures of the best scores, the best first; see `known`."""
    rows, scores = known(space, aim)
    return [space.architecture(row) for row in rows[np.argsort(-scores, kind="stable")[:n]]]
