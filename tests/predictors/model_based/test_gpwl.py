"""GPWL against counts by hand, and against scikit-learn's Gaussian process."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.graph import Graph
from nascast.core.ledger import Ledger
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes, Objective
from nascast.predictors.model_based.gpwl import GPWL
from nascast.predictors.model_based.gpwl.regressor import WeisfeilerLehmanProcess
from nascast.predictors.model_based.gpwl.subtrees import Subtrees, Words
from nascast.testing.doubles import TinyBenchmark, TinySpace


def counts(space: SearchSpace, genes: Genes, depth: int) -> list[Counter[object]]:
    """The rooted subtrees of every graph, spelled out as nested tuples."""
    found = []
    graph = space.graphs(space.canonical(genes))
    for labels, adjacency in zip(graph.labels, graph.adjacency, strict=True):
        trees: list[object] = [int(label) for label in labels]
        seen: Counter[object] = Counter()
        for level in range(depth + 1):
            if level:
                trees = [
                    (tree, sorted(repr(trees[i]) for i in np.flatnonzero(into)))
                    for tree, into in zip(trees, adjacency.T, strict=True)
                ]
            seen.update(
                (level, repr(t)) for t, label in zip(trees, labels, strict=True) if label >= 0
            )
        found.append(seen)
    return found


def by_hand(space: SearchSpace, left: Genes, right: Genes, depth: int, kernel: str) -> Floats:
    def value(a: Counter[object], b: Counter[object]) -> float:
        if kernel == "minimum":
            return float((a & b).total())
        return float(sum(a[word] * b[word] for word in a))

    rows, columns = counts(space, left, depth), counts(space, right, depth)
    return np.array(
        [[value(a, b) / np.sqrt(value(a, a) * value(b, b)) for b in columns] for a in rows]
    )


def fitted(
    name: str, kernel: str, depth: int = 2
) -> tuple[SearchSpace, Genes, Genes, Floats, WeisfeilerLehmanProcess, Floats]:
    space: SearchSpace = plugins.load("space", name)
    rng = np.random.default_rng(0)
    train, test = space.sample(25, rng), space.sample(10, rng)
    y = rng.normal(size=25)
    y = (y - y.mean()) / y.std()
    hashes = Subtrees(depth)._encoding.subtrees(
        space, space.canonical(np.concatenate([train, test]))
    )
    x = (hashes >> np.uint64(12)).astype(np.float64)
    return space, train, test, y, WeisfeilerLehmanProcess(depth, kernel).fit(x[:25], y), x


@pytest.mark.parametrize("kernel", ["dot", "minimum"])
@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "darts"])
def test_the_kernel_counts_subtrees(name: str, kernel: str) -> None:
    space, train, test, _, process, x = fitted(name, kernel)
    expected = by_hand(space, test, train, process.depth, kernel)
    assert process.kernel(x[25:]) == pytest.approx(expected)


@pytest.mark.parametrize("kernel", ["dot", "minimum"])
def test_depth_and_prediction_are_those_of_the_likelihood(kernel: str) -> None:
    space, train, test, y, process, x = fitted("nasbench201", kernel, depth=2)
    eye = np.eye(25)
    grams = [by_hand(space, train, train, depth, kernel) for depth in range(3)]
    best = []
    for gram in grams:
        logs = []
        for noise in np.geomspace(1e-4, 1e2, 300):
            scaled = gram + noise * eye
            variance = y @ np.linalg.solve(scaled, y) / 25
            logs.append(multivariate_normal.logpdf(y, np.zeros(25), variance * scaled))
        best.append(max(logs))
    constant = 25 / 2 * (1 + np.log(2 * np.pi))
    assert np.array(process.likelihoods) - constant == pytest.approx(np.array(best), abs=0.02)
    assert process.depth == int(np.argmax(process.likelihoods))
    scaled = grams[process.depth] + process.noise * eye
    cross = by_hand(space, test, train, process.depth, kernel)
    mean, deviation = process.predict_normal(x[25:])
    assert mean == pytest.approx(cross @ np.linalg.solve(scaled, y))
    known = np.diag(cross @ np.linalg.solve(scaled, cross.T))
    assert deviation**2 == pytest.approx(process.variance * (1 - known + process.noise))


def test_words_of_a_graph() -> None:
    """Two subtrees of one kind, one of another, and no vertex."""
    row = np.array([[7.0, 0.0, 5.0, 7.0]])
    dot, least = Words(row, "dot"), Words(row, "minimum")
    assert sorted(dot.weights[0]) == [0, 0, 1, 2]
    assert set(dot.words[0][dot.weights[0] > 0]) == {5, 7}
    assert sorted(least.weights[0]) == [0, 1, 1, 1]
    assert len(set(least.words[0][least.weights[0] > 0])) == 3


def test_a_subtree_never_met_counts_in_the_norm_alone() -> None:
    process = WeisfeilerLehmanProcess(0, "dot").fit(
        np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([-1.0, 1.0])
    )
    assert process.kernel(np.array([[1.0, 9.0]])) == pytest.approx(np.array([[0.5, 0.5]]))
    assert process.kernel(np.array([[9.0, 0.0]])) == pytest.approx(np.zeros((1, 2)))
    assert process.kernel(np.zeros((1, 2))) == pytest.approx(np.zeros((1, 2)))


class Graphless(TinySpace):
    def graphs(self, genes: Genes) -> Graph:
        return SearchSpace.graphs(self, genes)


def test_a_space_without_graphs_is_refused() -> None:
    benchmark = TinyBenchmark()
    benchmark.space = Graphless()
    ledger = Ledger(benchmark, Objective("val_accuracy"))
    with ledger.phase("init"), pytest.raises(UnsupportedError, match="no graph form"):
        GPWL().initialize(ledger, benchmark.genes()[:9], np.random.default_rng(0))


def test_an_unknown_kernel_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"'wl'; known are dot and minimum"):
        GPWL(kernel="wl")
