"""What names of metrics say."""

import math
from pathlib import Path

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.metric import UNITS, bounds, direction, is_turned, quantity, span_of, unit_of
from nascast.core.types import Metric, Objective
from nascast.training.evaluator import ChildEvaluator, LanguageEvaluator, TrainingEvaluator

LARGE = (
    "accuracy val_accuracy test_acc top1Acc valAcc val_accuracy_12 throughput acc5 F1 kendall "
    "fps FPS throughput_images accuracy_score f1_score accuracy_points test/accuracy "
    "target_accuracy detection_accuracy anomaly_detection_auc robustness_accuracy detectionAccuracy"
)
SMALL = (
    "error val_error test_err top1_error top5err error_rate loss train_loss valLoss perplexity ppl "
    "latency latency_ms seconds train_time parameters params_M num_params flops GFLOPs MACs "
    "multiply_adds multiply-adds energy_mJ memory peak_memory_MB memory_bytes val/loss hw/latency "
    "fit_time latency_p99 log_latency log_loss target_error cross_entropy_loss consistency_loss "
    "similarity_loss score_mae rating_rmse quality_error"
)
TURNED = "latency_score energy_efficiency accuracy_drop neg_loss error_score"
UNSAID = (
    "score reward top1 quality accuracy_drop error_free images_per_second accuracy_loss "
    "time_to_accuracy memory_bandwidth accuracy_std losslessness accurate a x "
    "1-acc 100-accuracy -acc 1/loss "
    "accuracy_degradation accuracy_penalty acc_ci accuracy_range memory_available latency_reward "
    "latency_score latencyScore energy_score memory_score flops_score params_score time_score "
    "error_score loss_score latency_gain energy_gain energy_ratio latency_ratio energy_efficiency "
    "memory_efficiency tokens_per_second images_per_sec samples_per_joule accuracy_per_flop "
    "images/second images/seconds bits/joules latency_rank latency_percentile latency_speedup "
    "latency_speed latency_grade energy_rating latency_points latency_fitness energy_index "
    "latency_quality inv_latency inverted_loss negated_error 1/latency 1000/latency latency^-1 "
    "latency*-1 exp(-latency) log(1-err) 1−err one_over_latency time_saved energy_saver "
    "flops_pruned params_removed latency_reduced latency_within_budget meets_latency latency_ok "
    "low_latency latency_limit memory_budget target_latency memory_capacity flops_rate "
    "loss_consistency error_rating loss_entropy accuracy_density "
    "error_detection errors_fixed error_tolerance loss_flatness loss_stability loss_similarity "
    "battery_seconds idle_time unused_memory time_between_failures flops_utilization memory_density"
)


@pytest.mark.parametrize("name", LARGE.split())
def test_names_of_what_is_to_be_large(name: str) -> None:
    assert direction(name) is False
    assert Metric(name, "", "").aim == Objective(name).aim == "maximize"


@pytest.mark.parametrize("name", SMALL.split())
def test_names_of_what_is_to_be_small(name: str) -> None:
    assert direction(name) is True
    assert Metric(name, "", "").aim == Objective(name).aim == "minimize"


@pytest.mark.parametrize("name", UNSAID.split())
def test_other_names_say_nothing_and_are_not_guessed(name: str) -> None:
    assert quantity(name) is None
    for make in (direction, Objective, lambda name: Metric(name, "", "")):
        with pytest.raises(InvalidSettingError, match=r"minimize or maximize\. Known .*accuracy"):
            make(name)


def test_a_unit_behind_a_name_is_no_formula() -> None:
    for name in ("accuracy (-)", "loss (\N{MINUS SIGN})", "correlation ( - )"):
        assert quantity(name) == quantity(name.partition(" ")[0])
    for name in ("latency / seconds", "time/seconds", "energy/joules", "peak memory / bytes"):
        assert direction(name)
    for name in ("energy/seconds", "accuracy/joules", "flops/bytes", "acc (-log err)"):
        assert quantity(name) is None


def test_names_that_surely_turn_a_quantity_round() -> None:
    for name in TURNED.split():
        assert is_turned(name)
    for name in (
        "score",
        "f1_score",
        "acc_per_seed",
        "accuracy over 3 runs",
        "1-err",
        *SMALL.split(),
    ):
        assert not is_turned(name)
    for name, minimize in (("1-acc", False), ("-loss", True), ("1/latency", True)):
        assert is_turned(name, minimize)
        assert not is_turned(name, not minimize)
    for name in ("rank1_acc", "rank-1 accuracy", "Rank_5_acc"):
        assert not is_turned(name, minimize=False)
    for name in (
        "acc_rank_1",
        "acc_error",
        "accuracy loss",
        "acc_std",
        "latency_rank",
        "err@stderr",
    ):
        assert is_turned(name)


def test_names_say_what_times_are_of() -> None:
    spans = {
        "training": "time_total_s elapsed cum_time time_200ep train_time_200_epochs",
        "epoch": "s_per_epoch time/epoch epoch_seconds train_seconds_per_epoch",
        "rate": "fps images/s samples_per_second epochs_per_hour speed",
        "": "time seconds time/s latency/ms time_epoch_200 time_this_iter_s total_epoch_time",
    }
    for span, names in spans.items():
        for name in names.split():
            assert span_of(name) == span, name


@pytest.mark.parametrize("minimize", [False, True])
@pytest.mark.parametrize("name", ["score", "val_error", "val_accuracy"])
def test_what_is_said_counts(name: str, minimize: bool) -> None:
    assert Objective(name, minimize).minimize is minimize
    assert Metric(name, "", "", minimize).minimize is minimize


@pytest.mark.parametrize(
    ("name", "column", "unit"),
    [
        ("val_accuracy", "acc_M", "percent"),
        ("val_error", "", "percent"),
        ("val_loss", "", "nats"),
        ("latency", "", "none"),
        ("latency_ms", "lat_s", "ms"),
        ("latency", "latency_s_cifar10", "seconds"),
        ("params", "", "count"),
        ("params", "params_M", "millions"),
        ("params_M", "p", "millions"),
        ("gflops", "", "billions"),
        ("memory_MB", "", "MB"),
        ("energy", "e_mJ", "mJ"),
        ("score", "score_ms", "none"),
        *(("time", name, "ms") for name in ("t_msec", "milliseconds", "TIME_MS", "timeMs")),
        *(("time", name, "us") for name in ("time (µs)", "usec", "microseconds")),
        *(("time", name, "ns") for name in ("t_ns", "nanoseconds")),
        *(("time", name, "minutes") for name in ("minute", "t_mins", "t_min")),
        *(("time", name, "hours") for name in ("hour", "hrs", "time_hr", "gpu_hours")),
        *(("time", name, "days") for name in ("days", "gpu_days")),
        *(("time", name, "seconds") for name in ("elapsed", "secs", "epoch_time", "second")),
        ("latency", "latency_min", "none"),  # the smallest
        ("params", "params_k", "thousands"),
        ("energy", "energy_kJ", "none"),  # not J
    ],
)
def test_units_that_names_tell(name: str, column: str, unit: str) -> None:
    assert unit_of(name, column) == unit
    assert unit in UNITS


def test_bounds() -> None:
    assert bounds("percent") == (0, 100)
    assert bounds("fraction") == (0, 1)
    assert bounds("seconds") == bounds("nats") == bounds("count") == (0, math.inf)
    assert bounds("real") == bounds("of another program") == (-math.inf, math.inf)


def test_all_that_training_measures_has_a_direction(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        (tmp_path / f"{part}.txt").write_text("one two three\n" * 100)
    kinds: list[ChildEvaluator] = [
        TrainingEvaluator("nasnet", "digits", measure_latency=True),
        LanguageEvaluator("nasbench_nlp", str(tmp_path)),
    ]
    for evaluator in kinds:
        assert len(evaluator.metrics) >= 7
        for name in evaluator.metrics:
            assert direction(name) is not name.endswith("accuracy")
