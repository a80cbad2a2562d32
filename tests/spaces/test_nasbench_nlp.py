import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask, Task, TextTask
from nascast.networks.recurrent import LanguageModel, RecurrentLayer
from nascast.spaces.nasbench_nlp.rows import accepted, live, names_of, parts, problem
from nascast.spaces.nasbench_nlp.space import NasBenchNlp

SPACE = NasBenchNlp()
RNN = (
    '{"node_0": {"op": "linear", "input": ["x", "h_prev_0"]}, '
    '"h_new_0": {"op": "activation_tanh", "input": ["node_0"]}}'
)
SMALL = {"embedding": 3, "hidden": 5, "layers": 3}
WORDS = TextTask(33_278)  # WikiText-2

Nodes = dict[str, Any]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def recipe(**nodes: tuple[str, str]) -> str:
    """Writes a recipe of nodes given as (operation, names of inputs with spaces between)."""
    return json.dumps({k: {"op": op, "input": read.split()} for k, (op, read) in nodes.items()})


@pytest.fixture(scope="session")
def records(shared_data: Path) -> list[Nodes]:
    with zipfile.ZipFile(shared_data / "nasbench_nlp_wikitext2" / "logs.zip") as logs:
        return [json.loads(logs.read(n)) for n in logs.namelist() if n.endswith(".json")]


@pytest.fixture(scope="session")
def recorded(records: list[Nodes]) -> Genes:
    return SPACE.from_text([record["recepie"] for record in records])


def numbered(nodes: Nodes) -> dict[str, int]:
    """Numbers names as networks do: x, states, and ever the first node that can be computed."""
    count = sum(name in ("h_new_0", "h_new_1", "h_new_2") for name in nodes)
    names = ["x", *(f"h_prev_{k}" for k in range(count))]
    while len(names) < 1 + count + len(nodes):
        left = {name: node for name, node in nodes.items() if name not in names}
        names.append(next(name for name, node in left.items() if set(node["input"]) <= set(names)))
    return {name: number for number, name in enumerate(names)}


def interpreted(
    name: str,
    nodes: Nodes,
    numbers: dict[str, int],
    layer: RecurrentLayer,
    known: dict[str, Tensor],
) -> Tensor:
    """Computes what a name stands for, from what is known of a step and the weights of a layer."""
    if name in known:
        return known[name]
    read = nodes[name]["input"]
    terms = [interpreted(source, nodes, numbers, layer, known) for source in read]
    value = torch.zeros(())
    match nodes[name]["op"]:
        case "linear":
            value = layer.biases[str(numbers[name])]
            for source, term in zip(read, terms, strict=True):
                value = value + term @ layer.weight(numbers[name], numbers[source]).T
        case "blend":
            value = terms[0] * terms[1] + (1 - terms[0]) * terms[2]
        case "elementwise_prod":
            value = torch.stack(terms).prod(0)
        case "elementwise_sum":
            value = torch.stack(terms).sum(0)
        case "activation_tanh":
            value = 2 / (1 + torch.exp(-2 * terms[0])) - 1
        case "activation_sigm":
            value = 1 / (1 + torch.exp(-terms[0]))
        case "activation_leaky_relu":
            value = torch.clamp(terms[0], min=0) + 0.01 * torch.clamp(terms[0], max=0)
    known[name] = value
    return value


@torch.no_grad()
def agrees(text: str) -> None:
    """Checks three time steps of a recipe without dead nodes, in each of three layers."""
    arch = SPACE.architecture(SPACE.from_text([text])[0])
    model = SPACE.build(arch, TextTask(4, {"embedding": 3, "hidden": 5})).double().eval()
    assert isinstance(model, LanguageModel)
    nodes = json.loads(text)
    numbers = numbered(nodes)
    count = int((parts(arch.row())[2] > 0).sum())
    generator = torch.Generator().manual_seed(0)
    for layer, size in zip(model.stack.layers, (3, 5, 5), strict=True):
        assert isinstance(layer, RecurrentLayer)
        inputs = torch.randn(3, 2, size, generator=generator, dtype=torch.float64)
        states = list(torch.randn(count, 2, layer.size, generator=generator).double())
        outputs, after = layer(inputs, tuple(states))
        for x, output in zip(inputs, outputs, strict=True):
            known = {"x": x, **{f"h_prev_{k}": state for k, state in enumerate(states)}}
            states = [interpreted(f"h_new_{k}", nodes, numbers, layer, known) for k in range(count)]
            torch.testing.assert_close(output, states[0], rtol=1e-10, atol=1e-12)
        for state, expected in zip(after, states, strict=True):
            torch.testing.assert_close(state, expected, rtol=1e-10, atol=1e-12)


def shuffled(row: Genes, generator: np.random.Generator) -> str:
    """Writes a recipe with other names, its nodes and unordered inputs in random order."""
    nodes = list(json.loads(SPACE.to_text(row[None])[0]).items())
    names = {n: n if n.startswith("h_new") else f"a{generator.integers(10**9)}" for n, _ in nodes}
    generator.shuffle(nodes)
    for _, node in nodes:
        node["input"] = [names.get(source, source) for source in node["input"]]
        if node["op"] != "blend":
            generator.shuffle(node["input"])
    return json.dumps({names[name]: node for name, node in nodes})


def test_recorded_recipes_are_read_and_written(records: list[Nodes], recorded: Genes) -> None:
    texts = SPACE.to_text(recorded)
    assert np.array_equal(SPACE.from_text(texts), recorded)
    assert SPACE.to_text(SPACE.from_text(texts)) == texts
    for record, text in zip(records, texts, strict=True):
        official, ours = json.loads(record["recepie"]), json.loads(text)
        assert len(official) == len(ours)
        operations = [sorted(n["op"] for n in nodes.values()) for nodes in (official, ours)]
        assert operations[0] == operations[1]
        states = [name for name in official if name in ("h_new_0", "h_new_1", "h_new_2")]
        for state in states:
            assert official[state]["op"] == ours[state]["op"]


def test_recorded_parameters(records: list[Nodes], recorded: Genes) -> None:
    found = SPACE.parameters(recorded, WORDS)
    assert found.tolist() == [record["num_params"] for record in records]


def test_recorded_networks_have_these_parameters(records: list[Nodes], recorded: Genes) -> None:
    for record, row in zip(records[::5], recorded[::5], strict=True):
        with torch.device("meta"):
            model = SPACE.build(SPACE.architecture(row), WORDS)
        assert sum(p.numel() for p in model.parameters()) == record["num_params"]


def test_recorded_recipes_are_computed(records: list[Nodes]) -> None:
    for text in sorted({record["recepie"] for record in records}):
        agrees(text)


def test_recorded_recipes_are_what_the_generator_keeps(recorded: Genes) -> None:
    assert live(recorded).sum() == (parts(recorded)[0] > 0).sum()
    assert np.flatnonzero(~accepted(recorded)).tolist() == [2]  # the GRU, made by hand
    assert len(np.unique(SPACE.canonical(recorded), axis=0)) == 265


def test_sampled_recipes_are_computed() -> None:
    for text in SPACE.to_text(SPACE.canonical(SPACE.sample(40, rng()))):
        agrees(text)


def test_samples_keep_the_rules_of_the_generator() -> None:
    genes = SPACE.sample(600, rng())
    ops, inputs, states = parts(genes)
    assert accepted(genes).all()
    assert np.bincount((states > 0).sum(1), minlength=4)[1:].min() > 150
    count = (inputs > 0).sum(2)
    assert set(count[ops == 1].tolist()) == {2, 3}
    assert (count[(ops == 3) | (ops == 4)] == 2).all()
    assert (ops > 0).sum(1).min() >= 8
    made = np.bincount(ops[ops > 0].astype(np.int64), minlength=8)
    assert abs(made[5:].sum() - made[1]) == 0  # an activation for every linear node
    assert 0.4 < made[1] / made[1:5].sum() < 0.6


def test_canonical_does_not_see_names_and_orders() -> None:
    genes = SPACE.sample(100, rng())
    once = SPACE.canonical(genes)
    generator = rng(1)
    for _ in range(3):
        other = SPACE.from_text([shuffled(row, generator) for row in genes])
        assert np.array_equal(SPACE.canonical(other), once)
    assert np.array_equal(SPACE.canonical(once), once)
    assert np.array_equal(SPACE.graphs(genes).hashes(), SPACE.graphs(once).hashes())


def test_canonical_of_a_symmetric_cell_is_fast_and_one() -> None:
    nodes = {f"l{i}": ("linear", "x h_prev_0") for i in range(6)}
    nodes |= {f"a{i}": ("activation_tanh", f"l{i}") for i in range(6)}
    nodes |= {f"s{i}": ("elementwise_prod", f"a{2 * i} a{2 * i + 1}") for i in range(3)}
    nodes["h_new_0"] = ("elementwise_sum", "s0 s1 s2")
    row = SPACE.from_text([recipe(**nodes)])[0]
    generator = rng()
    others = SPACE.from_text([shuffled(row, generator) for _ in range(10)])
    assert len(np.unique(SPACE.canonical(others), axis=0)) == 1


def test_canonical_tells_apart_what_refinement_alone_does_not() -> None:
    nodes = {f"l{i}": ("linear", "x h_prev_0") for i in range(6)}
    rings = []
    for pairs in ("01 12 23 34 45 50", "01 12 20 34 45 53"):  # a hexagon, and two triangles
        sums = {f"s{p}": ("elementwise_sum", f"l{p[0]} l{p[1]}") for p in pairs.split()}
        names = list(sums)
        sums["p"] = ("elementwise_prod", " ".join(names[:3]))
        sums["q"] = ("elementwise_prod", " ".join(names[3:]))
        rings.append(recipe(**nodes, **sums, h_new_0=("elementwise_sum", "p q")))
    genes = SPACE.canonical(SPACE.from_text(rings))
    assert not np.array_equal(genes[0], genes[1])


def test_canonical_keeps_the_order_of_blend_and_of_states() -> None:
    base = {"a": ("linear", "x h_prev_0"), "b": ("linear", "x h_prev_1")}
    base["c"] = ("activation_tanh", "a")
    texts = [
        recipe(**base, h_new_0=("blend", "a b c"), h_new_1=("activation_sigm", "b")),
        recipe(**base, h_new_0=("blend", "b a c"), h_new_1=("activation_sigm", "b")),
        recipe(**base, h_new_1=("blend", "a b c"), h_new_0=("activation_sigm", "b")),
    ]
    assert len(np.unique(SPACE.canonical(SPACE.from_text(texts)), axis=0)) == 3


def test_dead_nodes_are_written_but_not_built() -> None:
    dead = json.loads(RNN) | {"loose": {"op": "linear", "input": ["x", "h_prev_0"]}}
    genes = SPACE.from_text([json.dumps(dead), RNN])
    assert len(json.loads(SPACE.to_text(genes)[0])) == 3
    assert np.array_equal(SPACE.canonical(genes)[0], genes[1])
    assert len(set(SPACE.graphs(genes).hashes().tolist())) == 1
    counts = {
        sum(
            p.numel()
            for p in SPACE.build(SPACE.architecture(row), ImageTask(skeleton=SMALL)).parameters()
        )
        for row in genes
    }
    assert len(counts) == 1


def test_the_graph_of_the_rnn() -> None:
    graph = SPACE.graphs(SPACE.from_text([RNN]))
    vertices = np.flatnonzero(graph.mask[0])
    names = [graph.vocabulary[label] for label in graph.labels[0, vertices]]
    assert names == ["input", "h_prev_0", "linear", "activation_tanh", "output"]
    edges = np.argwhere(graph.adjacency[0][np.ix_(vertices, vertices)])
    assert edges.tolist() == [[0, 2], [1, 2], [2, 3], [3, 4]]


def test_every_state_is_seen_in_the_graph() -> None:
    base = {"a": ("linear", "x h_prev_0 h_prev_1"), "b": ("activation_tanh", "a")}
    texts = [
        recipe(**base, h_new_0=("activation_sigm", "b"), h_new_1=("activation_tanh", "b")),
        recipe(**base, h_new_1=("activation_sigm", "b"), h_new_0=("activation_tanh", "b")),
    ]
    assert len(set(SPACE.graphs(SPACE.from_text(texts)).hashes().tolist())) == 2


def test_every_neighbour_can_be_a_mutation() -> None:
    row = SPACE.from_text([RNN])
    near = {tuple(other) for other in SPACE.neighbors(row[0]).tolist()}
    children = SPACE.mutate(np.repeat(row, 500, axis=0), rng())
    assert {tuple(child) for child in children.tolist()} == near


@pytest.mark.parametrize(
    "task",
    [
        ImageTask((1, 6, 4), 7),
        ImageTask((1, 6, 4), 7, SMALL),
        TextTask(11),
        TextTask(11, SMALL),
        TextTask(11, {**SMALL, "tied": False}),
    ],
)
def test_declared_parameters(task: Task) -> None:
    genes = SPACE.sample(5, rng())
    for row, declared in zip(genes, SPACE.parameters(genes, task).tolist(), strict=True):
        with torch.device("meta"):
            network = SPACE.build(SPACE.architecture(row), task)
        assert sum(p.numel() for p in network.parameters()) == declared


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1, 2]", "expected 99 genes; got 2"),
        ("{}", "1 to 24 nodes"),
        ("[" * 1_000, "JSON object"),
        (
            recipe(h_new_0=("conv", "x")),
            "unknown operation 'conv' of node 'h_new_0'; known are lin",
        ),
        (recipe(h_new_0=("linear", "x y")), "'h_new_0' reads 'y', which is not defined; allowed"),
        (recipe(h_new_0=("linear", "x h_prev_3")), "'h_prev_3', which is not defined"),
        (recipe(h_new_0=("linear", "x h_prev_1")), "'h_prev_1', but there are only 1 new states"),
        (recipe(a=("linear", "x h_new_0"), h_new_0=("activation_tanh", "a")), "cycle: node 'a'"),
        (recipe(h_new_0=("linear", "h_new_0 x")), "cycle: node 'h_new_0'"),
        (recipe(h_new_0=("linear", "")), "'h_new_0' has 0 inputs; linear takes 1 to 3"),
        (recipe(h_new_0=("blend", "h_prev_0")), "has 1 inputs; blend takes 3"),
        (recipe(h_new_0=("elementwise_sum", "h_prev_0")), "elementwise_sum takes 2 to 3"),
        (recipe(h_new_0=("linear", "x h_prev_0 h_prev_1 h_prev_2")), "has 4 inputs; 3 at most"),
        (recipe(h_new_0=("activation_tanh", "x")), "'h_new_0' reads 'x', which has another size"),
        (recipe(h_new_0=("elementwise_sum", "h_prev_0 h_prev_0")), "reads 'h_prev_0' twice"),
        (recipe(a=("linear", "x h_prev_0")), "new states are h_new_0, or h_new_0 up to"),
        (recipe(h_new_1=("linear", "x h_prev_0")), "without a gap"),
        (recipe(h_new_7=("linear", "x h_prev_0")), "'h_new_7' is not a state; allowed are"),
        (recipe(x=("linear", "h_prev_0"), h_new_0=("linear", "x")), "'x' is an input"),
        ('{"h_new_0": 3}', "'h_new_0' should have 'op' and 'input'"),
        ('{"h_new_0": {"op": "linear", "input": "x"}}', "'h_new_0' should be a list of names"),
        (RNN[:-1] + ", " + RNN[1:], "'node_0' is there twice"),
        (recipe(**{f"n{i}": ("linear", "x") for i in range(25)}), "1 to 24 nodes"),
    ],
)
def test_foreign_recipes_are_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=r"^nasbench_nlp: ") as caught:
        SPACE.from_text([RNN, text])
    assert why in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("gene", "value", "why"),
    [
        (0, 0, "the 1 nodes are not the first 1"),
        (1, 0, "node 'node_0' has 1 inputs; linear|node 'node_0' has a gap in its inputs"),
        (3, 1, "node 'node_0' reads 'x' twice"),
        (0, 5, "node 'node_0' has 2 inputs; activation_tanh takes 1"),
        (5, 1, "node 'h_new_0' reads 'x', which has another size"),
        (5, 3, "node 'h_new_0' reads 'h_prev_1', but there are only 1 new states"),
        (9, 1, "node 'node_2' has inputs, but no operation"),
        (96, 0, "new states are h_new_0, or h_new_0 up to h_new_2, without a gap"),
        (96, 3, "new states are different ones of the 2 nodes"),
        (97, 2, "new states are different ones of the 2 nodes"),
        (98, 1, "without a gap|different ones"),
        (0, 8, "gene 0 is 8; allowed are 0 to 7"),
    ],
)
def test_bad_rows_are_explained(gene: int, value: int, why: str) -> None:
    row = SPACE.from_text([RNN])
    row[0, gene] = value
    assert not SPACE.is_valid(row)[0]
    with pytest.raises(InvalidArchitectureError, match=why):
        SPACE.check(row)


def test_rows_are_valid_exactly_if_they_have_no_problem() -> None:
    genes = np.repeat(SPACE.sample(200, rng()), 10, axis=0)
    generator = rng(1)
    columns = generator.integers(SPACE.length, size=len(genes))
    cards = np.asarray(SPACE.cardinalities)[columns]
    genes[np.arange(len(genes)), columns] = generator.integers(cards)
    valid = SPACE.is_valid(genes)
    assert 0.1 < valid.mean() < 0.9
    assert valid.tolist() == [problem(row, names_of(row)) is None for row in genes]


@pytest.mark.parametrize("settings", [{"cells": 3}, {"hidden": 0}, {"layers": 1.5}])
def test_unknown_settings_are_refused(settings: dict[str, Any]) -> None:
    arch = SPACE.architecture(SPACE.from_text([RNN])[0])
    with pytest.raises(InvalidSettingError, match="embedding, hidden, layers"):
        SPACE.build(arch, ImageTask(skeleton=settings))
    with pytest.raises(InvalidArchitectureError, match="of tiny"):
        SPACE.build(Architecture("tiny", arch.genes), TextTask(10))


@pytest.mark.parametrize("settings", [{"colour": 1}, {"hidden": 0}, {"tied": 1}])
def test_settings_of_language_models_are_checked(settings: dict[str, Any]) -> None:
    arch = SPACE.architecture(SPACE.from_text([RNN])[0])
    with pytest.raises(InvalidSettingError, match=r"embedding, hidden, layers, .* and tied"):
        SPACE.build(arch, TextTask(10, settings))


def test_the_official_language_model() -> None:
    """Three layers of 600, 600 and 400 units, embedding and decoder tied."""
    with torch.device("meta"):
        model = SPACE.build(SPACE.architecture(SPACE.from_text([RNN])[0]), TextTask(10_000))
    assert isinstance(model, LanguageModel)
    assert [layer.size for layer in model.stack.layers] == [600, 600, 400]
    assert model.encoder.weight is model.decoder.weight
    assert model.encoder.weight.shape == (10_000, 400)
