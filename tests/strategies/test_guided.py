"""The Gaussian process of the guided search, what it begins with, and what can go wrong."""

import numpy as np
import pytest

import nascast
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evidence import usual_task
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Candidate, Evaluation, Floats, Genes, Objective, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies._listing import listing
from nascast.strategies.guided import Guided
from nascast.strategies.guided.memory import remembered
from nascast.strategies.guided.process import Process
from nascast.strategies.guided.start import parameters
from nascast.strategies.guided.targets import normal_scores, scalarised
from nascast.testing.doubles import TinyBenchmark, TinySpace

SPACE = NasBench201()


def tell(strategy: Guided, candidates: list[Candidate], scores: Floats) -> None:
    first = len(strategy.history)
    for k, (candidate, score) in enumerate(zip(candidates, scores, strict=True), start=first):
        metrics = {"val_accuracy": float(score)} if np.isfinite(score) else {}
        error = None if metrics else "it failed"
        strategy.tell([Trial(k, candidate, Evaluation(metrics, 1.0, error), float(k))])


def test_the_process_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    places, told = rng.standard_normal((30, 3)), [3, 7, 7, 12]
    values = rng.standard_normal(6)
    process = Process(places, told, length=0.8, noise=0.2)
    for place in (20, 25):
        process.add(place)
    apart = ((places[:, None] - places) ** 2).sum(-1)
    kernel = np.exp(-apart / (2 * 0.8**2))
    at = [*told, 20, 25]
    inverse = np.linalg.inv(kernel[np.ix_(at, at)] + 0.2 * np.eye(6))
    mean, deviation = process.moments(values)
    np.testing.assert_allclose(mean, kernel[:, at] @ inverse @ values, atol=1e-10)
    left = 1 - np.einsum("ij,jk,ik->i", kernel[:, at], inverse, kernel[:, at])
    np.testing.assert_allclose(deviation, np.sqrt(left), atol=1e-7)


def test_what_is_pending_narrows_deviations_and_moves_no_mean() -> None:
    places = np.random.default_rng(0).standard_normal((30, 3))
    process = Process(places, [1, 2], length=1.0, noise=0.1)
    targets = np.asarray([1.0, -1.0])
    mean, deviation = process.moments(targets)
    more = process.fork()
    for place in range(3, 3 + 70):  # more than there is room for at first
        more.add(place % 30)
    np.testing.assert_array_equal(more.moments(targets)[0], mean)
    assert (more.moments(targets)[1] < deviation).all()
    np.testing.assert_array_equal(process.moments(targets)[1], deviation)  # the fork is another


def test_normal_scores_keep_ranks_and_put_failures_last() -> None:
    scores = normal_scores(np.asarray([90.0, np.nan, 10.0, 91.0, np.nan]))
    assert scores[3] > scores[0] > scores[2] > scores[1] == scores[4]
    assert scores.std() == pytest.approx(1)
    assert not normal_scores(np.full(4, 5.0)).any()


def test_every_trial_of_the_front_is_best_for_some_weights() -> None:
    scores = np.asarray([[3.0, 0], [2, 2], [0, 3], [1, 1], [np.nan, 9]])
    rng = np.random.default_rng(0)
    values = np.stack([scalarised(scores, rng) for _ in range(200)])
    assert np.isnan(values[:, 4]).all()
    assert set(np.nanargmax(values, axis=1)) == {0, 1, 2}


def test_a_listing_has_one_row_of_each_network() -> None:
    rows = listing(SPACE, 2**14)
    assert rows is not None
    assert len(rows) == 5390  # networks of NAS-Bench-201
    np.testing.assert_array_equal(SPACE.canonical(rows), rows)
    assert listing(SPACE, 1000) is None


def counted(genes: Genes) -> Floats:
    """Parameters of networks of NAS-Bench-201, from those of three published ones."""
    skips, points, squares = 73_306, 241_306, 1_531_546  # of cells of six equal operations
    each = np.asarray([0, 0, (points - skips) / 6, (squares - skips) / 6, 0])
    return np.asarray(skips + each[genes].sum(1))


def test_the_first_are_among_the_largest_of_those_drawn() -> None:
    assert SPACE.operations[2:4] == ("nor_conv_1x1", "nor_conv_3x3")
    strategy = Guided(SPACE, initial=5)
    first = np.concatenate([c.arch.row() for c in strategy.ask(5, np.random.default_rng(1))])
    assert len(np.unique(first, axis=0)) == 5
    np.testing.assert_array_equal(parameters(SPACE, usual_task(SPACE), first), counted(first))
    rows = listing(SPACE, 2**14)
    assert rows is not None
    assert (counted(first) > np.quantile(counted(rows), 0.6)).all()


def test_it_goes_where_what_was_told_is_good() -> None:
    """Convolutions of 3 × 3 are good, nothing else matters: soon it asks for them alone."""
    strategy, size = Guided(SPACE, share=1), 0
    for k in range(25):
        (candidate,) = strategy.ask(1, np.random.default_rng(k))
        size = candidate.arch.genes.count(SPACE.operations.index("nor_conv_3x3"))
        tell(strategy, [candidate], np.asarray([float(size)]))
    assert strategy.history.scores.max() == 6


@pytest.mark.parametrize("score", [50.0, float("nan")])
def test_constant_rewards_and_failures_alone_do_not_stop_it(score: float) -> None:
    strategy = Guided(TinySpace())
    for k in range(70):  # there are 60 networks
        tell(strategy, strategy.ask(1, np.random.default_rng(k)), np.asarray([score]))
    networks = strategy.met.networks(strategy.history.genes)
    assert len(set(networks)) == 60
    assert len(set(networks[:60])) == 60  # none twice before all are met


def three(genes: Genes) -> Bools:
    """Accepts all 3 × 3 convolutions, and two others."""
    return np.asarray([row.tolist() in ([3] * 6, [3] * 5 + [1], [2] * 6) for row in genes])


def test_limits_that_leave_three_architectures() -> None:
    strategy = Guided(Restricted(SPACE, three, "one of three"), share=1)
    found = strategy.ask(20, np.random.default_rng(0))
    assert len(found) == 3
    tell(strategy, found, np.asarray([1.0, 2.0, np.nan]))
    (again,) = strategy.ask(20, np.random.default_rng(1))
    assert again in found


def test_limits_that_leave_nothing_are_said() -> None:
    nothing = Restricted(TinySpace(), lambda genes: np.zeros(len(genes), dtype=bool), "no width")
    with pytest.raises(UnsupportedError, match="no architecture keeps to the limits"):
        Guided(nothing).ask(1, np.random.default_rng(0))


def test_limits_are_asked_about_few_networks() -> None:
    asked = 0

    def accepts(genes: Genes) -> Bools:
        nonlocal asked
        asked += len(genes)
        return np.asarray((genes == 3).sum(1) < 4)

    strategy = Guided(Restricted(SPACE, accepts, "at most 3 convolutions of 3 × 3"), share=1)
    for k in range(20):
        candidates = strategy.ask(1, np.random.default_rng(k))
        assert (candidates[0].arch.row() == 3).sum() < 4
        tell(strategy, candidates, np.asarray([float(k)]))
    assert asked < 2000  # of 15,625 rows


def test_several_objectives_find_more_than_one_end_of_the_front() -> None:
    bench = TinyBenchmark(noise=0)
    both = (Objective("val_accuracy"), Objective("parameters", minimize=True))
    trials = nascast.run(
        Guided(bench.space, both),
        bench,
        executor=nascast.load("executor", "simulated", workers=3),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(30),
        seed=3,
    )
    values = [trial.evaluation.metrics for trial in trials]
    assert max(v["val_accuracy"] for v in values) == max(bench.query(bench.genes(), "val_accuracy"))
    assert min(v["parameters"] for v in values) == min(bench.query(bench.genes(), "parameters"))


@pytest.mark.parametrize("name", ["nasbench101", "darts", "nats_size"])
def test_where_the_space_is_large_candidates_are_new_and_valid(name: str) -> None:
    space: SearchSpace = nascast.load("space", name)
    strategy = Guided(space, share=1, candidates=40)
    for k in range(8):
        found = strategy.ask(2, np.random.default_rng(k), [])
        tell(strategy, found, np.asarray([sum(c.arch.genes) for c in found], dtype=float))
    genes = strategy.history.genes
    space.check(genes)
    assert len(set(strategy.met.networks(genes))) == 16


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"share is above 0.*got \(3, 250, 10\), 0"):
        Guided(SPACE, share=0)


def test_of_many_trials_some_are_remembered() -> None:
    """The best are, and those since the last selection; a selection depends on no later trial."""
    scores = np.random.default_rng(0).permutation(4000).astype(float)[:, None]
    scores[7] = np.nan
    assert remembered(scores[:1000])[1].tolist() == list(range(1000))
    for n in (1001, 1500, 1501, 4000):
        before, kept = remembered(scores[:n])
        assert before % 500 == 0
        assert 0 < n - before <= 500
        assert len(set(kept.tolist())) == len(kept) == 500 + n - before
        assert (np.diff(kept) > 0).all()
        assert np.isin(np.argsort(-np.nan_to_num(scores[:before, 0], nan=-1))[:250], kept).all()
        assert np.isin(np.arange(before, n), kept).all()
        changed = np.concatenate([scores[:before], np.zeros((n - before, 1))])
        np.testing.assert_array_equal(remembered(changed)[1], kept)


@pytest.mark.parametrize("name", ["nasbench201", "nasnet"])
def test_more_trials_than_are_remembered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nascast.strategies.guided.memory._STEP", 20)
    space = nascast.load("space", name)
    rng = np.random.default_rng(0)
    rows = space.sample(83, rng)
    whole = Guided(space, share=1)
    told = [
        Trial(k, Candidate(space.architecture(row)), Evaluation({"val_accuracy": float(k)}, 1.0), k)
        for k, row in enumerate(rows)
    ]
    whole.tell(told[:70])
    whole.ask(2, np.random.default_rng(1))
    whole.tell(told[70:])
    fresh = Guided(space, share=1)
    fresh.tell(told)
    assert whole.ask(2, np.random.default_rng(2)) == fresh.ask(2, np.random.default_rng(2))
