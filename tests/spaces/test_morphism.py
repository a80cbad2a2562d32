"""Rows of morphisms against a replay in plain Python and networks that are really grown."""

import contextlib
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask
from nascast.spaces.morphism.space import Morphism

SPACE = Morphism()
TASK = ImageTask((3, 9, 9), 3, {"channels": 3})


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def replay(text: str) -> tuple[list[list[int]], dict[tuple[int, int], str]] | None:
    """The layers as [stage, multiple, kernel] and the skips; None if a move is not allowed."""
    layers = [[0, 1, 3], [1, 1, 3], [2, 1, 3]]
    skips: dict[tuple[int, int], str] = {}
    for part in text.split("-"):
        kind, _, numbers = part.rstrip(")").partition("(")
        if kind == "none":
            continue
        a, b = map(int, numbers.split(","))
        if a >= len(layers):
            return None
        if kind == "deepen":
            layers.insert(a + 1, [*layers[a][:2], b])
            skips = {(x + (x > a), y + (y > a)): k for (x, y), k in skips.items()}
        elif kind == "widen":
            layers[a][1] *= b
            if layers[a][1] > 8:
                return None
        else:
            if b >= len(layers) or (a, b) in skips or a > b - 2:
                return None
            skips[a, b] = kind
    return layers, skips


def text_of(row: Genes) -> str:
    return "-".join(SPACE.moves[gene] for gene in row)


def test_the_table_of_moves() -> None:
    kinds = [text.split("(")[0] for text in SPACE.moves]
    count = {kind: kinds.count(kind) for kind in set(kinds)}
    pairs = 9 * 8 // 2  # of the 10 layers there can be before the last move
    assert count == {"none": 1, "deepen": 20, "widen": 20, "add": pairs, "concat": pairs}
    assert SPACE.cardinalities == (113,) * 8
    assert len(set(SPACE.moves)) == 113
    assert Morphism(2).length == 2
    with pytest.raises(InvalidSettingError, match="at least 1 step"):
        Morphism(0)


def _near() -> Genes:
    near = [SPACE.sample(500, rng())]
    for _ in range(2):  # random genes are hardly ever valid, and samples always
        rows = near[0].copy()
        columns = rng(1).integers(8, size=len(rows))
        rows[np.arange(len(rows)), columns] = rng(2).integers(113, size=len(rows))
        near.append(rows)
    return np.concatenate(near)


def test_valid_is_what_can_be_replayed() -> None:
    genes = _near()
    expected = [replay(text_of(row)) is not None for row in genes]
    assert 0.3 < np.mean(expected) < 0.95
    assert SPACE.is_valid(genes).tolist() == expected


def test_networks_of_valid_rows_only() -> None:
    pytest.importorskip("torch")
    genes = _near()[500:]
    genes[::50, 3] = 113
    valid = SPACE.is_valid(genes)
    for row, good in zip(genes, valid, strict=True):
        with contextlib.nullcontext() if good else pytest.raises(InvalidArchitectureError):
            SPACE._shape(SPACE.architecture(row), 2)


def test_networks_have_the_replayed_shape() -> None:
    pytest.importorskip("torch")
    for row in SPACE.sample(200, rng()):
        found = replay(text_of(row))
        assert found is not None
        layers, skips = found
        shape = SPACE._shape(SPACE.architecture(row), 5)
        assert [[x.stage, x.width, x.kernel] for x in shape.layers] == [
            [stage, 5 * 2**stage * multiple, kernel] for stage, multiple, kernel in layers
        ]
        assert shape.skips == {(a, b, kind) for (a, b), kind in skips.items()}


def test_samples_choose_kinds_alike() -> None:
    first = SPACE.sample(4000, rng())[:, 0]
    kinds = np.asarray([SPACE.moves[gene].split("(")[0] for gene in first])
    for kind in ("none", "deepen", "widen", "add", "concat"):
        assert (kinds == kind).mean() == pytest.approx(0.2, abs=0.03)


def test_none_moves_to_the_end() -> None:
    genes = SPACE.from_text(["none-deepen(2,5)-none-widen(3,2)", "none"])
    assert SPACE.to_text(genes) == ["none-deepen(2,5)-none-widen(3,2)", "none"]
    assert SPACE.to_text(SPACE.canonical(genes)) == ["deepen(2,5)-widen(3,2)", "none"]


def test_graphs_are_those_of_the_final_network() -> None:
    genes = SPACE.sample(300, rng())
    hashes = SPACE.graphs(genes).hashes()
    assert np.array_equal(SPACE.graphs(SPACE.canonical(genes)).hashes(), hashes)
    finals = [str((r[0], sorted(r[1].items()))) for r in map(replay, map(text_of, genes)) if r]
    assert (
        len(set(finals))
        == len(set(hashes.tolist()))
        == len(set(zip(finals, hashes.tolist(), strict=True)))
    )


def test_no_rows_have_no_graphs() -> None:
    none = SPACE.sample(0, rng())
    assert SPACE.graphs(none).labels.shape == (0, 35)
    assert SPACE.canonical(none).shape == SPACE.mutate(none, rng()).shape == (0, 8)


def test_a_graph_by_hand() -> None:
    graph = SPACE.graphs(SPACE.from_text(["deepen(0,5)-add(0,3)-concat(1,3)-widen(3,2)"]))
    names = [graph.vocabulary[label] if label >= 0 else "" for label in graph.labels[0]]
    assert {f"{names[i]} > {names[j]}" for i, j in np.argwhere(graph.adjacency[0])} == {
        "input > conv3x3-s0-x1",
        "conv3x3-s0-x1 > conv5x5-s0-x1",
        "conv5x5-s0-x1 > conv3x3-s1-x1",
        "conv3x3-s1-x1 > add",
        "conv3x3-s0-x1 > add",
        "add > concat",
        "conv5x5-s0-x1 > concat",
        "concat > conv3x3-s2-x2",
        "conv3x3-s2-x2 > output",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shrink(1,2)", r"unknown move 'shrink\(1,2\)'.*deepen\(layer,kernel\)"),
        ("deepen(0,4)", r"unknown move 'deepen\(0,4\)'.*kernels \(3, 5\)"),
        ("-".join(["deepen(0,3)"] * 9), "at most 8 moves; got 9"),
        ("deepen(3,3)", r"move 0 is deepen\(3,3\), which 3 layers after none do not allow"),
        ("deepen(0,3)-add(0,4)", r"move 1 is add\(0,4\), which 4 layers after deepen\(0,3\)"),
        ("add(0,2)-concat(0,2)", r"move 1 is concat\(0,2\)"),
        ("widen(0,4)-widen(0,4)", r"move 1 is widen\(0,4\)"),
    ],
)
def test_wrong_texts_are_explained(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        SPACE.from_text([text])


def train(torch: Any, network: Any, steps: int) -> None:
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9)
    network.train()
    for _ in range(steps):
        x = torch.randn(8, *TASK.input_shape, generator=generator)
        loss = torch.nn.functional.cross_entropy(network(x), (x.mean((1, 2, 3)) > 0).long())
        assert torch.isfinite(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()


def count(network: Any) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("seed", range(6))
def test_a_network_grows_move_by_move_and_keeps_its_function(seed: int) -> None:
    torch = pytest.importorskip("torch")
    row = SPACE.canonical(SPACE.sample(1, rng(seed)))[0]
    arch = Architecture("morphism", (0,) * 8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SPACE.build(arch, TASK)
        x = 2 * torch.randn(8, *TASK.input_shape)
    for gene in row[row != 0]:
        train(torch, network, 3)
        child, arch = SPACE.grow(network, arch, SPACE.moves[gene])
        with torch.no_grad():
            assert float((child(x) - network(x)).abs().max()) <= 1e-5
        built: Any = SPACE.build(arch, TASK)
        assert count(child) == count(built)
        assert [p.shape for p in child.parameters()] == [p.shape for p in built.parameters()]
        network = child
    train(torch, network, 2)
    assert arch.genes == tuple(row.tolist())


def test_growing_refuses_what_does_not_fit() -> None:
    torch = pytest.importorskip("torch")
    seed = Architecture("morphism", (0,) * 8)
    network = SPACE.build(seed, TASK)
    grown, arch = SPACE.grow(network, seed, "widen(0,2)")
    full = SPACE.architecture(SPACE.from_text(["-".join(["deepen(0,3)"] * 8)])[0])
    for wrong, of, move in (
        (network, arch, "widen(1,2)"),
        (grown, seed, "widen(1,2)"),
        (torch.nn.Identity(), seed, "widen(1,2)"),
        (network, seed, "none"),
        (network, seed, "deepen(3,3)"),
        (network, seed, "deepen(0,3)-widen(0,2)"),
        (SPACE.build(full, TASK), full, "deepen(0,3)"),
        (network, Architecture("darts", seed.genes), "widen(0,2)"),
    ):
        with pytest.raises(InvalidArchitectureError):
            SPACE.grow(wrong, of, move)


@pytest.mark.parametrize("skeleton", [{"width": 3}, {"channels": 0}, {"channels": True}])
def test_wrong_settings_of_the_skeleton_are_refused(skeleton: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    with pytest.raises(InvalidSettingError, match="takes channels"):
        SPACE.build(Architecture("morphism", (0,) * 8), ImageTask(skeleton=skeleton))
