"""The promises of a performance predictor. Every check takes a factory without arguments.

The checks run on `TinyBenchmark`, whose networks can be built, and read its ten recorded epochs.
"""

import inspect
import pickle
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from nascast.core.kept import Artefact
from nascast.core.ledger import Ledger, Memo
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Batch, Floats, Genes, Objective
from nascast.testing.doubles import TinyBenchmark
from nascast.testing.expectations import better_than_chance, untouched_generators

Factory = Callable[[], PerformancePredictor]

_COVERED = 0.7  # share of 40 true scores; chosen: if 90 % are expected, less comes once in 10,000
_TRAIN = 20  # training rows, of 60 networks; the others are the test set
_DRAW = 214  # seed of settings drawn, with which nascast's own predictors are small; chosen
_MEMO: Memo = {}  # proxy scores of the tiny networks, computed once for all checks
_ARTEFACTS: dict[str, tuple[Artefact, float]] = {}  # supernets, trained once for all checks


def check_one_finite_score_per_row(factory: Factory) -> None:
    """A query of n rows gives n finite scores, for one row and for none too."""
    predictor, test = _fitted(factory), _rows()[1]
    for n in (len(test), 1, 0):
        found = _predict(predictor, test[:n])
        assert isinstance(found, Prediction), f"query gave a {type(found).__name__}"
        assert found.mean.shape == (n,), f"{n} rows gave means of shape {found.mean.shape}"
        assert np.isfinite(found.mean).all(), "a score is not finite where all evidence is"


def check_row_by_row(factory: Factory) -> None:
    """A row's score does not depend on the rows it is queried with."""
    predictor, test = _fitted(factory), _rows()[1][:6]
    single = np.concatenate([_query(predictor, row[None]) for row in test])
    assert np.allclose(_query(predictor, test), single, rtol=predictor.precision), (
        f"the batch changed a score by more than the precision declared, {predictor.precision:g}"
    )


def check_equivalent_rows(factory: Factory) -> None:
    """Equivalent rows, whose records are equal too, have one score."""
    predictor, space = _fitted(factory), TinyBenchmark().space
    rows = np.random.default_rng(0).permutation(space.all())
    canonical = space.canonical(rows)
    other = np.flatnonzero((rows != canonical).any(1))[:6]
    same = np.allclose(
        _query(predictor, rows[other]),
        _query(predictor, canonical[other]),
        rtol=predictor.precision,
    )
    assert same, "a row's score is not that of its canonical row"


def check_query_changes_nothing(factory: Factory) -> None:
    """Querying twice gives the same, and leaves the rows and all global generators."""
    predictor, test = _fitted(factory), _rows()[1]
    test.flags.writeable = False  # an attempt to write raises
    with untouched_generators():
        first = _query(predictor, test)
        _query(predictor, test[:5])
        assert np.array_equal(first, _query(predictor, test)), "a query changed the predictor"


def check_refit_forgets(factory: Factory) -> None:
    """Initialized again it equals a new predictor, given equal generators; none is global."""
    train, test = _rows()
    train.flags.writeable = False  # an attempt to write raises
    with untouched_generators():
        used = _initialized(factory(), train[:5])
        _initialized(used, train)
    same = np.array_equal(_query(used, test), _query(_fitted(factory), test))
    assert same, "a predictor that was initialized twice differs from one initialized once"


def check_better_than_chance(factory: Factory) -> None:
    """Larger is better: the scores of unseen networks rank them better than chance.

    A proxy that does not claim to do so alone is not held to it; see `ranks_alone`.
    """
    if not factory().ranks_alone:
        return
    test = _rows()[1]
    scores = _query(_fitted(factory), test)
    better_than_chance(scores, TinyBenchmark().query(test, "val_accuracy"))


def check_few_labels(factory: Factory) -> None:
    """One or two labels are enough to give finite scores."""
    train, test = _rows()
    for n in (1, 2):
        scores = _query(_initialized(factory(), train[:n]), test)
        assert np.isfinite(scores).all(), f"with {n} labels, a score is not finite"


def check_constant_labels(factory: Factory) -> None:
    """Where all labels are the same scores are finite; on the scale of labels they are the label.

    A predictor that only ranks may give any scores then, and one that learns from labels any
    constant.
    """
    train, test = _rows()
    same = TinyBenchmark(spread=0.0, noise=0.0)
    predictor = _initialized(factory(), train, same)
    scores = _query(predictor, test, same)
    assert np.isfinite(scores).all(), "with constant labels, a score is not finite"
    if "train_size" in predictor.axes and predictor.ranks_only:
        assert np.allclose(scores, scores[0]), "all labels were the same, and the scores are not"
    elif "train_size" in predictor.axes:
        label = float(same.query(test[:1], "val_accuracy")[0])
        assert np.allclose(scores, label), f"all labels were {label}; predicted {scores}"


def check_minimized_metric(factory: Factory) -> None:
    """Larger scores are better also where the metric is a loss."""
    if not factory().ranks_alone:
        return
    train, test = _rows()
    objective = Objective("val_loss", minimize=True)
    predictor = factory()
    ledger = _ledger(TinyBenchmark(), objective)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(0))
    with ledger.phase("query"):
        scores = predictor.query(ledger, test).mean
    better_than_chance(scores, -TinyBenchmark().query(test, "val_loss"))


def check_keeps_its_settings(factory: Factory) -> None:
    """The constructor's arguments are attributes of the same names, so that a `Spec` tells them."""
    predictor = factory()
    for name in inspect.signature(type(predictor)).parameters:
        assert hasattr(predictor, name), f"the setting {name} is no attribute of the predictor"


def check_ranges(factory: Factory) -> None:
    """What is drawn from the ranges it declares are settings of it, with which it learns."""
    predictor, rng = factory(), np.random.default_rng(_DRAW)
    if not predictor.ranges:
        return
    train, test = _rows()
    drawn = {name: range_.draw(rng) for name, range_ in predictor.ranges.items()}
    other = predictor.like(**drawn)
    for name, value in drawn.items():
        assert getattr(other, name) == value, f"{name} was drawn as {value}, and is another"
    scores = _query(_initialized(other, train[:8]), test[:4])
    assert np.isfinite(scores).all(), f"with the settings {drawn} a score is not finite"


def check_pickles(factory: Factory) -> None:
    """A predictor pickles before and after it was initialized, and predicts the same then."""
    train, test = _rows()
    fresh: PerformancePredictor = pickle.loads(pickle.dumps(factory()))
    same = np.array_equal(_query(_initialized(fresh, train), test), _query(_fitted(factory), test))
    assert same, "a predictor that was pickled before it was initialized predicts something else"
    restored = pickle.loads(pickle.dumps(_fitted(factory)))
    same = np.array_equal(_query(restored, test), _query(_fitted(factory), test))
    assert same, "a predictor that was pickled predicts something else"


def check_deviations(factory: Factory) -> None:
    """Deviations, where there are any, are finite; where they claim to be calibrated they cover.

    Of unseen true scores, 90 % should lie within 1.645 deviations of the mean; expected are 70 %.
    """
    predictor, test = _fitted(factory), _rows()[1]
    found = _predict(predictor, test)
    if found.deviation is None:
        assert not predictor.calibrated, "it claims calibrated deviations, and gives none"
        return
    assert np.isfinite(found.deviation).all(), "a deviation is not finite"
    true = TinyBenchmark().query(test, "val_accuracy")
    covered = float((np.abs(found.mean - true) <= 1.645 * found.deviation).mean())
    if predictor.calibrated:
        assert covered >= _COVERED, f"intervals of 90 % hold {covered:.0%} of the true scores"


def check_unknown_seconds(factory: Factory) -> None:
    """Where the seconds of trainings are not known, it predicts all the same, at a cost of NaN."""
    train, test = _rows()
    ledger = _ledger(_Untimed(), Objective("val_accuracy"))
    predictor = factory()
    with ledger.phase("init"):
        predictor.initialize(ledger, train[:2], np.random.default_rng(0))
    with ledger.phase("query"):
        scores = predictor.query(ledger, test).mean
    assert np.isfinite(scores).all(), "without known seconds, a score is not finite"
    unknown = [bool(np.isnan(ledger.seconds[phase])) for phase in ("init", "query")]
    declared = [axis in predictor.axes for axis in ("train_size", "epochs")]
    assert unknown == declared, (
        f"unknown costs (at init, at query): {unknown}; axes say {sorted(predictor.axes)}"
    )


def check_spends_on_its_axes_alone(factory: Factory) -> None:
    """Labels cost at initialization, partial training at query, and only as `axes` declares."""
    train, test = _rows()
    train = train[:1]  # enough to be charged, and nothing to fit
    predictor, benchmark = factory(), TinyBenchmark()
    batch = Batch.random(benchmark.task, 32)
    # The clock stands still, so that recorded training is all that costs.
    ledger = Ledger(
        benchmark, Objective("val_accuracy"), batch=batch, data=_images, clock=lambda: 0.0
    )
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(0))
    with ledger.phase("query"):
        predictor.query(ledger, test)
    spent = [ledger.seconds["init"] > 0, ledger.seconds["query"] > 0]
    declared = [axis in predictor.axes for axis in ("train_size", "epochs")]
    assert spent == declared, (
        f"trainings were paid for (at init, at query): {spent}; axes say {sorted(predictor.axes)}"
    )
    labels = benchmark.seconds(train).sum()
    assert ledger.seconds["init"] <= labels * (1 + 1e-9), "the labels of other rows were read"
    assert ledger.seconds["query"] <= benchmark.seconds(test).sum(), "more than full training"


def _rows() -> tuple[Genes, Genes]:
    """Returns training and test rows, all of different networks."""
    benchmark = TinyBenchmark()
    rows = np.unique(benchmark.space.canonical(benchmark.genes()), axis=0)
    rows = np.random.default_rng(0).permutation(rows)
    return rows[:_TRAIN].copy(), rows[_TRAIN:].copy()


def _ledger(benchmark: TinyBenchmark, objective: Objective) -> Ledger:
    # The size of the batch is chosen: Jacobians of a few images rank poorly.
    return Ledger(
        benchmark,
        objective,
        batch=Batch.random(benchmark.task, 32),
        data=_images,
        memo=_MEMO,
        artefacts=_ARTEFACTS,
    )


@lru_cache(maxsize=1)
def _images(split: Any) -> Any:
    """Returns random images to train supernets on; whatever the split, they are as many."""
    import torch

    from nascast.training.data import ImageData

    task = TinyBenchmark().task
    drawn = [Batch.random(task, 64, seed) for seed in range(3)]
    parts = [(torch.from_numpy(b.inputs), torch.from_numpy(b.labels)) for b in drawn]
    return ImageData(parts[0], parts[1], parts[2], task.classes, "random images")


@lru_cache(maxsize=1)
def _fitted(factory: Factory) -> PerformancePredictor:
    """Returns a predictor for the checks that only query; some take seconds to initialize."""
    return _initialized(factory(), _rows()[0])


def _initialized(
    predictor: PerformancePredictor, train: Genes, benchmark: TinyBenchmark | None = None
) -> PerformancePredictor:
    ledger = _ledger(benchmark or TinyBenchmark(), Objective("val_accuracy"))
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(0))
    return predictor


class _Untimed(TinyBenchmark):
    """Records without seconds."""

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        return np.full(len(genes), np.nan)


def _query(
    predictor: PerformancePredictor, genes: Genes, benchmark: TinyBenchmark | None = None
) -> Floats:
    return _predict(predictor, genes, benchmark).mean


def _predict(
    predictor: PerformancePredictor, genes: Genes, benchmark: TinyBenchmark | None = None
) -> Prediction:
    ledger = _ledger(benchmark or TinyBenchmark(), Objective("val_accuracy"))
    with ledger.phase("query"):
        return predictor.query(ledger, genes)
