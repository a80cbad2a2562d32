"""The promises of a search space. Every check takes the space."""

import inspect
import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError, UnsupportedError
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Batch, ImageTask, Task, TextTask
from nascast.testing.expectations import refuses, untouched_generators

_ROWS = 32  # sampled by a check; chosen, so that every check takes well under a second
_TASKS: tuple[Task, ...] = (ImageTask((3, 8, 8), 3), TextTask(5))


def check_samples_are_valid(space: SearchSpace) -> None:
    """Samples are int16 rows of shape ``(n, length)`` that `check` accepts, for n = 0 too."""
    for n in (0, 1, _ROWS):
        genes = space.sample(n, _rng())
        assert genes.shape == (n, space.length), f"sample({n}) has shape {genes.shape}"
        assert genes.dtype == np.int16, f"samples are {genes.dtype}, not int16"
        assert space.is_valid(genes).shape == (n,), "is_valid should return one value a row"
        space.check(genes)


def check_samples_are_seeded(space: SearchSpace) -> None:
    """Equal generators give equal samples, other ones others, and no global generator is used."""
    with untouched_generators():
        one, again = space.sample(_ROWS, _rng()), space.sample(_ROWS, _rng())
    assert np.array_equal(one, again), "the same seed gave other samples"
    assert not np.array_equal(one, space.sample(_ROWS, _rng(1))), "seeds 0 and 1 sample alike"


def check_samples_vary(space: SearchSpace) -> None:
    """Every gene that can take several values does so in many samples."""
    genes = space.sample(50 * max(space.cardinalities), _rng())
    for i, cardinality in enumerate(space.cardinalities):
        seen = len(np.unique(genes[:, i]))
        assert seen > 1 or cardinality == 1, f"gene {i} is {genes[0, i]} in all samples"


def check_mutation_changes_one_decision(space: SearchSpace) -> None:
    """A mutated row is one of the row's neighbours, and equal generators mutate alike."""
    genes = space.sample(_ROWS, _rng())
    with untouched_generators():
        mutated = space.mutate(genes, _rng(1))
    assert mutated.dtype == np.int16, f"mutated rows are {mutated.dtype}, not int16"
    space.check(mutated)
    for row, child in zip(genes, mutated, strict=True):
        near = (space.neighbors(row) == child).all(1).any()
        assert near, f"{row.tolist()} mutated to {child.tolist()}, which is no neighbour"
    assert np.array_equal(mutated, space.mutate(genes, _rng(1))), "mutation is not seeded"


def check_mutation_reaches_other_children(space: SearchSpace) -> None:
    """One row mutates to several different rows."""
    parent = np.repeat(space.sample(1, _rng()), 2 * _ROWS, axis=0)
    children = np.unique(space.mutate(parent, _rng(1)), axis=0)
    assert len(children) > 1, f"{parent[0].tolist()} always mutates to {children[0].tolist()}"


def check_inputs_are_not_changed(space: SearchSpace) -> None:
    """No method writes to the rows it is given."""
    genes = space.sample(_ROWS, _rng())
    before = genes.copy()
    genes.flags.writeable = False  # an attempt to write raises
    space.mutate(genes, _rng())
    space.canonical(genes)[:] = 0  # what comes back is the caller's
    space.neighbors(genes[0])
    space.to_text(genes)
    space.is_valid(genes)
    _if_supported(space.graphs, genes)
    assert np.array_equal(genes, before), "a method changed its input"


def check_neighbors(space: SearchSpace) -> None:
    """Neighbours are valid, distinct, not the row itself, one gene away, and mutual."""
    for row in space.sample(4, _rng()):
        near = space.neighbors(row)
        space.check(near)
        assert len(near), f"{row.tolist()} has no neighbour"
        assert len(np.unique(near, axis=0)) == len(near), f"{row.tolist()}: equal neighbours"
        steps = (near != row).sum(1)
        assert (steps == 1).all(), f"{row.tolist()}: a neighbour {steps.max()} or no genes away"
        back = (space.neighbors(near[-1]) == row).all(1).any()
        assert back, f"{near[-1].tolist()} is a neighbour of {row.tolist()}, but not the reverse"


def check_allowed_values(space: SearchSpace) -> None:
    """Every gene of a valid row is allowed after those before it, and allowed values go on."""
    valid, every = space.sample(_ROWS, _rng()), np.arange(_ROWS)
    drawn = np.zeros_like(valid)
    rng = _rng(1)
    for i, cardinality in enumerate(space.cardinalities):
        for genes in (valid, drawn):
            allowed = space.allowed(genes[:, :i])
            assert allowed.shape == (_ROWS, cardinality), f"gene {i}: allowed is {allowed.shape}"
            assert allowed.dtype == np.bool_, f"gene {i}: allowed is {allowed.dtype}, not bool"
            assert allowed.any(1).all(), f"after {genes[~allowed.any(1), :i]} nothing is allowed"
            if genes is valid:
                wrong = valid[~allowed[every, valid[:, i]]]
                assert not len(wrong), f"gene {i} of the valid rows {wrong.tolist()} is refused"
        drawn[:, i] = np.where(allowed, rng.random(allowed.shape), -1).argmax(1)


def check_links_are_bits_of_earlier_parts(space: SearchSpace) -> None:
    """Part k has k genes of two values, in order and behind those of the part before."""
    end = 0
    for k, link in enumerate(space.links):
        assert len(link) == k, f"part {k} has {len(link)} links"
        assert end <= link.start <= link.stop <= space.length, f"part {k} has its links at {link}"
        assert {space.cardinalities[gene] for gene in link} <= {2}, f"{link} are not all bits"
        end = link.stop


def check_canonical_is_idempotent(space: SearchSpace) -> None:
    """Canonical rows are valid int16 rows and canonical themselves."""
    once = space.canonical(space.sample(_ROWS, _rng()))
    assert once.dtype == np.int16, f"canonical rows are {once.dtype}, not int16"
    space.check(once)
    assert np.array_equal(space.canonical(once), once), "a canonical row changed once more"


def check_validity_row_by_row(space: SearchSpace) -> None:
    """A row is valid, or is not, whatever batch it is in."""
    genes, rng, every = space.sample(_ROWS, _rng()), _rng(1), np.arange(_ROWS)
    columns = rng.integers(space.length, size=_ROWS)
    genes[every, columns] = rng.integers(np.asarray(space.cardinalities)[columns])
    for row, valid in zip(genes, space.is_valid(genes), strict=True):
        try:
            space.check(row[None])
        except InvalidArchitectureError:
            assert not valid, f"{row.tolist()} is valid in a batch, and not alone"
        else:
            assert valid, f"{row.tolist()} is valid alone, and not in a batch"


def check_canonical_row_by_row(space: SearchSpace) -> None:
    """A row's canonical row does not depend on the batch around it."""
    genes = space.sample(_ROWS, _rng())
    single = np.concatenate([space.canonical(row[None]) for row in genes])
    assert np.array_equal(space.canonical(genes), single), "the batch changed a canonical row"


def check_text_round_trip(space: SearchSpace) -> None:
    """Reading what was written gives the rows back, and different rows are written differently."""
    genes = np.unique(space.sample(_ROWS, _rng()), axis=0)
    texts = space.to_text(genes)
    assert len(set(texts)) == len(genes), "two rows have the same text"
    back = space.from_text(texts)
    assert back.dtype == np.int16, f"rows read from texts are {back.dtype}, not int16"
    assert np.array_equal(back, genes), "a row did not survive to_text and from_text"
    assert space.from_text([]).shape == (0, space.length), "no texts should give no rows"


def check_texts_apart(space: SearchSpace) -> None:
    """A text is read alike alone and among others, whatever quick way there is for many."""
    genes = space.sample(_ROWS, _rng())
    single = np.concatenate([space.from_text([text]) for text in space.to_text(genes)])
    assert np.array_equal(single, genes), "a text read alone gave another row"


def check_notations(space: SearchSpace) -> None:
    """What a notation writes it reads back; without its name it is that row, or refused."""
    genes = space.sample(4, _rng())
    names = [notation.name for notation in space.notations()]
    assert len(set(names)) == len(names), f"two notations have one name: {', '.join(names)}"
    for notation in space.notations():
        if notation.write is None:
            continue
        texts = space.write(genes, notation.name)
        back = space.from_text(texts, notation.name)
        assert np.array_equal(back, genes), f"{notation.name}: a row did not survive {texts}"
        for text, row in zip(texts, genes, strict=True):
            message, found = "", None
            try:
                found = space.read(text).genes
            except InvalidArchitectureError as error:
                message = str(error)  # where two notations look alike, it names both
            assert found == tuple(row.tolist()) or notation.name in message, (
                f"{notation.name}: {text} is read as {found} {message}"
            )


def check_distinct_rows(space: SearchSpace) -> None:
    """`distinct` finds the first of equal rows, in ascending order of the rows."""
    genes = _rng(1).permutation(np.repeat(space.sample(_ROWS, _rng()), 3, axis=0))
    first = np.unique(genes, axis=0, return_index=True)[1]
    assert np.array_equal(space.distinct(genes), first), "other rows than np.unique finds"


def check_all_rows(space: SearchSpace) -> None:
    """A space that lists its rows lists valid ones, ascending, one at least of every class."""
    rows = _if_supported(space.all)
    if rows is None:
        return
    assert rows.dtype == np.int16, f"the rows listed are {rows.dtype}, not int16"
    space.check(rows)
    ascending = np.array_equal(space.distinct(rows), np.arange(len(rows)))
    assert ascending, "the rows listed are not distinct and ascending"
    known = {row.tobytes() for row in space.canonical(rows)}
    drawn = space.canonical(space.sample(_ROWS, _rng()))
    assert {row.tobytes() for row in drawn} <= known, "a sampled row has no equivalent in the list"


def check_odds(space: SearchSpace) -> None:
    """Every neighbour that mutation leads to has positive odds."""
    row = space.sample(1, _rng())[0]
    near = space.neighbors(row)
    odds = space.odds(row, near)
    assert odds.shape == (len(near),), f"odds of {len(near)} neighbours have shape {odds.shape}"
    for child in space.mutate(np.repeat(row[None], _ROWS, axis=0), _rng(1)):
        assert (odds[(near == child).all(1)] > 0).all(), f"{child.tolist()} has no odds"


def check_settings_are_attributes(space: SearchSpace) -> None:
    """The constructor's arguments are attributes of the same names, and make the same space."""
    names = [*inspect.signature(type(space)).parameters]
    missing = [name for name in names if not hasattr(space, name)]
    assert not missing, f"settings that are not attributes: {', '.join(missing)}"
    again = type(space)(**{name: getattr(space, name) for name in names})
    assert again.cardinalities == space.cardinalities, "its settings make another space"
    assert np.array_equal(again.sample(4, _rng()), space.sample(4, _rng())), "it samples otherwise"


def check_foreign_texts_are_refused(space: SearchSpace) -> None:
    """A text that is not of the space raises, and the message quotes it."""
    text = space.to_text(space.sample(1, _rng()))[0]
    for wrong in ("", "no architecture", f"{text};{text}", text + "~", "~" + text, "9" * 30):
        message = refuses(InvalidArchitectureError, repr(wrong), space.from_text, [text, wrong])
        assert wrong in message, f"the message does not quote {wrong!r}: {message}"


def check_foreign_rows_are_refused(space: SearchSpace) -> None:
    """Rows of another length, range or type are invalid, and every method says so."""
    good = space.sample(2, _rng())
    high, low = good.copy(), good.copy()
    high[1, -1] = space.cardinalities[-1]
    low[1, 0] = -1
    for rows in (high, low):
        assert space.is_valid(rows).tolist() == [True, False], f"{rows[1].tolist()} is not valid"
    shapes = (np.zeros((1, space.length + 1), dtype=np.int16), good[:, :-1], good[0])
    methods: list[Callable[..., Any]] = [space.check, space.canonical, space.to_text]
    methods.append(partial(space.mutate, rng=_rng()))
    if _if_supported(space.graphs, good) is not None:
        methods.append(space.graphs)
    for rows in (high, low, *shapes):
        for method in methods:
            refuses(InvalidArchitectureError, f"rows {rows.tolist()}", method, rows)
    refuses(InvalidArchitectureError, f"row {high[1].tolist()}", space.neighbors, high[1])
    refuses(InvalidArchitectureError, "float genes", space.check, good.astype(np.float64))


def check_architectures_pickle_small(space: SearchSpace) -> None:
    """A row as a value survives pickling, stays small, and needs no torch to come back."""
    arch = space.architecture(space.sample(1, _rng())[0])
    data = pickle.dumps(arch)
    assert len(data) < 200 + 10 * space.length, f"a pickled architecture has {len(data)} bytes"
    modules: set[str] = set()
    assert _Watcher(data, modules).load() == arch, "an architecture came back different"
    heavy = {module for module in modules if not module.startswith("nascast.core")}
    assert not heavy, f"unpickling an architecture imports {heavy}"
    assert space.is_valid(arch.row()).all(), "row() of an architecture is not valid"


def check_graphs(space: SearchSpace) -> None:
    """Graphs have one input, one output, edges that point on, and do not depend on the batch."""
    genes = space.sample(_ROWS, _rng())
    graph = _if_supported(space.graphs, genes)
    if graph is None:
        return
    n, v = graph.labels.shape
    assert n == len(graph) == len(genes), f"{len(graph)} graphs for {len(genes)} rows"
    assert graph.adjacency.shape == (n, v, v), f"the adjacency has shape {graph.adjacency.shape}"
    assert graph.labels.max() < len(graph.vocabulary), "a label is not in the vocabulary"
    for name in ("input", "output"):
        count = (graph.labels == graph.vocabulary.index(name)).sum(1)
        assert (count == 1).all(), f"a graph should have one {name}; there are {set(count)}"
    assert not np.tril(graph.adjacency).any(), "an edge points back"
    both = graph.mask[:, :, None] & graph.mask[:, None, :]
    assert not (graph.adjacency & ~both).any(), "an edge ends where no vertex is"
    single = np.concatenate([space.graphs(row[None]).hashes() for row in genes])
    assert np.array_equal(graph.hashes(), single), "the batch changed a graph"


def check_tasks_are_declared(space: SearchSpace) -> None:
    """`build` serves the kinds of task in `tasks`, and refuses others by naming those."""
    arch = space.architecture(space.sample(1, _rng())[0])
    for task in _TASKS:
        if type(task) in space.tasks:
            assert space.build(arch, task) is not None, f"no network for {task.kind}"
            continue
        found = _if_supported(space.build, arch, task)
        assert found is None, f"it builds for {task.kind}, which `tasks` does not name"
        message = refuses(UnsupportedError, f"a task of {task.kind}", space.build, arch, task)
        for kind in space.tasks:
            assert kind.kind in message, f"the message does not name {kind.kind}: {message}"


def check_skeletons_are_declared(space: SearchSpace) -> None:
    """The settings of `skeleton` build the same network as none, and unknown ones are refused."""
    arch = space.architecture(space.sample(1, _rng())[0])
    for task in _tasks(space):
        import torch

        told = replace(task, skeleton=dict(space.skeleton(type(task))))
        with torch.device("meta"):
            shapes = [
                {name: value.shape for name, value in space.build(arch, one).state_dict().items()}
                for one in (task, told)
            ]
        assert shapes[0] == shapes[1], f"{told.skeleton} are not the defaults for {task.kind}"
        unknown = replace(task, skeleton={"no_such_setting": 1})
        refuses(InvalidSettingError, f"{unknown.skeleton}", space.build, arch, unknown)


def check_network_runs_both_ways(space: SearchSpace) -> None:
    """A network maps its inputs to logits, and all gradients that come back are finite."""
    for task in _tasks(space):
        from nascast.networks.forward import forward

        batch = Batch.random(task, 2)
        for row in space.sample(2, _rng()):
            network = space.build(space.architecture(row), task)
            logits: Any = forward(network, batch).logits
            classes = task.words if isinstance(task, TextTask) else task.classes
            expected = (batch.labels.size, classes)
            assert logits.shape == expected, f"{task.kind}: logits are {tuple(logits.shape)}"
            logits.square().sum().backward()
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            assert gradients, "no parameter has a gradient"
            assert all(bool(g.isfinite().all()) for g in gradients), "a gradient is not finite"


def check_networks_are_seeded(space: SearchSpace) -> None:
    """The initial weights come from torch's generator and from nothing else."""
    arch = space.architecture(space.sample(1, _rng())[0])
    for task in _tasks(space):
        import torch

        weights = []
        for seed in (0, 0, 1):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                network = space.build(arch, task)
            weights.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
        assert torch.equal(weights[0], weights[1]), "the same seed gave other weights"
        assert not torch.equal(weights[0], weights[2]), "seeds 0 and 1 gave the same weights"


def check_foreign_architectures_are_not_built(space: SearchSpace) -> None:
    """`build` refuses an architecture of another space, even if the genes would fit."""
    arch = space.architecture(space.sample(1, _rng())[0])
    for foreign in (
        Architecture(space.name + "-other", arch.genes),
        Architecture(space.name, arch.genes[:-1]),
        Architecture(space.name, (*arch.genes[:-1], max(space.cardinalities))),
    ):
        for task in _tasks(space):
            refuses(InvalidArchitectureError, str(foreign), space.build, foreign, task)


def _tasks(space: SearchSpace) -> list[Task]:
    return [task for task in _TASKS if type(task) in space.tasks]


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _if_supported(call: Callable[..., Any], *arguments: Any) -> Any:
    """Returns what the call does, or None if the space has no such thing."""
    try:
        return call(*arguments)
    except UnsupportedError:
        return None


class _Watcher(pickle.Unpickler):
    """Notes which modules unpickling imports."""

    def __init__(self, data: bytes, modules: set[str]) -> None:
        super().__init__(io.BytesIO(data))
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        self._modules.add(module)
        return super().find_class(module, name)
