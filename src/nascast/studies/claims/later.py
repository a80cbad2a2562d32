"""Claims on predictors of papers before and after the 2021 study."""

from nascast.core.spec import Spec
from nascast.studies.claims.claim import Claim, Desk, Plan
from nascast.studies.claims.finding import Finding, Part, judged
from nascast.studies.claims.intervals import exact, gap, mean
from nascast.studies.claims.later_plans import (
    BARE,
    GRAF,
    MORE,
    THIRTEEN,
    TRANSFER,
    curves_of,
    encodings_of,
    joined_scores,
    networks_of,
    transferred,
)
from nascast.studies.claims.plans import CURVES, every_proxy
from nascast.studies.claims.taus import Key, Taus, best, duel, only, select, taus_at

__all__ = ["CLAIMS"]

_CURVES = (
    "On nb201-mini (2 and 5 of 10 epochs) and NAS-Bench-NLP's logs (5 and 15 of 50, validation "
    "loss), "
)
_ZERO = "Krishnakumar et al., NAS-Bench-Suite-Zero, NeurIPS 2022, https://arxiv.org/abs/2210.03230"
_GRAF = "Kadlecová et al., GRAF, ICML 2024, https://arxiv.org/abs/2406.01380"


def _last(taus: Taus, epochs: int) -> Key:
    """Returns the better of the last validation accuracy, where there is one, and loss."""
    names = {key[0] for key in taus} & {"early_stop_accuracy"} | {"early_stop_loss"}
    return best(select(taus, names, epochs=(epochs,)))[0]


def _against_last(desk: Desk, name: str, above: bool = True) -> list[Part]:
    """Returns parts on how much better a predictor of curves is than the last value."""
    parts: list[Part] = []
    for space, plan in curves_of.items():
        taus = taus_at(desk, plan)
        for epochs in sorted({key[2] for key in taus}):
            (own,) = select(taus, (name,), epochs=(epochs,))
            parts += duel(
                f"{space}, {epochs} epochs: τ of {name} less that of early stopping",
                taus,
                own,
                _last(taus, epochs),
                bar=0.0 if above else 0.01,
                above=above,
                case=space,
                curves=True,
            )
    return parts


def _svr(desk: Desk) -> Finding:
    return judged(_against_last(desk, "lcsvr"))


def _sotl(desk: Desk) -> Finding:
    return judged(_against_last(desk, "sotl_e"))


def _extrapolation(desk: Desk) -> Finding:
    return judged(
        [*_against_last(desk, "lce", above=False), *_against_last(desk, "lce_m", above=False)]
    )


def _contrast(desk: Desk, plans: dict[str, Plan], pairs: list[tuple[str, str]]) -> list[Part]:
    """Returns parts on whether one spec ranks better than another, in several spaces."""
    parts: list[Part] = []
    for space, plan in plans.items():
        taus = taus_at(desk, plan)
        for first, second in pairs:
            ((_, one),) = select(taus, (first,)).items()
            ((_, other),) = select(taus, (second,)).items()
            title = f"{space}: τ of {first} less that of {second}"
            parts.append(gap(title, one, other, taus.share, case=space))
    return parts


def _graf(desk: Desk) -> Finding:
    forest = "random_forest(encoding=graf)"
    return judged(_contrast(desk, encodings_of, [(GRAF, BARE), (forest, "random_forest")]))


def _trees(desk: Desk) -> Finding:
    return judged(_contrast(desk, encodings_of, [(GRAF, "nn_former"), (GRAF, "gcn")]))


def _gaussian(desk: Desk) -> Finding:
    return judged(_contrast(desk, encodings_of, [("gp(encoding=graf)", "gp")]))


def _ranking(desk: Desk) -> Finding:
    pairs = [
        ("gcn", "gcn(loss=squared)"),
        ("gcn(loss=pairwise)", "gcn(loss=squared)"),
        ("mlp(loss=listwise,members=1)", "mlp(loss=squared,members=1)"),
        ("nao", "nao(loss=squared)"),
    ]
    return judged(_contrast(desk, networks_of, pairs))


def _ensembles(desk: Desk) -> Finding:
    pairs = [
        ("gcn(members=5)", "gcn"),
        ("mlp(loss=listwise,members=5)", "mlp(loss=listwise,members=1)"),
        ("nao(members=5)", "nao"),
    ]
    return judged(_contrast(desk, networks_of, pairs))


def _transfer(desk: Desk) -> Finding:
    taus = taus_at(desk, transferred)
    (given,) = select(taus, (str(Spec.parse("predictor", TRANSFER)),)).values()
    parts: list[Part] = []
    for labels in (10, 50):
        own = taus["gp(encoding=joined)", labels, 0]
        title = f"τ of a predictor from CIFAR-100 less that of one from {labels} labels"
        parts.append(gap(title, given, own, taus.share))
    parts.append(Part("τ of the one from CIFAR-100", mean(given, taus.share), 0.7, core=False))
    return judged(parts)


def _proxies_help(desk: Desk) -> Finding:
    taus = taus_at(desk, joined_scores)
    parts: list[Part] = []
    for labels in (20, 100):
        here = select(taus, labels=(labels,))
        ((_, more),) = select(here, (str(Spec.parse("predictor", MORE)),)).items()
        title = f"gain of τ by thirteen proxies, {labels} labels"
        parts.append(gap(title, more, here[BARE, labels, 0], taus.share))
    return judged(parts)


def _proxies_of(desk: Desk) -> Taus:
    taus = taus_at(desk, every_proxy)
    return only(taus, [key for key in taus if key[0] not in CURVES])


def _sizes(desk: Desk) -> Finding:
    taus = _proxies_of(desk)
    baseline = best(select(taus, ("params", "flops")))[1]
    rest = {key[0]: values for key, values in taus.items() if key[0] not in ("params", "flops")}
    worse = [name for name, values in rest.items() if mean(baseline - values, taus.share).low > 0]
    better = [name for name, values in rest.items() if mean(baseline - values, taus.share).high < 0]
    share = exact(100 * len(worse) / len(rest))
    return judged(
        [Part("percent of the other proxies that rank worse", share, 50, digits=0)],
        f"Better are {', '.join(better) or 'none'}.",
    )


def _both_best(desk: Desk) -> Finding:
    taus = _proxies_of(desk)
    rest = [name for name in THIRTEEN if name not in ("nwot", "flops")]
    (rival, _, _), other = best(select(taus, rest))
    parts = []
    for name in ("nwot", "flops"):
        ((_, own),) = select(taus, (name,)).items()
        title = f"τ of {name} less that of {rival}, best of the other eleven"
        parts.append(gap(title, own, other, taus.share))
    return judged(parts)


def _one_epoch(desk: Desk) -> Finding:
    taus = taus_at(desk, every_proxy)
    proxy, _ = best(_proxies_of(desk))
    parts: list[Part] = []
    for epochs in (1, 2):
        own, _ = best(select(taus, CURVES, epochs=(epochs,)))
        title = f"τ of {own[0]} after {epochs} of 10 epochs less that of {proxy[0]}, the best proxy"
        parts += duel(title, taus, own, proxy)
    return judged(parts)


CLAIMS = (
    Claim(
        "curves-by-svr",
        "A support vector regression on the learning curve ranks better than its last value.",
        "Baker et al., 2017, https://arxiv.org/abs/1705.10823",
        f"{_CURVES}LcSVR with 100 labels should rank better than the better of the last accuracy "
        "and loss.",
        _svr,
        studies=tuple(curves_of.values()),
        seconds=35,
    ),
    Claim(
        "training-speed-beats-early-stopping",
        "The training loss of the last epoch seen ranks better than validation after as many "
        "epochs.",
        "Ru et al., Speedy Performance Estimation, NeurIPS 2021, https://arxiv.org/abs/2006.04492",
        f"{_CURVES}SoTL-E should rank better than the better of the last accuracy and loss.",
        _sotl,
        studies=tuple(curves_of.values()),
        seconds=35,
    ),
    Claim(
        "extrapolation-gains-nothing",
        "Extrapolating learning curves ranks no better than their last value.",
        "White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177, learning-curve predictors",
        f"{_CURVES}τ of LCE and LCE-m less that of the better of the last accuracy and loss should "
        "be below .01.",
        _extrapolation,
        studies=tuple(curves_of.values()),
        seconds=35,
    ),
    Claim(
        "graf-beats-one-hot",
        "Counts and paths of operations are most of what an encoding has to say: trees rank better "
        "on them than on the adjacency.",
        f"{_GRAF}, and its authors' blog",
        "XGBoost and a random forest with 100 labels of NAS-Bench-201, -101 and -301: with GRAF's "
        "features they should rank better than with the one-hot adjacency.",
        _graf,
        studies=tuple(encodings_of.values()),
        seconds=150,
    ),
    Claim(
        "trees-beat-graph-networks",
        "Trees on structured features rank better than graph transformers and networks at few "
        "labels.",
        f"{_GRAF}; against PINAT and NN-Former, https://arxiv.org/abs/2507.00880",
        "XGBoost on GRAF's features with 100 labels of NAS-Bench-201, -101 and -301 should rank "
        "better than NN-Former, and than a GCN, as they are here.",
        _trees,
        studies=tuple(encodings_of.values()),
        seconds=150,
    ),
    Claim(
        "graf-helps-gaussian-processes",
        "GRAF's features help any tabular predictor.",
        f"{_GRAF}, its features with other predictors",
        "A Gaussian process with 100 labels of NAS-Bench-201, -101 and -301 should rank better on "
        "GRAF's features than on the one-hot adjacency.",
        _gaussian,
        studies=tuple(encodings_of.values()),
        seconds=150,
    ),
    Claim(
        "ranking-losses-win",
        "With few labels, networks that learn the order rank better than those that learn values.",
        "Ning et al., GATES, ECCV 2020, https://arxiv.org/abs/2004.01899; PWLNAS, ICCV 2025, on "
        "losses of predictors",
        "GCN (listwise and pairwise), an MLP and NAO (listwise) with 100 labels of NAS-Bench-201 "
        "and -101 should rank better than with squared errors.",
        _ranking,
        studies=tuple(networks_of.values()),
        seconds=150,
    ),
    Claim(
        "ensembles-rank-better",
        "An ensemble of five networks ranks better than one.",
        "White et al., BANANAS, AAAI 2021, https://arxiv.org/abs/1910.11858; Lakshminarayanan et "
        "al. 2017, https://arxiv.org/abs/1612.01474",
        "GCN, an MLP and NAO with 100 labels of NAS-Bench-201 and -101: with five members they "
        "should rank better than with one.",
        _ensembles,
        studies=tuple(networks_of.values()),
        seconds=150,
    ),
    Claim(
        "predictors-transfer",
        "A predictor that learned on another data set ranks better than one that learns from few "
        "labels anew.",
        "Transferrable Surrogates in Expressive NAS Spaces, AutoML 2025, "
        "https://arxiv.org/abs/2504.12971",
        "A Gaussian process from 500 labels of CIFAR-100 should rank NAS-Bench-201's cells on "
        "CIFAR-10 better than one from 10, and from 50, labels of CIFAR-10; τ below .7 is a "
        "caveat.",
        _transfer,
        studies=(transferred,),
        seconds=30,
    ),
    Claim(
        "proxies-help-trees",
        "Zero-cost proxies as features improve predictors that learn from labels.",
        f"{_ZERO}, up to 42 %; White et al. 2021",
        "XGBoost with 20 and 100 labels of nb201-mini should rank better with thirteen proxies "
        "beside the encoding.",
        _proxies_help,
        studies=(joined_scores,),
        seconds=45,
    ),
    Claim(
        "sizes-beat-most-proxies",
        "Parameters and multiply-adds rank better than most zero-cost proxies in small networks of "
        "NAS-Bench-201's cells.",
        f"{_ZERO}, which says so of most spaces, NAS-Bench-201 not among them",
        "On nb201-mini, the better of the two should rank significantly better than more than half "
        "of the other proxies.",
        _sizes,
        studies=(every_proxy,),
        seconds=25,
    ),
    Claim(
        "nwot-and-flops-first",
        "Of thirteen proxies nwot and multiply-adds rank best.",
        _ZERO,
        "On nb201-mini, τ of each of the two should be above that of the best of the other eleven.",
        _both_best,
        studies=(every_proxy,),
        seconds=25,
    ),
    Claim(
        "one-epoch-beats-proxies",
        "One or two epochs of training rank better than zero-cost proxies.",
        "A review of zero-cost proxies in the blog track of ICLR 2022, "
        "https://iclr-blog-track.github.io/2022/03/25/zero-cost-proxies/",
        "On nb201-mini, the best predictor of curves after one, and two, of ten epochs should "
        "rank better than the best of all proxies.",
        _one_epoch,
        studies=(every_proxy,),
        seconds=25,
    ),
)
