"""Claims on search strategies, by simulated searches on recorded trainings."""

import numpy as np

from nascast.studies.claims.claim import Claim, Desk, Scale
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import gap, mean
from nascast.studies.claims.records import DATA_SETS
from nascast.studies.claims.regrets import behind_random, regrets_of, regrets_within
from nascast.studies.claims.taus import taus_at
from nascast.studies.predictors.design import LABELS, Study

__all__ = ["CLAIMS"]

_TRAININGS, _GUIDED = 200, 60  # of each search; chosen
_GUIDES = ("bananas", "bayesian_linear_regression", "gcn", "gp", "random_forest", "xgboost")
_OMNI = {  # tables by the name for people, and OMNI on what they recorded
    "nb201-mini": ("nb201_mini", "omni(epochs=3)"),
    "CIFAR-10": (
        "nb201_seeds",
        "omni(epochs=12,curves=[early_stop_accuracy],proxies=[params])",
    ),
}
_STUDY = "White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177, predictors in searches"


def guides(scale: Scale) -> Study:
    """Predictors that guide searches, with as many labels as these have trainings."""
    axes = {LABELS: (_GUIDED,)}
    return Study("nb201_seeds", _GUIDES, axes, trials=scale.trials, seed=scale.seed)


def _evolution(desk: Desk) -> Finding:
    return judged(behind_random(desk, DATA_SETS, ("regularized_evolution",), _TRAININGS))


def _local(desk: Desk) -> Finding:
    parts = behind_random(desk, DATA_SETS, ("local_search",), _TRAININGS)
    for data, name in DATA_SETS.items():
        own, evolved = (
            regrets_of(desk, name, text, _TRAININGS)
            for text in ("local_search", "regularized_evolution")
        )
        title = f"{data}: regret of local search less that of evolution"
        parts.append(Part(title, mean(own - evolved), 0.1, above=False, core=False))
    return judged(parts)


def _controllers(desk: Desk) -> Finding:
    parts: list[Part] = []
    for data, name in DATA_SETS.items():
        own = regrets_of(desk, name, "regularized_evolution", _TRAININGS)
        for text in ("reinforce small", "ppo small"):
            other = regrets_of(desk, name, text, _TRAININGS)
            title = f"{data}: regret of {text} less that of evolution"
            parts.append(gap(title, other, own, case=data))
    return judged(parts)


def _strong(desk: Desk) -> Finding:
    return judged(
        [
            Part(
                f"{data}: regret of random search, points",
                mean(regrets_of(desk, name, "random", _TRAININGS)),
                1.0,
                above=False,
                digits=2,
                case=data,
            )
            for data, name in DATA_SETS.items()
        ]
    )


def _guided(desk: Desk) -> Finding:
    taus = {key[0]: values.mean() for key, values in taus_at(desk, guides).items()}
    order = sorted(taus, key=lambda name: taus[name])
    half = len(order) // 2
    parts: list[Part] = []
    for name in ("predictor_evolution", "bayesian_optimization"):
        regrets = [
            regrets_of(desk, "nb201_seeds:cifar100", f"{name}(predictor={guide})", _GUIDED)
            for guide in order
        ]
        worse, better = (np.mean(part, axis=0) for part in (regrets[:half], regrets[half:]))
        title = f"{name}: regret with predictors of low τ less that with high τ"
        parts.append(gap(title, worse, better))
    ranked = ", ".join(f"{name} {taus[name]:.3f}" for name in order)
    return judged(parts, f"τ with {_GUIDED} labels: {ranked}.")


def _omni_searches(desk: Desk) -> Finding:
    parts = []
    for data, (name, omni) in _OMNI.items():
        for loop in ("predictor_evolution", "bayesian_optimization"):
            own, other = (
                regrets_within(desk, name, f"{loop}(predictor={guide})", _GUIDED)
                for guide in (omni, "gcn")
            )
            title = f"{data}, {loop}: regret with gcn less that with omni"
            parts.append(gap(title, other, own, case=data))
    return judged(
        parts,
        "In nb201-mini few mutants of a cell are recorded, so that evolution evaluates them all, "
        "whoever ranks them.",
    )


CLAIMS = (
    Claim(
        "evolution-beats-random",
        "Regularized evolution finds better networks than random search.",
        "Real et al., AAAI 2019, https://arxiv.org/abs/1802.01548",
        f"Searches of {_TRAININGS} trainings on NAS-Bench-201's three data sets. The regret in "
        "validation accuracy should be smaller than that of random search.",
        _evolution,
        seeded=True,
        seconds=15,
    ),
    Claim(
        "evolution-beats-controllers",
        "Regularized evolution is ahead of reinforcement learning at the same number of trainings.",
        "Real et al., AAAI 2019, https://arxiv.org/abs/1802.01548",
        f"Searches of {_TRAININGS} trainings on NAS-Bench-201's three data sets; REINFORCE and PPO "
        "with their settings for small budgets should have a larger regret.",
        _controllers,
        seeded=True,
        seconds=150,
    ),
    Claim(
        "local-search-is-strong",
        "Local search is as good as the state of the art on NAS-Bench-201.",
        "White et al., Exploring the Loss Landscape in NAS, UAI 2021, "
        "https://arxiv.org/abs/2005.02960",
        f"Searches of {_TRAININGS} trainings on three data sets. Its regret should be smaller than "
        "that of random search; that it is not within .1 of evolution's is a caveat.",
        _local,
        seeded=True,
        seconds=20,
    ),
    Claim(
        "random-search-is-strong",
        "Random search is a strong baseline.",
        "Li & Talwalkar, UAI 2019, https://arxiv.org/abs/1902.07638",
        f"Random searches of {_TRAININGS} trainings on NAS-Bench-201's three data sets: their mean "
        "regret in validation accuracy should be below one point.",
        _strong,
        seeded=True,
        seconds=8,
    ),
    Claim(
        "better-predictors-guide-better",
        "The predictors with the best τ speed up evolution and Bayesian optimization most.",
        _STUDY,
        f"Six predictors by τ with {_GUIDED} labels of NAS-Bench-201, CIFAR-10; then searches of "
        f"{_GUIDED} trainings on CIFAR-100 that they guide. The mean regret of the upper three "
        "should be smaller than that of the lower three, in both kinds of searches. OMNI has a "
        "claim of its own.",
        _guided,
        seeded=True,
        studies=(guides,),
        seconds=150,
    ),
    Claim(
        "omni-guides-searches",
        "OMNI does well in evolution and in Bayesian optimization.",
        _STUDY,
        f"Searches of the seconds of {_GUIDED} trainings, guided by OMNI and by GCN; the regret "
        "with OMNI should be smaller. What OMNI reads of candidates is paid for: on nb201-mini 3 "
        "of 10 epochs, which count as begun where a training goes on; on NAS-Bench-201, CIFAR-10, "
        "trainings of 12 epochs, without a training loss, and with the number of parameters as "
        "the zero-cost score.",
        _omni_searches,
        seeded=True,
        seconds=170,
    ),
)
