"""Networks that a proxy chooses, their rungs, and proxies without scores."""

from pathlib import Path

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError, SearchWarning
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.setup import Setup
from nascast.core.types import Evaluation, Genes, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.mf_nas import MfNas
from nascast.studies.searches.learned import Learned

SPACE = NasBench201()


class Convolutions(PerformancePredictor):
    """The number of 3 × 3 convolutions; NaN for the rows whose first gene is below `least`."""

    def __init__(self, least: int = 0) -> None:
        self.least = least

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        counts = (genes == 3).sum(1).astype(float)
        return Prediction(np.where(genes[:, 0] < self.least, np.nan, counts))


def rungs(strategy: MfNas, trials: int) -> dict[int, list[tuple[int, ...]]]:
    """Tells trials whose score is the sum of the genes; returns the rows by epochs."""
    found: dict[int, list[tuple[int, ...]]] = {}
    while len(strategy.history) < trials:
        k = len(strategy.history)
        (candidate,) = strategy.ask(1, np.random.default_rng(k))
        found.setdefault(candidate.epochs or 0, []).append(candidate.arch.genes)
        evaluation = Evaluation({"val_accuracy": float(sum(candidate.arch.genes))}, 1.0)
        strategy.tell([Trial(k, candidate, evaluation, float(k))])
    return found


def test_the_best_of_the_scored_networks_are_halved_as_in_the_paper() -> None:
    strategy = MfNas(SPACE, proxy=Convolutions(), scored=500, min_epochs=12, max_epochs=200)
    found = rungs(strategy, 62)
    assert {epochs: len(rows) for epochs, rows in found.items()} == {
        12: 32, 25: 16, 50: 8, 100: 4, 200: 2
    }  # fmt: skip
    counts = (strategy.ranked == 3).sum(1)
    assert len(counts) == len(set(strategy.met.networks(strategy.ranked))) == 500
    assert sorted((np.asarray(found[12]) == 3).sum(1)) == sorted(np.sort(counts)[-32:])
    assert sorted(map(sum, found[12]))[-16:] == sorted(map(sum, found[25]))
    later = rungs(strategy, 62 + 32)  # the next bracket goes on where the first ended
    assert sorted((np.asarray(later[12]) == 3).sum(1)) == sorted(np.sort(counts)[-64:-32])


def test_rungs_are_those_that_were_recorded() -> None:
    assert MfNas(SPACE, fidelities=(12, 200), min_epochs=4).plan(0) == [(32, 12), (2, 200)]
    assert MfNas(SPACE, fidelities=range(1, 11)).levels == (1, 2, 5, 10)
    with pytest.raises(InvalidSettingError, match=r"ascending numbers of epochs"):
        MfNas(SPACE, fidelities=(12, 4))


def test_a_proxy_without_most_scores_is_told_once_and_labels_are_refused() -> None:
    strategy = MfNas(SPACE, proxy=Convolutions(least=4), scored=100, size=4)
    with pytest.warns(SearchWarning, match=r"no score for \d+ of 100 networks"):
        found = rungs(strategy, 30)
    assert all(row[0] == 4 for row in found[1][:4])
    with pytest.raises(InvalidSettingError, match=r"xgboost learns from labels"):
        MfNas(SPACE, proxy="xgboost")


def test_a_resumed_run_does_not_score_again(tmp_path: Path) -> None:
    """The run's folder keeps what was ranked, and a fresh strategy gets it from there."""
    one, other = (MfNas(SPACE, proxy=Convolutions(), scored=50, size=4) for _ in range(2))
    setup = Setup(SPACE.name, tuple(one.objectives), {})
    kept = Learned(tmp_path, "mf_nas-0", one, setup)
    rungs(one, 6)
    kept.keep(last=True)
    Learned(tmp_path, "mf_nas-0", other, setup).recall(one.history.trials)
    assert "ranked" in vars(other)
    assert other.ask(3, np.random.default_rng(0)) == one.ask(3, np.random.default_rng(0))
