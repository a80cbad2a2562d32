"""Claims of White et al. on 31 predictors over budgets (NeurIPS 2021)."""

from collections.abc import Collection, Mapping

import numpy as np

from nascast.core.types import Floats
from nascast.studies.claims.claim import Claim, Desk
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import gap, over_trials
from nascast.studies.claims.plans import (
    CURVES,
    FEW,
    MANY,
    MODELS,
    PROXIES,
    TREES,
    budget_map,
    every_proxy,
    mutated,
    omni_parts,
    short_queries,
    thirty_hours,
    unmutated,
)
from nascast.studies.claims.taus import Key, Taus, best, duel, grouped, only, select, taus_at
from nascast.studies.numerals import number
from nascast.studies.predictors.pareto import optimal
from nascast.studies.predictors.results import Result

__all__ = ["CLAIMS"]

_PAPER = "White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177"
_MAP = (
    f"On nb201-mini with {FEW} labels, as many as thirty hours of training give on NAS-Bench-201, "
    f"and {MANY}, with 1, 3 and 6 of 10 epochs, and the 29 predictors other than weight sharing, "
    "with the settings that they have here. "
)


def _pareto(desk: Desk) -> Finding:
    groups = {
        key: group for key, group in grouped(desk.results(budget_map)).items() if key[0] != "omni"
    }
    keys, share = list(groups), taus_at(desk, budget_map).share
    title, parts, names = "Pareto-optimal predictors of 29", list[Part](), list[str]()
    for i, (tau, how) in enumerate((("kendall", ""), ("kendall_other", ", by another training"))):
        numbers = np.array([_numbers(group, tau) for group in groups.values()])  # (k, trials, 3)
        if not np.isfinite(numbers).all():
            continue
        names = names or _optimal(keys, numbers)
        found = over_trials(
            lambda drawn: float(len(_optimal(keys, drawn.swapaxes(0, 1)))),
            numbers.swapaxes(0, 1),
            desk.rng(i),
            share,
        )
        parts += [
            Part(title + how, found, 4, digits=0, core=not how),
            Part(title + how, found, 10, above=False, digits=0, core=not how),
        ]
    return judged(parts, f"They are {', '.join(names)}.")


def _numbers(group: list[Result], tau: str) -> list[tuple[float, float, float]]:
    return [
        (getattr(item, tau), item.init_seconds_total, item.query_seconds_each) for item in group
    ]


def _optimal(keys: list[Key], numbers: Floats) -> list[str]:
    """Returns the names of predictors that are Pareto-optimal with some budget."""
    means = numbers.mean(1)
    flags = optimal(means[:, 0], means[:, 1:])
    return list(dict.fromkeys(key[0] for key, flag in zip(keys, flags, strict=True) if flag))


def _cheap(desk: Desk) -> Finding:
    taus, later = (taus_at(desk, plan) for plan in (budget_map, every_proxy))
    own = {name: taus[name, 0, 0] for name in ("jacov", "synflow")}
    others = [name for name in PROXIES if name not in own]
    (rival, _, _), value = best(select(taus, others))
    (model, _, _), few = best(select(taus, MODELS, labels=(FEW,)))
    (top, _, _), newest = best({k: v for k, v in later.items() if k[0] not in CURVES})
    better = best(select(taus, tuple(own)))[1]
    parts = [gap(f"τ of {name} less that of {rival}", own[name], value, taus.share) for name in own]
    parts.append(gap(f"the better less {model} with {FEW} labels", better, few, taus.share))
    parts.append(gap(f"the better less {top}, best of all", better, newest, taus.share, core=False))
    return judged(parts)


def _curves_first(desk: Desk) -> Finding:
    taus = taus_at(desk, budget_map)
    parts: list[Part] = []
    for epochs in (3, 6):
        names = [n for n in (*CURVES, *PROXIES) if n != "sotl_e"]
        rival, _ = best(select(taus, names, epochs=(0, epochs)))
        title = f"τ of sotl_e less that of {rival[0]}, {epochs} epochs"
        parts += duel(title, taus, ("sotl_e", 0, epochs), rival, curves=True)
    return judged(parts)


def _thirty_hours(desk: Desk) -> Finding:
    taus, labels = taus_at(desk, budget_map), thirty_hours()
    (model, _, _), value = best(select(taus, MODELS, labels=(labels,)))
    (more, _, _), many = best(select(taus, MODELS, labels=(MANY,)))
    jacov = taus["jacov", 0, 0]
    title = f"τ of jacov less that of {model}, the best model, with {labels} labels"
    late = f"τ of {more} with {MANY} labels less that of jacov"
    return judged(
        [
            gap(title, jacov, value, taus.share),
            gap(late, many, jacov, taus.share, core=False),
        ]
    )


def _graphs_lead(desk: Desk) -> Finding:
    taus = taus_at(desk, budget_map)
    parts = []
    for labels in (thirty_hours(), MANY):
        here = select(taus, MODELS, labels=(labels,))
        (own, _, _), value = best(select(here, ("gcn", "seminas")))
        (rival, _, _), other = best(
            {k: v for k, v in here.items() if k[0] not in ("gcn", "seminas")}
        )
        title = f"τ of {own} less that of {rival}, {labels} labels"
        parts.append(gap(title, value, other, taus.share))
    return judged(parts)


def _omni(desk: Desk) -> Finding:
    taus = taus_at(desk, budget_map)
    gains, rivals = {}, {}
    for own in select(taus, ("omni",)):
        _, labels, epochs = own
        others = {
            key: values
            for key, values in taus.items()
            if key[0] != "omni" and key[1] in (0, labels) and key[2] in (0, epochs)
        }
        rivals[own], value = best(others)
        gains[own] = np.stack([taus[own], value], axis=1)
    most = max(gains, key=lambda key: _relative(gains[key]))
    rival = rivals[most]
    found = over_trials(_relative, gains[most], desk.rng(0), taus.share)
    title = f"gain over {rival[0]}, {most[1]} labels and {most[2]} epochs, in percent"
    parts = [
        Part(title, found, 0, digits=1, core=False),
        Part("the same gain", found, 30, digits=1),
    ]
    away = np.stack([taus.others[most], taus.others[rival]], axis=1)
    if np.isfinite(away).all():
        there = over_trials(_relative, away, desk.rng(1), taus.share)
        parts.append(Part("the same gain by another training", there, 30, digits=1, core=False))
    return judged(
        parts,
        f"Of {len(gains)} budgets this is the one of the largest gain; at "
        f"{sum(_relative(gain) > 0 for gain in gains.values())} there is one.",
    )


def _relative(both: Floats) -> float:
    first, second = both.mean(0)
    return float(100 * (first / second - 1))


def _families(desk: Desk) -> Finding:
    taus = taus_at(desk, omni_parts)
    parts = []
    for spec, title in {
        "omni(curves=[])": "the learning curve",
        "omni(proxies=[])": "the proxy",
        "omni(encodings=[])": "the encoding",
    }.items():
        parts += _twice(f"loss of τ without {title}", taus, ("omni",), (spec,))
    return judged(parts)


def _twice(name: str, taus: Taus, first: Collection[str], second: Collection[str]) -> list[Part]:
    """Returns whether the mean of some predictors is larger than that of others, in pairs.

    A second part judges both by another training, as far as the table has one: the trainings that
    curves read have the noise of the first.
    """
    one, other = (_mean(taus.first, taus, names) for names in (first, second))
    parts = [gap(name, one, other, taus.share)]
    one, other = (_mean(taus.others, taus, names) for names in (first, second))
    if np.isfinite(one - other).all():
        name = f"{name}, by another training"
        parts.append(gap(name, one, other, taus.share, core=False))
    return parts


def _mean(values: Mapping[Key, Floats], taus: Taus, names: Collection[str]) -> Floats:
    found: Floats = np.mean([values[key] for key in select(taus, names)], axis=0)
    return found


def _falls(desk: Desk) -> Taus:
    """Returns by how much τ falls from uniform to mutated sets, by predictor and budget."""
    before, after = (taus_at(desk, plan) for plan in (unmutated, mutated))
    falls, others = (
        {key: first[key] - second[key] for key in first if key in second}
        for first, second in ((before.first, after.first), (before.others, after.others))
    )
    return Taus(falls, others, before.reads, before.share)


def _mutation_ranks(desk: Desk) -> Finding:
    falls = _falls(desk)
    models, curves, proxies = (
        _mean(falls.first, falls, family) for family in (MODELS, CURVES, PROXIES)
    )
    return judged(
        [
            *_twice("fall of τ of models less that of proxies", falls, MODELS, PROXIES),
            *_twice("fall of τ of models less that of curves", falls, MODELS, CURVES),
        ],
        f"Falls are {number(models.mean())} for models, {number(curves.mean())} for curves and "
        f"{number(proxies.mean())} for proxies.",
    )


def _mutation_ends(desk: Desk) -> Finding:
    of_all = _falls(desk)
    falls = {key[0]: fall for key, fall in select(of_all, MODELS).items()}
    boosted = [name for name in TREES if name != "random_forest"]
    rest = [name for name in falls if name not in (*boosted, "seminas")]
    others = np.mean([falls[name] for name in rest], axis=0)
    trees = np.mean([falls[name] for name in boosted], axis=0)
    most = max(falls, key=lambda name: float(falls[name].mean()))
    least = min(falls, key=lambda name: float(falls[name].mean()))
    return judged(
        [
            gap(
                "fall of seminas less that of other models", falls["seminas"], others, of_all.share
            ),
            gap("fall of other models less that of boosted trees", others, trees, of_all.share),
        ],
        f"{most} falls most, {least} least.",
    )


def _choice(desk: Desk) -> Finding:
    taus: Taus = taus_at(desk, short_queries)
    parts = []
    for labels in sorted({key[1] for key in taus if key[1]}):
        here = select(taus, labels=(0, labels))
        own, _ = best({k: v for k, v in here.items() if k[0].startswith("omni(")})
        rival, _ = best({k: v for k, v in here.items() if k != own})
        title = f"τ of the three less that of {rival[0]}, {labels} labels"
        parts += _twice(title, only(taus, (own, rival)), own[:1], rival[:1])
    return judged(parts)


CLAIMS = (
    Claim(
        "pareto-seven-of-31",
        "Only about seven of the 31 predictors are Pareto-optimal in τ, initialization and query "
        "time.",
        f"{_PAPER}, comparison over budgets",
        f"{_MAP}Predictors that are Pareto-optimal with some budget are counted; it should be more "
        "than 4 and fewer than 10.",
        _pareto,
        studies=(budget_map,),
        seconds=500,
    ),
    Claim(
        "zero-cost-for-small-times",
        "Where both times are small, Jacobian covariance and SynFlow are best.",
        f"{_PAPER}, comparison over budgets",
        f"{_MAP}Both should rank better than the study's four other proxies, and the better "
        f"one than any model with {FEW} labels. That a later proxy ranks better is a caveat.",
        _cheap,
        studies=(budget_map, every_proxy),
        seconds=530,
    ),
    Claim(
        "sotl-e-for-long-queries",
        "At low initialization and high query time SoTL-E is best.",
        f"{_PAPER}, comparison over budgets",
        f"{_MAP}With 3 and with 6 epochs it should rank better than every predictor that needs no "
        "labels.",
        _curves_first,
        studies=(budget_map,),
        seconds=500,
    ),
    Claim(
        "models-need-many-labels",
        "After thirty hours of initialization Jacobian covariance still ranks better than all "
        "model-based predictors.",
        f"{_PAPER}, comparison over budgets",
        f"{_MAP}With the labels of thirty hours it should rank better than the best of sixteen "
        f"models; that none passes it with {MANY} is a caveat.",
        _thirty_hours,
        studies=(budget_map,),
        seconds=500,
    ),
    Claim(
        "graph-networks-lead",
        "At short query times SemiNAS and GCN lead the model-based predictors.",
        f"{_PAPER}, comparison over budgets",
        f"{_MAP}The better of the two should rank better than the best of the other fourteen, with "
        f"the labels of thirty hours and with {MANY}.",
        _graphs_lead,
        studies=(budget_map,),
        seconds=500,
    ),
    Claim(
        "omni-gains-thirty-percent",
        "OMNI reaches τ up to 30 % above that of the next best predictor.",
        f"{_PAPER}, abstract",
        f"{_MAP}The gain over the best other predictor of the same budget, where it is largest, "
        "should be above 30 %.",
        _omni,
        studies=(budget_map,),
        seconds=500,
    ),
    Claim(
        "omni-needs-its-families",
        "Each of OMNI's three families of evidence adds to it.",
        f"{_PAPER}, its ablation of OMNI",
        "On nb201-mini with 100 and 400 labels and 1 and 3 of 10 epochs; τ, the mean over these "
        "budgets, should be lower without the curve, without the proxy and without the encoding.",
        _families,
        studies=(omni_parts,),
        seconds=60,
    ),
    Claim(
        "models-fall-on-mutations",
        "On test sets of mutations zero-cost and learning-curve predictors keep their rank, and "
        "model-based ones fall.",
        f"{_PAPER}, mutation-based test sets",
        f"On nb201-mini with {MANY} labels, as models fall there late, 3 of 10 epochs and 100 test "
        "cells, τ on uniform sets less "
        "that on sets of mutations, mean by family. It should be larger for models than for "
        "proxies and curves. Mutations lead to recorded cells alone.",
        _mutation_ranks,
        studies=(unmutated, mutated),
        seconds=600,
    ),
    Claim(
        "seminas-falls-most",
        "On test sets of mutations SemiNAS falls most and boosted trees least.",
        f"{_PAPER}, mutation-based test sets",
        "As models-fall-on-mutations. The fall of SemiNAS should be larger than the mean of the "
        "other models, and that of three kinds of boosted trees smaller.",
        _mutation_ends,
        studies=(unmutated, mutated),
        seconds=600,
    ),
    Claim(
        "three-for-middling-times",
        "With middling initialization and short queries, Jacobian covariance with SynFlow and "
        "NGBoost is the choice.",
        f"{_PAPER}, its recommendations",
        "On nb201-mini with 20 and 100 labels: NGBoost on the encoding and the two proxies should "
        "rank better than each of the three, and than GCN, SemiNAS and a Gaussian process.",
        _choice,
        studies=(short_queries,),
        seconds=75,
    ),
)
