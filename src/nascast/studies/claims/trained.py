"""Claims that small trainings decide: children on the digits that come with scikit-learn."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nascast.core import plugins
from nascast.core.evidence import Trained
from nascast.core.ledger import Ledger
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.types import Batch, Candidate, Floats, Genes, Metric, Objective
from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import resampled
from nascast.studies.claims.records import tau_gap
from nascast.studies.metrics import kendall, undefined_last

if TYPE_CHECKING:
    from nascast.training.evaluator import TrainingEvaluator

__all__ = ["CLAIMS"]

_DATA = "digits"
_CELLS, _CHILDREN = 40, 6  # trainings; chosen
_FILTERS = {
    "nasbench201": 4,
    "nasnet": 8,
    "layerwise": 0,
}  # chosen: the last two take about as long
_RIVALS = ("params", "flops", "synflow")
_SHARED = (  # supernets of the children's own size
    "oneshot(epochs=10,filters=none,repeats=none,size=none)",
    "rsws(epochs=10,filters=none,repeats=none,size=none)",
)
_PAPER = "White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177"
_NASNET = "Zoph et al., NASNet, CVPR 2018, https://arxiv.org/abs/1707.07012"


def _evaluator(space: SearchSpace) -> "TrainingEvaluator":
    """Returns the evaluator that trains small children of a space, a second or two each."""
    from nascast.training.data import Split
    from nascast.training.evaluator import TrainingEvaluator
    from nascast.training.recipes import named_recipe

    scales = zip(space.scales, (1, _FILTERS[space.name]), strict=True)
    sizes = {name: size for name, size in scales if name and size}
    recipe = named_recipe("digits-child")
    split = Split(train=256, validation=600)
    return TrainingEvaluator(space, _DATA, recipe, split=split, skeleton=sizes)


def _trained(evaluator: "TrainingEvaluator", genes: Genes) -> tuple[Floats, Floats]:
    """Returns ``(n,)`` validation accuracies of children that are trained here, and seconds."""
    space = evaluator.space
    assert isinstance(space, SearchSpace)
    found = [evaluator.evaluate(Candidate(space.architecture(row), None), 0) for row in genes]
    accuracies = [one.metrics["val_accuracy"] for one in found]
    return np.array(accuracies), np.array([one.seconds for one in found])


def _weight_sharing(desk: Desk) -> Finding:
    from nascast.training.data import open_data

    space: SearchSpace = plugins.load("space", "nasbench201")
    evaluator = _evaluator(space)
    rows = space.canonical(space.sample(4 * _CELLS, desk.rng(0)))
    rows = rows[np.sort(space.distinct(rows))][:_CELLS]
    true, _ = _trained(evaluator, rows)
    metric = Metric("val_accuracy", "percent", "validation")
    ledger = Ledger(
        Trained(evaluator, space, [metric]),
        Objective("val_accuracy"),
        batch=Batch.random(evaluator.task, 32),
        data=partial(open_data, _DATA),
    )
    columns = {}
    for text in (*_SHARED, *_RIVALS):
        spec = Spec.parse("predictor", text)
        predictor = spec.load("predictor")
        with ledger.phase("init"):
            predictor.initialize(ledger, rows[:0], desk.rng(1))
        with ledger.phase("query"):
            columns[spec.name] = undefined_last(predictor.query(ledger, rows).mean)
    parts: list[Part] = []
    for shared in ("oneshot", "rsws"):
        for other in _RIVALS:
            three = np.stack([columns[shared], columns[other], true], axis=1)
            title = f"τ of {shared} less that of {other}"
            found = resampled(tau_gap, three, desk.rng(2, len(parts)))
            parts.append(Part(title, found, 0.0, above=False))
    taus = ", ".join(f"{name} {kendall(column, true):.3f}" for name, column in columns.items())
    return judged(parts, f"τ over {_CELLS} cells: {taus}.")


def _structures(desk: Desk) -> Finding:
    found, seconds = {}, {}
    for i, name in enumerate(("nasnet", "layerwise")):
        space: SearchSpace = plugins.load("space", name)
        rows = space.sample(_CHILDREN, desk.rng(i))
        found[name], seconds[name] = _trained(_evaluator(space), rows)
    both = np.stack([found["nasnet"], found["layerwise"]], axis=1)
    mean = resampled(lambda rows: float(rows[:, 0].mean() - rows[:, 1].mean()), both, desk.rng(2))
    best = resampled(_upper, both, desk.rng(3))
    return judged(
        [
            Part("mean accuracy of cells less that of structures", mean, 0.0, digits=1),
            Part("upper quartile of cells less that of structures", best, 0.0, digits=1),
        ],
        f"Random networks, {_CHILDREN} of each, which took {seconds['nasnet'].mean():.0f} and "
        f"{seconds['layerwise'].mean():.0f} s. Nothing was searched, and no cell was repeated.",
    )


def _upper(both: Floats) -> float:
    first, second = np.quantile(both, 0.75, axis=0)
    return float(first - second)


CLAIMS = (
    Claim(
        "weight-sharing-lags",
        "Weight sharing ranks worse than other predictors of its cost.",
        f"{_PAPER}, comparison over budgets",
        f"{_CELLS} cells of NAS-Bench-201 are trained in small networks on digits, and two "
        "supernets of the same size for ten epochs. τ of each should be below that of "
        "parameters, multiply-adds and SynFlow, which take less.",
        _weight_sharing,
        seconds=120,
    ),
    Claim(
        "cells-beat-structures",
        "Random networks of cells are better than random structures of layers at equal budget.",
        f"{_NASNET}, against Zoph & Le 2017, on searches, of which this tries the spaces alone",
        f"{_CHILDREN} random networks each of NASNet's cells and of structures of layers are "
        "trained on digits for as many epochs, at sizes that take about as long. Mean and upper "
        "quartile of validation accuracy should be higher for cells.",
        _structures,
        seconds=170,
    ),
)
