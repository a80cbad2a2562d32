"""Comparisons of predictors that claims of later, and earlier, papers read."""

from functools import partial

from nascast.studies.claims.claim import Plan, Scale
from nascast.studies.predictors.design import LABELS, Study

__all__ = [
    "BARE",
    "CURVE_TABLES",
    "GRAF",
    "MORE",
    "SPACES",
    "THIRTEEN",
    "TRANSFER",
    "curves_of",
    "encodings_of",
    "joined_scores",
    "networks_of",
    "transferred",
]

SPACES = {  # tables by the name for people
    "NAS-Bench-201": "nb201_seeds",
    "NAS-Bench-101": "nb101_sample",
    "NAS-Bench-301": "nb301_sample",
}
CURVE_TABLES = {  # table, metric, epochs of the curves
    "nb201-mini": ("nb201_mini", "val_accuracy", (2, 5)),
    "NAS-Bench-NLP": ("nbnlp_logs", "val_loss", (5, 15)),
}
GRAF, BARE = "xgboost(encoding=graf)", "xgboost"
TRANSFER = "transfer(predictor=gp(encoding=joined),benchmark=nb201_seeds(cifar100),labels=500)"
THIRTEEN = (  # proxies of NAS-Bench-Suite-Zero
    *("epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm", "nwot", "params"),
    *("plain", "snip", "synflow", "zen"),
)
MORE = f"omni(curves=[],proxies=[{','.join(THIRTEEN)}],model=xgboost,lines=false,epochs=1)"


def _encodings(scale: Scale, table: str) -> Study:
    """Trees on encodings, and a graph transformer."""
    names = (
        *(BARE, GRAF, "random_forest", "random_forest(encoding=graf)", "gp", "gp(encoding=graf)"),
        *("nn_former", "gcn"),
    )
    return Study(table, names, {LABELS: (100,)}, trials=scale.trials, seed=scale.seed)


def _networks(scale: Scale, table: str) -> Study:
    """Neural predictors with several losses, alone and in ensembles."""
    names = (
        *("gcn(loss=squared)", "gcn", "gcn(loss=pairwise)", "gcn(members=5)"),
        *("mlp(loss=squared,members=1)", "mlp(loss=listwise,members=1)"),
        *("mlp(loss=listwise,members=5)", "nao(loss=squared)", "nao", "nao(members=5)"),
    )
    return Study(table, names, {LABELS: (100,)}, trials=scale.trials, seed=scale.seed)


def _curves(scale: Scale, table: str, metric: str, epochs: tuple[int, ...]) -> Study:
    """What reads learning curves."""
    names = ("early_stop_accuracy", "early_stop_loss", "sotl", "sotl_e", "lce", "lce_m", "lcsvr")
    chosen = names if metric == "val_accuracy" else names[1:]
    axes = {LABELS: (100,), "epochs": epochs}
    return Study(
        table,
        chosen,
        axes,
        trials=scale.trials,
        seed=scale.seed,
        metric=metric,
        test_size=200 if metric == "val_accuracy" else 100,
    )


class _Named(partial[Study]):
    """A comparison with a name of its own, which it keeps in a worker.

    Multiprocessing sends a plain `partial` without its attributes.
    """


def _named(plan: _Named, name: str) -> Plan:
    plan.__name__ = name  # type: ignore[attr-defined]
    return plan


encodings_of: dict[str, Plan] = {
    space: _named(_Named(_encodings, table=table), f"encodings-{table}")
    for space, table in SPACES.items()
}
networks_of: dict[str, Plan] = {
    space: _named(_Named(_networks, table=SPACES[space]), f"networks-{SPACES[space]}")
    for space in ("NAS-Bench-201", "NAS-Bench-101")
}
curves_of: dict[str, Plan] = {
    space: _named(_Named(_curves, table=table, metric=metric, epochs=epochs), f"curves-{table}")
    for space, (table, metric, epochs) in CURVE_TABLES.items()
}


def transferred(scale: Scale) -> Study:
    """A predictor that learned on CIFAR-100, and the same one from labels of CIFAR-10."""
    names = (TRANSFER, "gp(encoding=joined)")
    axes = {LABELS: (10, 50)}
    return Study("nb201_seeds", names, axes, trials=scale.trials, seed=scale.seed)


def joined_scores(scale: Scale) -> Study:
    """Trees on the encoding, without and with thirteen proxies beside it."""
    axes = {LABELS: (20, 100)}
    return Study("nb201_mini", (BARE, MORE), axes, trials=scale.trials, seed=scale.seed)
