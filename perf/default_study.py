"""The study that ``nascast recommend`` reads where it is given no other.

Runs the comparisons below, each into a folder of its own, and writes what they found beside
``nascast.studies.recommend``. Test sets have 200 architectures. Budgets are those of the grid
``paper``, in 20 trials, which take up to two hours of a core; where fits or queries take longer,
they are those of ``quick``, see `STUDIES`. On NAS-Bench-101 and -201, which have
no training losses, OMNI reads validation accuracy and recorded scores. Left out are on
NAS-Bench-NLP `nao`, `seminas` and `nn_former`, whose graphs are large there. Supernets are trained
on the images of --images, those of CIFAR-10, and left out without. Zero-cost proxies run where
their scores are recorded beside the table, among the architectures that have them; so does `auto`
where its first OMNI can.

Run: OMP_NUM_THREADS=1 python perf/default_study.py FOLDER [--workers 2]
     [--only mini,nlp [--predictors xgboost,gp]] [--images IMAGES.npz]

It takes hours, goes on where it was stopped, and changes nothing where all is done. With --only the
findings of these comparisons, or of some of their predictors, take the place of those that the
package has of the same predictors on the same benchmark; the others stay.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from nascast.core.spec import Spec
from nascast.executors.processes import Processes
from nascast.studies import recommend
from nascast.studies.predictors.design import Study, modules_of
from nascast.studies.predictors.grids import grid
from nascast.studies.predictors.run import compare
from nascast.studies.predictors.split import with_scores
from nascast.studies.recommend import Measured
from nascast.studies.records import open_benchmark, usual_metric

FAST = (
    "xgboost,ngboost,lightgbm,random_forest,bayesian_linear_regression,bohamiann,dngo,gp,gpwl,"
    "sparse_gp,variational_sparse_gp,mlp,bananas,gcn,bonas"
)
MODELS = f"{FAST},nao,seminas,nn_former"
CURVES = "early_stop_accuracy,early_stop_loss,sotl,sotl_e,lce,lce_m,lcsvr"
SHARED = "oneshot(epochs=5),rsws"
RECORDED_OMNI = "omni(curves=[early_stop_accuracy],proxies=[jacov,nwot,synflow,params])"
PROXIES = "params,flops,l2_norm,synflow,jacov,nwot,epe_nas,snip,grad_norm,fisher,grasp,plain,zen"
LATER = "epsinas,expressivity,meco,progressivity,swap,trainability,vkdnw,zico,az_nas,vkdnw_agg"
NLP_SCORED = "params,flops,l2_norm,synflow,jacov,snip,grad_norm,plain,epsinas,zico,grasp"
LEARNED = f"{MODELS},{CURVES}"
PAPER, QUICK = "paper", "quick"
STUDIES = {  # folder: benchmark, predictors, grid and trials
    "mini": ("nb201-mini", f"{LEARNED},{PROXIES}", PAPER, 20),
    "nb201": ("nb201_seeds", LEARNED, PAPER, 20),
    "nb301": ("nb301_sample", LEARNED, PAPER, 20),
    "nb101": ("nb101_sample", LEARNED, PAPER, 20),
    "nlp": ("nbnlp_logs", f"{FAST},{CURVES}", PAPER, 20),
    "mini_later": ("nb201-mini", LATER, PAPER, 20),
    "mini_omni": ("nb201-mini", "omni", QUICK, 20),
    "mini_lcnet": ("nb201-mini", "lcnet", QUICK, 3),
    "mini_seminas": ("nb201-mini", "omni_seminas", QUICK, 3),
    "mini_shared": ("nb201-mini", SHARED, QUICK, 5),
    "mini_auto": ("nb201-mini", "auto", QUICK, 6),
    "nb201_auto": ("nb201_seeds", "auto", QUICK, 6),
    "nb301_auto": ("nb301_sample", "auto", QUICK, 6),
    "nb101_auto": ("nb101_sample", "auto", QUICK, 6),
    "nlp_auto": ("nbnlp_logs", "auto", QUICK, 6),
    "nb201_proxies": ("nb201_seeds", f"{PROXIES},{LATER}", PAPER, 20),
    "nb101_proxies": ("nb101_sample", f"{PROXIES},{LATER}", PAPER, 20),
    "nb301_proxies": ("nb301_sample", f"{PROXIES},{LATER}", PAPER, 20),
    "nb201_omni": ("nb201_seeds", RECORDED_OMNI, PAPER, 20),
    "nb101_omni": ("nb101_sample", RECORDED_OMNI, PAPER, 20),
    "nlp_omni": ("nbnlp_logs", "omni", QUICK, 20),
    "nlp_proxies": ("nbnlp_logs", NLP_SCORED, PAPER, 20),
}


def study_of(
    benchmark: str, predictors: str, budgets: str, trials: int, images: str | None = None
) -> Study:
    """Returns the settings of a comparison."""
    names = tuple(map(str, Spec.parse_list("predictor", predictors)))
    table = open_benchmark(benchmark)
    metric = usual_metric(table)
    study = Study(benchmark, names, trials=trials, metric=metric, images=images)
    within = with_scores(study, table)
    return replace(study, axes=grid(budgets, table, metric, study.test_size, within))


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def joined(before: Iterable[Measured], found: Sequence[Measured]) -> list[Measured]:
    """Returns what was found, after what was found before of other predictors or benchmarks."""
    anew = {(item.benchmark, item.predictor) for item in found}
    return [*(item for item in before if (item.benchmark, item.predictor) not in anew), *found]


def main() -> None:
    """Runs what is not there, and writes what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", type=_names)
    parser.add_argument("--predictors", type=_names)
    parser.add_argument("--images", help="images that supernets are trained on")
    options = parser.parse_args()
    found: list[Measured] = []
    for name in options.only or STUDIES:
        shares = STUDIES[name][1] == SHARED
        if shares and not options.images:
            print(f"{name} is left out: supernets need --images")
            continue
        study = study_of(*STUDIES[name], options.images if shares else None)
        folder = options.folder / name
        if options.predictors:
            study = replace(study, predictors=options.predictors)
        with Processes(options.workers, preload=modules_of(study)) as executor:
            compare(study, folder, executor)
        found += recommend.measured_in(folder)
        print(f"{name}: {len(found)} budgets of predictors so far", flush=True)
    found = joined(recommend.shipped() if options.only else [], found)
    target = Path(recommend.__file__).with_name("recommend.json")
    target.write_text(recommend.to_json(found), encoding="utf-8")
    print(f"{target}: {len(found)} budgets, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
