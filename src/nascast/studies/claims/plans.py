"""Comparisons of predictors that several claims read, by the protocol of the 2021 study.

Where a comparison is on nb201-mini, zero-cost scores and learning curves are those on record.
"""

from collections.abc import Mapping

import numpy as np

from nascast.studies.claims.claim import Scale
from nascast.studies.predictors.design import LABELS, Study
from nascast.studies.records import open_benchmark

__all__ = [
    "CURVES",
    "FEW",
    "GRAPHS",
    "MANY",
    "MODELS",
    "PROXIES",
    "TREES",
    "budget_map",
    "every_proxy",
    "mutated",
    "omni_parts",
    "short_queries",
    "thirty_hours",
    "unmutated",
]

TREES = ("lightgbm", "ngboost", "random_forest", "xgboost")
GRAPHS = ("bonas", "gcn", "nao", "seminas")
MODELS = (  # the study's sixteen
    *TREES,
    *GRAPHS,
    *("bananas", "bayesian_linear_regression", "bohamiann", "dngo", "gp", "mlp", "sparse_gp"),
    "variational_sparse_gp",
)
CURVES = ("early_stop_accuracy", "early_stop_loss", "lce", "lce_m", "sotl", "sotl_e")
PROXIES = ("fisher", "grad_norm", "grasp", "jacov", "snip", "synflow")  # the study's six
FEW, MANY = 20, 400  # labels; chosen: half of what the table has beside a test set
_HOURS = 30
_MINI = "nb201_mini"


def thirty_hours() -> int:
    """Returns how many trainings of NAS-Bench-201 on CIFAR-10 take thirty hours."""
    found = open_benchmark("nb201_seeds")
    return round(_HOURS * 3600 / float(np.mean(found.seconds(found.genes()))))


def budget_map(scale: Scale) -> Study:
    """The 29 predictors of the study but for weight sharing, and OMNI, over budgets."""
    axes = {LABELS: (FEW, thirty_hours(), MANY), "epochs": (1, 3, 6)}
    return _study((*MODELS, *CURVES, "lcsvr", *PROXIES, "omni"), axes, scale)


def every_proxy(scale: Scale) -> Study:
    """All proxies, which learn nothing, and curves of the first epochs."""
    from nascast.core import plugins

    names = (*plugins.builtin_names("proxy"), *CURVES)
    return _study(names, {"epochs": (1, 2)}, scale)


def omni_parts(scale: Scale) -> Study:
    """OMNI with all of its families of evidence, and without each."""
    names = ("omni", *(f"omni({part}=[])" for part in ("curves", "proxies", "encodings")))
    return _study(names, {LABELS: (100, MANY), "epochs": (1, 3)}, scale)


def short_queries(scale: Scale) -> Study:
    """What can be known of a network without training it, and both with some labels."""
    three = "omni(curves=[],proxies=[jacov,synflow],model=ngboost,lines=false,epochs=1)"
    names = (three, "jacov", "synflow", "ngboost", "gcn", "seminas", "gp")
    return _study(names, {LABELS: (FEW, 100)}, scale)


def mutated(scale: Scale) -> Study:
    """The predictors on test sets of mutations of good architectures."""
    return _on_mutations("mutation", scale)


def unmutated(scale: Scale) -> Study:
    """The same predictors with the same budgets on uniform test sets."""
    return _on_mutations("uniform", scale)


def _on_mutations(test_set: str, scale: Scale) -> Study:
    axes = {LABELS: (MANY,), "epochs": (3,)}
    return _study((*MODELS, *CURVES, *PROXIES), axes, scale, test_size=100, test_set=test_set)


def _study(
    names: tuple[str, ...],
    axes: Mapping[str, tuple[int, ...]],
    scale: Scale,
    test_size: int = 200,
    test_set: str = "uniform",
) -> Study:
    return Study(
        _MINI,
        names,
        axes,
        trials=scale.trials,
        seed=scale.seed,
        test_size=test_size,
        test_set=test_set,
    )
