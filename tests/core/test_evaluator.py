import math

import numpy as np
import pytest

from nascast.core.errors import InvalidArchitectureError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.types import Architecture, Candidate, Floats, Genes, ImageTask, Metric
from nascast.studies.records import open_benchmark
from nascast.testing.doubles import ConstantEvaluator, FlakyEvaluator, TinyBenchmark, TinySpace


class Sparse(Benchmark):
    """A benchmark with the two abstract methods only: values are 100·first gene + epoch."""

    name = "sparse"
    space = TinySpace()
    task = ImageTask()
    metrics = {  # noqa: RUF012
        "val_accuracy": Metric("val_accuracy", "percent", "validation", epochs=(2, 4, 8)),
        "test_accuracy": Metric("test_accuracy", "percent", "test", epochs=(8,)),
        "parameters": Metric("parameters", "count", "none"),
    }

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        return np.asarray(100 * genes[:, 0] + (epochs or 8), dtype=np.float64)

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        return np.full(len(genes), float(epochs or 8))


GENES = np.asarray([[1, 0, 0, 0, 0], [2, 0, 0, 0, 0]], dtype=np.int16)


def test_a_curve_is_put_together_from_queries() -> None:
    assert Sparse().curve(GENES, "val_accuracy", 4).tolist() == [[102, 104], [202, 204]]
    assert Sparse().curve(GENES, "val_accuracy", 8).shape == (2, 3)


@pytest.mark.parametrize(
    ("metric", "epochs", "known"),
    [("val_accuracy", 3, "2, 4, 8"), ("val_accuracy", 1, "2, 4, 8"), ("parameters", 1, "none")],
)
def test_a_curve_to_an_epoch_not_recorded(metric: str, epochs: int, known: str) -> None:
    with pytest.raises(UnsupportedError, match=f"after epoch {epochs}; recorded epochs: {known}"):
        Sparse().curve(GENES, metric, epochs)


def test_an_unknown_metric_lists_the_known_ones() -> None:
    with pytest.raises(UnsupportedError, match=r"'accuracy'; it has parameters, test_acc.*val_acc"):
        Sparse().describe("accuracy")
    assert Sparse().describe("val_accuracy").epochs == (2, 4, 8)


def test_a_function_has_no_list_of_architectures() -> None:
    with pytest.raises(UnsupportedError, match="sample its space"):
        Sparse().genes()


def test_a_full_evaluation_has_every_metric() -> None:
    arch = TinySpace().architecture(GENES[1])
    evaluation = Sparse().evaluate(Candidate(arch))
    assert evaluation.metrics == {"val_accuracy": 208, "test_accuracy": 208, "parameters": 208}
    assert evaluation.seconds == 8
    assert evaluation.error is None


def test_a_partial_evaluation_has_what_was_recorded_then() -> None:
    arch = TinySpace().architecture(GENES[1])
    evaluation = Sparse().evaluate(Candidate(arch, epochs=4))
    assert evaluation.metrics.keys() == {"val_accuracy", "parameters"}
    assert evaluation.metrics["val_accuracy"] == 204
    assert evaluation.seconds == 4


@pytest.mark.parametrize("benchmark", [TinyBenchmark(), open_benchmark("nb201_mini")])
def test_a_shorter_training_has_the_curves_until_its_end(benchmark: Benchmark) -> None:
    row = benchmark.genes()[:1]
    arch = benchmark.space.architecture(row[0])
    found = benchmark.evaluate(Candidate(arch, 3))
    assert {"train_loss", "val_accuracy"} <= found.curves.keys() <= found.metrics.keys()
    assert "parameters" not in found.curves
    for name, curve in found.curves.items():
        assert curve == tuple(benchmark.curve(row, name, 3)[0])
        assert curve[-1] == found.metrics[name]
    assert not benchmark.evaluate(Candidate(arch)).curves


def test_trainings_that_are_separate_are_no_curve() -> None:
    benchmark = open_benchmark("nb201_seeds")
    arch = benchmark.space.architecture(benchmark.genes()[0])
    assert not benchmark.evaluate(Candidate(arch, 12)).curves


def test_an_epoch_that_no_metric_has_is_refused() -> None:
    arch = TinySpace().architecture(GENES[1])
    with pytest.raises(UnsupportedError, match=r"after epoch 3; recorded epochs: 2, 4, 8"):
        Sparse().evaluate(Candidate(arch, epochs=3))


def test_an_architecture_of_another_space_is_refused() -> None:
    with pytest.raises(InvalidArchitectureError, match="of tiny; got one of other"):
        Sparse().evaluate(Candidate(Architecture("other", (1, 0, 0, 0, 0))))


def test_the_answer_is_the_same_for_every_seed() -> None:
    benchmark = TinyBenchmark()
    candidate = Candidate(TinySpace().architecture(GENES[0]))
    assert benchmark.evaluate(candidate, 0) == benchmark.evaluate(candidate, 7)
    first = benchmark.query(GENES[:1], "val_accuracy", None, 0)[0]
    assert benchmark.evaluate(candidate, 1).metrics["val_accuracy"] == first


def test_the_constant_evaluator_is_constant() -> None:
    candidate = Candidate(TinySpace().architecture(GENES[0]))
    assert ConstantEvaluator().evaluate(candidate, 0) == ConstantEvaluator().evaluate(candidate, 9)
    evaluation = ConstantEvaluator({"a": 2.0}, seconds=3.0).evaluate(candidate, 0)
    assert (evaluation.metrics, evaluation.seconds) == ({"a": 2.0}, 3.0)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_flaky_evaluator_fails_for_its_share_and_always_for_the_same(share: float) -> None:
    candidate = Candidate(TinySpace().architecture(GENES[0]))

    def failures() -> list[int]:
        failed = []
        for seed in range(500):
            try:
                FlakyEvaluator(share=share).evaluate(candidate, seed)
            except RuntimeError:
                failed.append(seed)
        return failed

    assert failures() == failures()
    assert len(failures()) / 500 == pytest.approx(share, abs=0.07)


def test_the_flaky_evaluator_passes_answers_on() -> None:
    candidate = Candidate(TinySpace().architecture(GENES[0]))
    evaluator = ConstantEvaluator({"a": 1.0})
    assert FlakyEvaluator(evaluator, 0.0).evaluate(candidate, 3) == evaluator.evaluate(candidate, 3)
    with pytest.raises(RuntimeError, match="failed for seed 3"):
        FlakyEvaluator(evaluator, 1.0).evaluate(candidate, 3)


def test_the_tiny_benchmark_knows_which_network_is_best() -> None:
    benchmark = TinyBenchmark(noise=0.0)
    genes = benchmark.genes()
    best = genes[benchmark.query(genes, "val_accuracy").argmax()]
    assert best.tolist() == [2, 2, 2, 2, 1]
    assert benchmark.query(genes, "val_loss").argmin() == (genes == best).all(1).argmax()
    assert math.isclose(np.ptp(TinyBenchmark(0.0, 0.0).query(genes, "val_accuracy")), 0.0)
