"""What the package knows of a space before a search."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.types import Objective
from nascast.studies.records import open_benchmark
from nascast.studies.searches.known import best_known, known

AIM = Objective("val_accuracy")
SPACE = plugins.load("space", "nasbench201")
SETS = ("cifar10", "cifar100", "imagenet16")


def expected(*sets: str) -> np.ndarray:
    """Returns means of normal scores, by SciPy, of the rows in their order in the table."""
    tables = [open_benchmark(f"nb201_seeds:{name}") for name in sets]
    means = [table.query(table.genes(), "val_accuracy", seed=None) for table in tables]
    scores = [norm.ppf((rankdata(mean) - 0.5) / len(mean)) for mean in means]
    return np.asarray(np.mean([score / score.std() for score in scores], axis=0))


def test_scores_are_means_over_data_sets() -> None:
    rows, scores = known(SPACE, AIM)
    np.testing.assert_array_equal(rows, open_benchmark("nb201_seeds").genes())
    np.testing.assert_allclose(scores, expected(*SETS), atol=1e-9)


def test_the_best_known_come_first() -> None:
    rows, scores = known(SPACE, AIM)
    first, second = best_known(SPACE, AIM, 2)
    assert first.genes == tuple(rows[scores.argmax()])
    assert second.genes == tuple(rows[np.argsort(scores)[-2]])


@pytest.mark.parametrize("name", SETS)
def test_what_the_search_looks_up_is_left_out(name: str) -> None:
    """Here another data set says which cell is best, or nearly so."""
    judge = open_benchmark(f"nb201_seeds:{name}")
    rows, scores = known(SPACE, AIM, judge)
    np.testing.assert_allclose(scores, expected(*(one for one in SETS if one != name)), atol=1e-9)
    means = judge.query(rows, "val_accuracy", seed=None)
    assert (means > means[scores.argmax()]).sum() < 10  # of 15,625


def test_a_table_of_ours_leaves_all_three() -> None:
    _, scores = known(SPACE, AIM, open_benchmark("nb201-mini"))
    np.testing.assert_array_equal(scores, known(SPACE, AIM)[1])


@pytest.mark.parametrize(("space", "aim"), [("nasnet", AIM), ("nasbench201", Objective("val_f1"))])
def test_nothing_is_known_of_others(space: str, aim: Objective) -> None:
    with pytest.raises(UnsupportedError, match="come with the package"):
        known(plugins.load("space", space), aim)
