"""The promises of a zero-cost proxy. Every check takes a factory: the class, or a partial of it.

The factory takes the setting ``seed``. The checks run on the networks of `TinyBenchmark`, where
nearly every published proxy is better than chance.
"""

import inspect
from collections.abc import Callable

import numpy as np

from nascast.core.ledger import Ledger, Memo, Score
from nascast.core.predictor import Proxy
from nascast.core.types import Batch, Floats, Genes, Objective
from nascast.testing.doubles import TinyBenchmark
from nascast.testing.expectations import better_than_chance, untouched_generators

Factory = Callable[..., Proxy]

_ROWS = 6  # chosen: networks cost milliseconds each
_MARK = -0.271828  # chosen: no proxy has this score


def check_one_score_per_row(factory: Factory) -> None:
    """Scores have shape ``(n, 1)`` and are numbers or NaN, never infinite; also for no rows."""
    genes = _genes(_ROWS)
    found = _scores(factory(), genes)
    assert found.shape == (_ROWS, 1), f"{_ROWS} rows gave shape {found.shape}"
    assert not np.isinf(found).any(), "a score is infinite; an undefined score is NaN"
    assert _scores(factory(), genes[:0]).shape == (0, 1), "no rows should give shape (0, 1)"


def check_repeatable(factory: Factory) -> None:
    """The same seed gives the same scores, whatever torch's generator was used for before."""
    import torch

    genes = _genes(_ROWS)
    first = _scores(factory(), genes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12345)
        again = _scores(factory(), genes)
    assert np.array_equal(first, again, equal_nan=True), "the same rows got other scores"


def check_no_global_generator(factory: Factory) -> None:
    """Scoring leaves the generators of torch, numpy and Python as they were."""
    import torch

    state = torch.get_rng_state()
    with untouched_generators():
        _scores(factory(), _genes(2))
    assert torch.equal(state, torch.get_rng_state()), "scoring moved torch's generator"


def check_row_by_row(factory: Factory) -> None:
    """A row's score does not depend on the rows before it."""
    genes = _genes(_ROWS)
    backwards = np.concatenate([_scores(factory(), row[None]) for row in genes[::-1]])[::-1]
    assert np.array_equal(_scores(factory(), genes), backwards, equal_nan=True), (
        "the batch or its order changed a score"
    )


def check_equivalent_rows_score_alike(factory: Factory) -> None:
    """Rows with one canonical form have one score."""
    space = TinyBenchmark().space
    genes = np.asarray([[1, 2, 0, 0, 1], [0, 1, 0, 2, 1], [0, 0, 1, 2, 1]], dtype=np.int16)
    assert len(np.unique(space.canonical(genes), axis=0)) == 1
    found = _scores(factory(), genes)
    assert np.ptp(found) == 0, f"equivalent rows got the scores {found[:, 0].tolist()}"


def check_sign(factory: Factory) -> None:
    """The sign is +1 or −1 and turns the raw score."""
    proxy = factory()
    assert proxy.sign in (1, -1), f"the sign is {proxy.sign}; expected 1 or -1"
    ledger, row = _ledger(), _genes(1)
    with ledger.phase("query"):
        raw = proxy.score(ledger.passes(ledger.space.architecture(row[0]), proxy.seed))
    assert _scores(proxy, row)[0, 0] == proxy.sign * raw, "the feature is not sign times score"


def check_better_than_chance(factory: Factory) -> None:
    """Larger is better: scores rank the networks of the tiny benchmark better than chance.

    A proxy that does not claim to do so alone is not held to it; see `ranks_alone`.
    """
    if not factory().ranks_alone:
        return
    benchmark = TinyBenchmark()
    genes = np.unique(benchmark.space.canonical(benchmark.genes()), axis=0)
    better_than_chance(_scores(factory(), genes)[:, 0], benchmark.query(genes, "val_accuracy"))


def check_memo_replaces_computation(factory: Factory) -> None:
    """A score in the memo is not computed again; another seed is another entry."""
    memo: Memo = {}
    genes = _genes(_ROWS)
    first = _scores(factory(), genes, memo)
    for item in memo:
        memo[item] = Score(_MARK, 1.0, {})
    found = _scores(factory(), genes, memo)
    assert (abs(found) == abs(_MARK)).all(), "a score was computed in spite of the memo"
    other = _scores(factory(seed=1), genes, memo)
    assert not (abs(other) == abs(_MARK)).any(), (
        "another seed of the weights read the memo of the first"
    )
    assert len(memo) == 2 * len(first), f"{len(memo)} entries for {_ROWS} rows and two seeds"


def check_passes_leave_the_network_alone(factory: Factory) -> None:
    """Scoring changes neither weights nor statistics, nor mode, of a network that others use too.

    So the order in which proxies score a network changes nothing.
    """
    proxy, ledger = factory(), _ledger()
    with ledger.phase("query"):
        passes = ledger.passes(ledger.space.architecture(_genes(1)[0]), proxy.seed)
        network = passes.network()
        before = {name: value.clone() for name, value in network.state_dict().items()}
        proxy.score(passes)
    for name, value in network.state_dict().items():
        same = value.dtype == before[name].dtype and bool((value == before[name]).all())
        assert same, f"scoring changed {name} of the network"
    assert network.training, "scoring left the network in evaluation mode"
    assert all(p.requires_grad and p.grad is None for p in network.parameters()), (
        "scoring left gradients, or parameters that want none"
    )


def check_seconds_are_told_apart(factory: Factory) -> None:
    """A score says what computing it took, and which passes it rests on, each with its seconds."""
    memo: Memo = {}
    _scores(factory(), _genes(2), memo)
    for score in memo.values():
        assert score.seconds >= 0, f"a score took {score.seconds} seconds"
        assert all(seconds >= 0 for seconds in score.passes.values()), f"{score.passes}"


def check_name_is_in_the_key(factory: Factory) -> None:
    """The memo's key begins with the proxy's own name and tells its settings: nothing mixes."""
    proxy = factory()
    key = proxy.key(_ledger())
    for name in inspect.signature(type(proxy)).parameters:
        said = f"{name}={getattr(proxy, name)}"
        assert said in key, f"the key {key!r} does not tell the setting {said}"
    assert key.startswith(f"{proxy.name}|"), f"the key {key!r} does not begin with {proxy.name}|"


def _genes(n: int) -> Genes:
    """Returns rows of different networks."""
    benchmark = TinyBenchmark()
    rows = np.unique(benchmark.space.canonical(benchmark.genes()), axis=0)
    return np.random.default_rng(0).permutation(rows)[:n]


def _ledger(memo: Memo | None = None) -> Ledger:
    benchmark = TinyBenchmark()
    # The size of the batch is chosen: Jacobians of a few images rank poorly.
    batch = Batch.random(benchmark.task, 32)
    return Ledger(benchmark, Objective("val_accuracy"), batch=batch, memo=memo)


def _scores(proxy: Proxy, genes: Genes, memo: Memo | None = None) -> Floats:
    ledger = _ledger(memo)
    with ledger.phase("query"):
        return proxy(ledger, genes)
