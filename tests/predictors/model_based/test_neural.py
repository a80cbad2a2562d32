"""What all neural predictors promise beyond conformance."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import ModelPredictor
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes, Objective
from nascast.testing.doubles import TinyBenchmark

NAMES = ("mlp", "bananas", "gcn", "bonas", "nao", "seminas", "nn_former")
BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(
    np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)
)
TRAIN, TEST = GENES[:20], GENES[20:]
QUICK = {"epochs": 8}


class Relabelled(TinyBenchmark):
    """Records with labels of one's own, one for each row of a call."""

    def __init__(self, labels: Floats) -> None:
        super().__init__()
        self.given = labels

    def query(self, *args: Any, **settings: Any) -> Floats:
        return self.given

    def seconds(self, genes: Genes, *args: Any, **settings: Any) -> Floats:
        return np.ones(len(genes))


def fitted(
    predictor: ModelPredictor, train: Genes = TRAIN, benchmark: Benchmark = BENCHMARK, seed: int = 0
) -> ModelPredictor:
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(seed))
    return predictor


def query(predictor: ModelPredictor, genes: Genes = TEST) -> Prediction:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        return predictor.query(ledger, genes)


def load(name: str, **settings: Any) -> ModelPredictor:
    predictor = plugins.load("predictor", name, **{**QUICK, **settings})
    assert isinstance(predictor, ModelPredictor)
    return predictor


@pytest.mark.parametrize("loss", ["squared", "pairwise", "listwise"])
@pytest.mark.parametrize("name", NAMES)
def test_every_loss_predicts_on_the_scale_of_the_labels(name: str, loss: str) -> None:
    mean = query(fitted(load(name, loss=loss))).mean
    labels = BENCHMARK.query(TRAIN, "val_accuracy")
    assert np.isfinite(mean).all()
    assert abs(mean.mean() - labels.mean()) < 2 * labels.std()
    assert 0 < mean.std() < 3 * labels.std()


@pytest.mark.parametrize("name", NAMES)
def test_several_members_give_deviations_and_one_gives_none(name: str) -> None:
    several, one = (query(fitted(load(name, members=m))) for m in (3, 1))
    assert one.deviation is None
    assert several.deviation is not None
    assert (several.deviation > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_three_labels_change_the_prediction(name: str) -> None:
    """Few labels do not leave networks as they were drawn: other labels, another order."""
    labels = np.asarray([1.0, 2.0, 3.0])
    up, down = (
        query(fitted(load(name, epochs=20), TRAIN[:3], Relabelled(y)), TRAIN[:3]).mean
        for y in (labels, labels[::-1])
    )
    assert np.argsort(up).tolist() == [0, 1, 2]
    assert np.argsort(down).tolist() == [2, 1, 0]


@pytest.mark.parametrize("name", NAMES)
def test_equal_architectures_with_different_labels_have_one_score(name: str) -> None:
    train = np.concatenate([TRAIN[:5], TRAIN[:5]])
    labels = np.concatenate([np.arange(5.0), np.arange(5.0) + 1])
    mean = query(fitted(load(name, epochs=20), train, Relabelled(labels)), train).mean
    assert mean[:5] == pytest.approx(mean[5:], rel=1e-4)
    assert np.isfinite(mean).all()


@pytest.mark.parametrize("name", NAMES)
def test_bad_labels(name: str) -> None:
    same = query(fitted(load(name), TRAIN[:4], Relabelled(np.full(4, 7.0)))).mean
    one = query(fitted(load(name), TRAIN[:1], Relabelled(np.full(1, 7.0)))).mean
    assert np.array_equal(same, np.full(len(TEST), 7.0))
    assert np.array_equal(one, same)
    with pytest.raises(CorruptDataError, match="training row 2"):
        fitted(load(name), TRAIN[:4], Relabelled(np.asarray([1.0, 2.0, np.nan, 3.0])))


@pytest.mark.parametrize("name", NAMES)
def test_torchs_generator_is_left_alone_and_the_seed_is_from_rng(name: str) -> None:
    before = torch.get_rng_state()
    first, other = (query(fitted(load(name), seed=seed)).mean for seed in (1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_the_studys_settings_are_settings(name: str) -> None:
    predictor = plugins.resolve("predictor", name)
    if name == "nn_former":
        assert not predictor.presets  # it is not in the study
        return
    studied = predictor(**predictor.presets["study"])
    assert Spec.of("predictor", studied) != Spec.of("predictor", predictor())
    assert np.isfinite(
        query(fitted(predictor(**{**predictor.presets["study"], **QUICK}))).mean
    ).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_predictor_is_small_and_keeps_no_rows(name: str) -> None:
    assert len(pickle.dumps(fitted(load(name)))) < 2_000_000


def test_architectures_without_labels_cost_nothing_and_change_the_prediction() -> None:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        load("seminas").initialize(ledger, TRAIN, np.random.default_rng(0))
    assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(TRAIN).sum())
    few, many = (query(fitted(load("seminas", factor=k))).mean for k in (1, 3))
    assert not np.allclose(few, many)


@pytest.mark.parametrize("space", ["darts", "nasbench101", "nasbench_nlp", "hierarchical"])
@pytest.mark.parametrize("name", NAMES)
def test_graphs_of_other_spaces(name: str, space: str) -> None:
    """Also where there are gaps among the vertices, and paths are not to be had."""
    home = plugins.load("space", space)
    genes = home.sample(12, np.random.default_rng(0))

    class Elsewhere(Relabelled):
        def __init__(self) -> None:
            super().__init__(np.arange(8.0))
            self.space = home

    ledger = Ledger(Elsewhere(), Objective("val_accuracy"), clock=lambda: 0.0)
    predictor = load(name, epochs=2)
    with ledger.phase("init"):
        if name == "bananas" and space != "nasbench101":
            with pytest.raises(UnsupportedError):
                predictor.initialize(ledger, genes[:8], np.random.default_rng(0))
            return
        predictor.initialize(ledger, genes[:8], np.random.default_rng(0))
    with ledger.phase("query"):
        mean = predictor.query(ledger, genes).mean
        alone = predictor.query(ledger, genes[:1]).mean
    assert np.isfinite(mean).all()
    assert alone == pytest.approx(mean[:1], rel=1e-4)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("mlp", "layers", 0),
        ("bananas", "members", 0),
        ("gcn", "width", 1.5),
        ("gcn", "dropout", 1.0),
        ("bonas", "members", -1),
        ("nao", "width", 0),
        ("seminas", "factor", 0),
        ("nn_former", "width", 10),
        ("mlp", "loss", "hinge"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, setting: str, value: Any) -> None:
    with pytest.raises(InvalidSettingError, match=f"{setting} is"):
        load(name, **{setting: value})
