"""The recurrent policy against enumeration and against a plain computation in numpy."""

import numpy as np
import pytest
import torch
from scipy import stats

from nascast.core import plugins
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Floats, Genes
from nascast.strategies.controller.network import Controller
from nascast.testing.doubles import TinySpace


class Masked(TinySpace):
    """Says that a fourth skip is not allowed, so that all rows of allowed values are valid."""

    def allowed(self, prefix: Genes) -> Bools:
        fine = super().allowed(prefix)
        if prefix.shape[1] == 3:
            fine[:, 0] = (prefix != 0).any(1)
        return fine


class Linked(SearchSpace):
    """Three parts of one or two decisions; the last two may read earlier ones."""

    name = "linked"
    cardinalities = (3, 2, 2, 2, 4, 2, 2)
    links = (range(2, 2), range(3, 4), range(5, 7))


def all_rows(space: SearchSpace) -> Genes:
    return np.indices(space.cardinalities, dtype=np.int16).reshape(space.length, -1).T.copy()


def controller(space: SearchSpace, layers: int = 2, spread: float = 1.0) -> Controller:
    """Returns a controller with weights so large that its choices are far from uniform."""
    return Controller(space, units=5, layers=layers, spread=spread, seed=3).double()


def decisions(policy: Controller, genes: Genes) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns log-probabilities and entropies of decisions, ``(n, length)`` both."""
    rows = policy.rows(genes)
    logs = policy.logs(policy(rows), rows)
    return logs.gather(2, rows.chosen)[:, :, 0].T, -(logs.exp() * logs).sum(2).T


def probabilities(policy: Controller, genes: Genes) -> Floats:
    with torch.no_grad():
        return np.asarray(decisions(policy, genes)[0].sum(1).exp().numpy())


def test_allowed_rows_have_all_the_probability() -> None:
    rows = all_rows(TinySpace())
    valid = TinySpace().is_valid(rows)
    open_, masked = (probabilities(controller(space), rows) for space in (TinySpace(), Masked()))
    assert open_.sum() == pytest.approx(1)
    assert open_[~valid].sum() > 0.001
    assert masked[valid].sum() == pytest.approx(1)
    assert masked[~valid].tolist() == [0, 0]
    assert probabilities(controller(Linked()), all_rows(Linked())).sum() == pytest.approx(1)


@pytest.mark.parametrize("space", [Masked(), Linked()], ids=lambda space: str(space.name))
def test_rows_are_drawn_with_their_probability(space: SearchSpace) -> None:
    policy = controller(space)
    rows = all_rows(space)
    expected = 20_000 * probabilities(policy, rows)
    drawn = np.bincount(space.codes(policy.draw(20_000, rng(7))), minlength=len(rows))
    assert not drawn[expected == 0].any()
    often = expected >= 5
    for counts in (drawn, expected):
        counts[often.argmax()] += counts[~often].sum()  # rare rows count as one that is not
    assert stats.chisquare(drawn[often], expected[often]).pvalue > 0.001
    assert expected.max() > 3 * expected.mean()  # it would not pass for uniform draws


def test_entropies_are_those_of_enumeration() -> None:
    space = Masked()
    policy, rows = controller(space), space.all()
    chances = probabilities(policy, rows)
    entropies = decisions(policy, rows)[1].detach().numpy()
    first = [chances[rows[:, 0] == value].sum() for value in range(3)]
    np.testing.assert_allclose(entropies[:, 0], stats.entropy(first))
    assert chances @ entropies.sum(1) == pytest.approx(stats.entropy(chances))


@pytest.mark.parametrize("layers", [1, 2])
def test_log_probabilities_are_those_of_a_plain_computation(layers: int) -> None:
    policy = controller(Linked(), layers)
    rows = policy.draw(20, rng())
    plain = np.asarray([_plain_log_probabilities(policy, row) for row in rows])
    np.testing.assert_allclose(decisions(policy, rows)[0].detach().numpy(), plain, rtol=1e-9)


def _plain_log_probabilities(policy: Controller, row: Genes) -> list[float]:
    """Goes through `Linked` one row and one step at a time."""
    w = {name: value.detach().numpy() for name, value in policy.named_parameters()}
    layers = sum(name.startswith("inputs") for name in w)
    h = np.zeros((layers, 5))
    c = h.copy()

    def lstm(x: Floats) -> Floats:
        for k in range(len(h)):
            gates = w[f"inputs_{k}"] @ x + w[f"recurrent_{k}"] @ h[k] + w[f"offsets_{k}"]
            i, f, g, o = np.split(gates, 4)
            c[k] = _sigmoid(f) * c[k] + _sigmoid(i) * np.tanh(g)
            h[k] = x = _sigmoid(o) * np.tanh(c[k])
        return x.copy()

    logs: list[float] = []
    anchors: list[Floats] = []
    x, decision = w["start"][0], 0
    for part, (own, links) in enumerate([((0, 1), ()), ((2,), (3,)), ((4,), (5, 6))]):
        for gene in own:
            values = Linked.cardinalities[gene]
            scores = (lstm(x) @ w["heads"][decision] + w["biases"][decision][0])[:values]
            logs.append(float(scores[row[gene]] - np.log(np.exp(scores).sum())))
            x = w["embeddings"][decision, row[gene]]
            decision += 1
        here = lstm(x)
        for gene, earlier in zip(links, anchors, strict=True):
            both = np.tanh(earlier @ w["anchors_before"] + here @ w["anchors_current"])
            reads = _sigmoid(both @ w["anchors_vector"])
            logs.append(float(np.log(reads if row[gene] else 1 - reads)))
        read = [anchor for gene, anchor in zip(links, anchors, strict=True) if row[gene]]
        x = sum(read, np.zeros(5)) / (1 + len(read))
        anchors.append(here)
        assert part == len(anchors) - 1
    return logs


def test_a_decision_depends_on_those_before_it_alone() -> None:
    policy, rows = controller(Linked()), all_rows(Linked())
    logs = decisions(policy, rows)[0].detach().numpy()
    for gene in range(1, rows.shape[1]):
        same = (rows[:, : gene + 1] == rows[0, : gene + 1]).all(1)
        np.testing.assert_allclose(logs[same, gene], logs[0, gene])
        other = (rows[:, 1 : gene + 1] == rows[0, 1 : gene + 1]).all(1) & (rows[:, 0] == 1)
        assert abs(logs[other, gene] - logs[0, gene]).min() > 1e-6


def test_seeds_make_the_weights_and_nothing_global_is_drawn_from() -> None:
    before = torch.random.get_rng_state()
    one, again = (Controller(Linked(), units=8, layers=1, spread=0.1, seed=0) for _ in range(2))
    other = Controller(Linked(), units=8, layers=1, spread=0.1, seed=1)
    one.draw(10, rng())
    assert torch.equal(before, torch.random.get_rng_state())
    for a, b, c in zip(one.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
        assert a.abs().max() <= 0.1


@pytest.mark.parametrize("name", plugins.builtin_names("space"))
def test_every_space_has_a_controller_that_draws_valid_rows(name: str) -> None:
    space = plugins.load("space", name)
    policy = Controller(space, units=4, layers=1, spread=0.1, seed=0)
    rows = policy.draw(64, rng())
    least = {"nasbench101": 0.5, "hierarchical": 0.9}.get(name, 1.0)  # others decide gene by gene
    assert space.is_valid(rows).mean() >= least
    logs, entropies = decisions(policy, rows)
    assert (logs <= 0).all()
    assert (logs > -1e8).all()
    assert (entropies >= -1e-6).all()
    assert ("anchors_vector" in policy.state_dict()) == (name == "layerwise")


def test_of_known_rows_no_other_is_drawn() -> None:
    space = plugins.load("space", "nasnet")
    rows = np.unique(space.sample(50, rng()), axis=0)

    def known(genes: Genes) -> Bools:
        return np.asarray((genes[:, None] == rows).all(2).any(1))

    policy = Controller(
        Restricted(space, known, "a record", rows), units=4, layers=1, spread=0.1, seed=0
    )
    drawn = policy.draw(200, rng())
    assert known(drawn).all()
    assert len(np.unique(drawn, axis=0)) > 20


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)
