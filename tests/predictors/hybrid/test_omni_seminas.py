"""SemiNAS that reads scores of the architecture after its vertices."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.spec import Spec
from nascast.core.types import Batch, Floats, Objective
from nascast.predictors.hybrid.omni_seminas import OmniSemiNas
from nascast.predictors.hybrid.omni_seminas.network import ScoredAutoencoder
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.seminas import SemiNas
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(
    np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)
)
QUICK = Spec("seminas", {"epochs": 3, "width": 8})


def asked(predictor: OmniSemiNas) -> tuple[Floats, dict[str, float]]:
    ledger = Ledger(
        BENCHMARK,
        Objective("val_accuracy"),
        batch=Batch.random(BENCHMARK.task, 4),
        clock=lambda: 0.0,
    )
    with ledger.phase("init"):
        predictor.initialize(ledger, GENES[:12], np.random.default_rng(0))
    with ledger.phase("query"):
        return predictor.query(ledger, GENES[12:20]).mean, ledger.seconds


def test_a_score_is_a_step_whose_label_is_its_bin() -> None:
    """Two vertices with an edge and two scores; four rows for a threshold are the median."""
    graph = Layout(vertices=2, labels=3, diagonal=1)
    columns = [1.0, *[1, 0, 0], *[0, 0, 1]]  # the edge, then labels 0 and 2
    rows = np.array([[*columns, score, -score] for score in (1.0, 2.0, 3.0, 4.0)])
    network = ScoredAutoencoder(rows, graph=graph, scores=2, members=1, width=4)
    steps, mask = (tensor.numpy() for tensor in network.read(rows))
    assert steps.shape == (4, 4, 3 + 2 * 2 + 4)
    assert mask.all()
    assert steps[0, 0].nonzero()[0].tolist() == [0]
    assert steps[0, 1].nonzero()[0].tolist() == [2, 7 + 0]  # fed by vertex 0
    assert [row[2].nonzero()[0].tolist() for row in steps] == [[3], [3], [4], [4]]
    assert [row[3].nonzero()[0].tolist() for row in steps] == [[6], [6], [5], [5]]


def test_there_are_up_to_nine_thresholds_and_one_for_five_rows() -> None:
    graph = Layout(vertices=1, labels=2, diagonal=1)
    for n, bins in ((3, 2), (20, 5), (500, 10)):
        rows = np.column_stack([np.eye(2)[np.arange(n) % 2], np.arange(n)])
        network = ScoredAutoencoder(rows, graph=graph, scores=1, members=1, width=4)
        steps, _ = network.read(rows)
        counts = steps[:, 1, 2 : 2 + bins].sum(0)
        assert steps.shape == (n, 2, 2 + bins + 2)
        assert counts.max() - counts.min() <= 1


def test_architectures_without_labels_are_read_where_no_curve_is() -> None:
    """Their curves would cost; a query then costs no training either."""
    with_curves, paid = asked(OmniSemiNas(3, model=QUICK, proxies=()))
    assert paid["query"] > 0
    without, free = asked(OmniSemiNas(3, model=QUICK, curves=(), proxies=("params",)))
    assert free["query"] == 0
    labels = float(BENCHMARK.seconds(GENES[:12]).sum())
    assert paid["init"] == pytest.approx(labels)
    assert free["init"] == pytest.approx(labels)
    nao = Spec("nao", QUICK.settings)
    supervised, _ = asked(OmniSemiNas(3, model=nao, curves=(), proxies=("params",)))
    assert not np.allclose(without, supervised)
    same, _ = asked(OmniSemiNas(3, model=nao, proxies=()))
    assert np.array_equal(with_curves, same)


def test_the_study_has_its_features_and_networks() -> None:
    made = OmniSemiNas(**OmniSemiNas.presets["study"])
    assert [type(feature).__name__ for feature in made.features] == [
        *("GcnEncoding", "Statistic", "JacobianCovariance")
    ]
    networks = Spec.of("predictor", made).settings["model"]
    assert isinstance(networks, Spec)
    assert networks.settings == SemiNas.presets["study"]


def test_other_models_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="seminas or nao; got xgboost"):
        OmniSemiNas(model="xgboost")
