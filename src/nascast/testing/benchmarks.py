"""The promises of a benchmark. Every check takes the benchmark."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nascast.core.errors import InvalidArchitectureError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.types import Candidate, Genes, Metric
from nascast.testing.expectations import refuses

_ROWS = 16  # chosen
_BOUNDS = {"percent": (0.0, 100.0), "seconds": (0.0, np.inf), "count": (0.0, np.inf)}


def check_rows_are_architectures(benchmark: Benchmark) -> None:
    """Every recorded row is a valid row of the space, and none is listed twice."""
    try:
        genes = benchmark.genes()
    except UnsupportedError:
        return
    benchmark.space.check(genes)
    assert genes.dtype == np.int16, f"rows are {genes.dtype}, not int16"
    assert len(np.unique(genes, axis=0)) == len(genes) > 0, "a row is listed twice, or none is"
    genes[:] = -1
    assert (benchmark.genes() >= 0).all(), "genes() gave away the benchmark's own memory"


def check_metrics_are_described(benchmark: Benchmark) -> None:
    """Metrics carry their own name, ascending epochs and at least one seed."""
    assert benchmark.metrics, "there are no metrics"
    for name, metric in benchmark.metrics.items():
        assert metric.name == name, f"{name} is described as {metric.name}"
        ascending = list(metric.epochs) == sorted({e for e in metric.epochs if e > 0})
        assert ascending, f"{name}: the epochs {metric.epochs} should ascend from 1 or later"
        assert metric.seeds >= 1, f"{name}: {metric.seeds} seeds"
        splits = ("train", "validation", "test", "none")
        assert metric.split in splits, f"{name}: the split is {metric.split!r}"


def check_values_are_numbers(benchmark: Benchmark) -> None:
    """Every row has every metric with seed 0: a finite number in the range of its unit."""
    genes = _genes(benchmark)
    for name, metric in benchmark.metrics.items():
        values = benchmark.query(genes, name)
        assert values.shape == (len(genes),), f"{name} has shape {values.shape}"
        assert values.dtype == np.float64, f"{name} is {values.dtype}, not float64"
        assert np.isfinite(values).all(), f"{name} is not finite for a row"
        low, high = _BOUNDS.get(metric.unit, (-np.inf, np.inf))
        within = (values >= low).all() and (values <= high).all()
        assert within, f"{name} from {values.min()} to {values.max()} {metric.unit}"


def check_row_by_row(benchmark: Benchmark) -> None:
    """A batch is answered like its rows one by one; no rows give no values."""
    genes = _genes(benchmark)
    for name in benchmark.metrics:
        single = np.concatenate([benchmark.query(row[None], name) for row in genes])
        assert np.array_equal(benchmark.query(genes, name), single), f"the batch changed {name}"
        assert benchmark.query(genes[:0], name).shape == (0,), "no rows should give no values"
    single = np.concatenate([benchmark.seconds(row[None]) for row in genes])
    same = np.array_equal(benchmark.seconds(genes), single, equal_nan=True)
    assert same, "the batch changed the seconds"


def check_repeatable(benchmark: Benchmark) -> None:
    """Asking twice gives the same, also when the first answer was written to."""
    genes = _genes(benchmark)
    genes.flags.writeable = False  # an attempt to write raises
    for name in benchmark.metrics:
        first = benchmark.query(genes, name)
        kept = first.copy()
        if first.flags.writeable:
            first[:] = -1
        assert np.array_equal(kept, benchmark.query(genes, name)), f"{name} changed between calls"


def check_curves_equal_queries(benchmark: Benchmark) -> None:
    """A curve has the values at its recorded epochs; the last is that of a full training."""
    genes = _genes(benchmark)
    for name, metric in _with_epochs(benchmark):
        marks = metric.epochs
        for k in {1, len(marks)}:
            curve = benchmark.curve(genes, name, marks[k - 1])
            assert curve.shape == (len(genes), k), f"{name}: {curve.shape} for {k} epochs"
            points = [benchmark.query(genes, name, epoch) for epoch in marks[:k]]
            same = np.array_equal(curve, np.stack(points, axis=1))
            assert same, f"the curve of {name} is not its values epoch by epoch"
        last = benchmark.curve(genes, name, marks[-1])[:, -1]
        assert np.array_equal(benchmark.query(genes, name), last), (
            f"{name} without an epoch is not the last one"
        )


def check_seconds_grow(benchmark: Benchmark) -> None:
    """Seconds are positive and grow with epochs; the full training takes the longest."""
    genes = _genes(benchmark)
    full = benchmark.seconds(genes)
    if np.isnan(full).all():  # none were recorded
        return
    assert np.isfinite(full).all(), "seconds are recorded for some rows only"
    marks = sorted({epoch for _, metric in _with_epochs(benchmark) for epoch in metric.epochs})
    before = np.zeros(len(genes))
    for epoch in marks:
        after = benchmark.seconds(genes, epoch)
        assert (after > before).all(), f"epoch {epoch} took no time after the one before"
        before = after
    assert not marks or np.allclose(before, full), "the full training is not the last epoch"


def check_mean_over_seeds(benchmark: Benchmark) -> None:
    """Without a seed the answer is the mean over the recorded trainings."""
    genes = _genes(benchmark)
    for name, metric in benchmark.metrics.items():
        found = []
        for row in genes:
            values = [
                _or_none(benchmark.query, row[None], name, None, seed)
                for seed in range(metric.seeds)
            ]
            found.append(np.mean([value for value in values if value is not None]))
        same = np.allclose(benchmark.query(genes, name, seed=None), found)
        assert same, f"{name} with seed=None is not the mean over its seeds"


def check_unknown_evidence_is_refused(benchmark: Benchmark) -> None:
    """A metric, epoch or seed that was not recorded raises instead of giving another."""
    genes = _genes(benchmark)[:1]
    query, curve = benchmark.query, benchmark.curve
    refuses(UnsupportedError, "a metric", query, genes, "no_such_metric")
    refuses(UnsupportedError, "a metric", curve, genes, "no_such_metric", 1)
    for name, metric in _with_epochs(benchmark):
        for epoch in (-1, 0, metric.epochs[-1] + 1):
            text = f"{name} after epoch {epoch}"
            refuses(UnsupportedError, text, query, genes, name, epoch)
            refuses(UnsupportedError, text, curve, genes, name, epoch)
        for seed in (-1, metric.seeds):
            text = f"{name} with seed {seed}"
            refuses(UnsupportedError, text, query, genes, name, None, seed)


def check_unknown_rows_are_refused(benchmark: Benchmark) -> None:
    """A row that is no architecture, or was not recorded, raises; also among good ones."""
    genes = _genes(benchmark)
    name = next(iter(benchmark.metrics))
    bad = genes.copy()
    bad[-1, 0] = benchmark.space.cardinalities[0]
    for rows in (bad, genes[:, :-1], *_unrecorded(benchmark, genes)):
        text = f"the row {rows[-1].tolist()}"
        refuses(InvalidArchitectureError, text, benchmark.query, rows, name)
        refuses(InvalidArchitectureError, text, benchmark.seconds, rows)


def check_serves_as_evaluator(benchmark: Benchmark) -> None:
    """`evaluate` gives the recorded values of one candidate, in full and after an epoch."""
    row = _genes(benchmark)[:1]
    arch = benchmark.space.architecture(row[0])
    epochs = [None, *sorted({m.epochs[0] for _, m in _with_epochs(benchmark)})[:1]]
    for epoch in epochs:
        evaluation = benchmark.evaluate(Candidate(arch, epoch), seed=0)
        assert evaluation.error is None, f"evaluating a recorded row failed: {evaluation.error}"
        assert evaluation.metrics, "evaluate gave no metrics"
        for name, value in evaluation.metrics.items():
            expected = float(benchmark.query(row, name, epoch)[0])
            assert value == expected, f"{name}: evaluate gave {value}, query {expected}"
        seconds = float(benchmark.seconds(row, epoch)[0])
        assert evaluation.seconds == seconds or np.isnan(seconds), "evaluate gave other seconds"


def check_parameters_are_those_of_the_networks(benchmark: Benchmark) -> None:
    """Where parameters are counted, the networks of the benchmark's task have as many."""
    metric = benchmark.metrics.get("parameters")
    if metric is None or metric.unit != "count":
        return
    for row in _genes(benchmark)[:4]:
        arch = benchmark.space.architecture(row)
        network = _or_none(benchmark.space.build, arch, benchmark.task)
        if network is None:
            return
        from nascast.networks.counting import parameters

        built = parameters(network)
        recorded = benchmark.query(row[None], "parameters")[0]
        assert built == recorded, f"{row.tolist()}: {built} parameters, {recorded:.0f} recorded"


def _genes(benchmark: Benchmark) -> Genes:
    rng = np.random.default_rng(0)
    try:
        return rng.permutation(benchmark.genes())[:_ROWS]
    except UnsupportedError:
        return benchmark.space.sample(_ROWS, rng)


def _unrecorded(benchmark: Benchmark, genes: Genes) -> list[Genes]:
    """Returns, if there is one, a batch that ends in a row the benchmark has not listed."""
    try:
        listed = {row.tobytes() for row in benchmark.space.canonical(benchmark.genes())}
    except UnsupportedError:
        return []
    for row in benchmark.space.sample(10 * _ROWS, np.random.default_rng(1)):
        if benchmark.space.canonical(row[None])[0].tobytes() not in listed:
            return [np.concatenate([genes, row[None]])]
    return []


def _with_epochs(benchmark: Benchmark) -> list[tuple[str, Metric]]:
    return [(name, metric) for name, metric in benchmark.metrics.items() if metric.epochs]


def _or_none(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except UnsupportedError:
        return None
