"""Passes: made once, timed apart, and without a trace in the network."""

from contextlib import suppress
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.types import Architecture, Batch, ImageTask, TextTask
from nascast.proxies.passes import Passes, once
from nascast.testing.doubles import TinyBenchmark, TinySpace

ARCH = Architecture("tiny", (2, 1, 0, 2, 1))
TASK = TinyBenchmark().task


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def passes(seed: int = 0, clock: Clock | None = None, kind: type[Passes] = Passes) -> Passes:
    batch = Batch.random(TASK, 6)
    build = lambda: TinySpace().build(ARCH, TASK)  # noqa: E731
    return kind(build, seed, TASK, batch=batch, clock=clock or Clock())


def test_the_weights_are_those_of_the_seed() -> None:
    torch.manual_seed(5)
    expected = TinySpace().build(ARCH, TASK)
    torch.manual_seed(77)
    found = passes(5).network()
    assert found.training
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    passes().network()
    assert torch.equal(before, torch.get_rng_state())


def test_the_order_of_passes_changes_nothing() -> None:
    one, other = passes(), passes()
    first = one.input_jacobian(), one.synflow_terms()
    terms, jacobian = other.synflow_terms(), other.input_jacobian()
    assert np.array_equal(first[0], jacobian)
    assert all(torch.equal(a, b) for a, b in zip(first[1], terms, strict=True))


def test_the_order_of_proxies_changes_no_score() -> None:
    proxies = [plugins.load("proxy", name) for name in plugins.builtin_names("proxy")]
    made = passes()
    scores = {proxy.name: proxy.score(made) for proxy in proxies}
    again = passes()
    assert scores == {proxy.name: proxy.score(again) for proxy in reversed(proxies)}


@pytest.mark.parametrize("name", ["nasnet", "recurrent_tree"])
def test_no_score_is_of_what_dropout_leaves_by_chance(name: str) -> None:
    space = plugins.load("space", name)
    arch = space.architecture(space.sample(1, np.random.default_rng(3))[0])
    scores = []
    for dropout in (0.0, 0.5):
        skeleton = {"filters": 8, "repeats": 1, "hidden": 8, "dropout": dropout}
        known = {k: v for k, v in skeleton.items() if k in space.skeleton(ImageTask)}
        task = ImageTask((3, 16, 16), 10, known)
        build = partial(space.build, arch, task)
        made = Passes(build, 0, task, batch=Batch.random(task, 8), clock=Clock())
        found = {}
        for proxy in (plugins.load("proxy", name) for name in plugins.builtin_names("proxy")):
            with suppress(UnsupportedError):
                found[proxy.name] = proxy.score(made)
        scores.append(found)
    assert {"grad_norm", "grasp", "jacov", "synflow"} <= scores[0].keys()
    assert scores[0] == scores[1]


@pytest.mark.parametrize("name", ["nasbench_nlp", "recurrent_tree"])
def test_a_language_model_has_every_score_that_is_defined_or_says_why_not(name: str) -> None:
    space = plugins.load("space", name)
    task = TextTask(50, {k: 8 for k in ("hidden", "embedding") if k in space.skeleton(TextTask)})
    arch = space.architecture(space.sample(1, np.random.default_rng(3))[0])
    text = Batch.random(task, 4)
    made = Passes(lambda: space.build(arch, task), 0, task, batch=text, clock=Clock())
    scores, refused = {}, {}
    for proxy in (plugins.load("proxy", name) for name in plugins.builtin_names("proxy")):
        try:
            scores[proxy.name] = proxy.score(made)
        except UnsupportedError as error:
            refused[proxy.name] = str(error)
    assert np.isfinite(list(scores.values())).all()
    of_images = {"expressivity", "meco", "progressivity", "trainability", "vkdnw", "zen"}
    assert refused.keys() == {"epe_nas", "fisher", "nwot", "swap"} | of_images
    assert {"grad_norm", "grasp", "plain", "snip", "zico"} <= scores.keys()


@pytest.mark.parametrize("name", ["nasbench_nlp", "recurrent_tree"])
def test_images_read_row_by_row_are_scored_with_the_weights_of_the_cell(name: str) -> None:
    space = plugins.load("space", name)
    arch = space.architecture(space.sample(1, np.random.default_rng(3))[0])
    sizes = {k: 8 for k in ("hidden", "embedding") if k in space.skeleton(ImageTask)}
    task = ImageTask((3, 16, 16), 10, sizes)
    batch = Batch.random(task, 8)
    made = Passes(lambda: space.build(arch, task), 0, task, batch=batch, clock=Clock())
    scores, refused = {}, set()
    for proxy in (plugins.load("proxy", name) for name in plugins.builtin_names("proxy")):
        try:
            scores[proxy.name] = proxy.score(made)
        except UnsupportedError:
            refused.add(proxy.name)
    of_channels = {"expressivity", "fisher", "meco", "progressivity", "trainability"}
    assert refused == of_channels | {"nwot", "swap", "vkdnw", "zen"}
    del scores["epsinas"]  # NaN where the cell lets nothing through that tells images apart
    assert np.isfinite(list(scores.values())).all()
    matrices = [p.detach() for p in made.network().parameters() if p.ndim > 1]
    assert scores["l2_norm"] == pytest.approx(sum(m.norm().item() for m in matrices))
    assert len(made.labelled().gradients) == len(matrices)


@pytest.mark.parametrize("name", ["nasbench_nlp", "recurrent_tree"])
def test_passes_of_a_language_model_read_text(name: str) -> None:
    space = plugins.load("space", name)
    task = TextTask(50, {k: 8 for k in ("hidden", "embedding") if k in space.skeleton(TextTask)})
    arch = space.architecture(space.sample(1, np.random.default_rng(3))[0])
    text = Batch.random(task, 5)
    made = Passes(lambda: space.build(arch, task), 0, task, batch=text, clock=Clock())
    jacobian = made.input_jacobian()
    assert len(jacobian) == 5  # a row for each column of text
    assert np.isfinite(jacobian).all()
    # Its own gradient alone: the same column among others has the same.
    alone = Batch(text.inputs[:, 2:3], text.labels[:, 2:3], "one column")
    single = Passes(lambda: space.build(arch, task), 0, task, batch=alone, clock=Clock())
    assert np.allclose(single.input_jacobian()[0], jacobian[2], atol=1e-5)
    terms = made.synflow_terms()
    assert terms
    assert all(torch.isfinite(term).all() and (term >= 0).all() for term in terms)


class Timed(Passes):
    """A pass of 2 seconds, and two of 3 and 5 that rest on it."""

    calls: list[str]

    def _takes(self, name: str, seconds: float) -> None:
        self.calls = [*getattr(self, "calls", []), name]
        assert isinstance(self._clock, Clock)
        self._clock.now += seconds

    @once
    def ground(self) -> int:
        self._takes("ground", 2)
        return 7

    @once
    def three(self) -> int:
        self._takes("three", 3)
        return self.ground() + 1

    @once
    def five(self) -> int:
        found = self.ground() + 2
        self._takes("five", 5)
        return found


def test_each_pass_is_made_once_and_has_seconds_of_its_own() -> None:
    timed = passes(clock=Clock(), kind=Timed)
    assert isinstance(timed, Timed)
    with timed.used() as first:
        assert (timed.three(), timed.three()) == (8, 8)
    with timed.used() as second:
        assert timed.five() == 9
    assert timed.calls == ["three", "ground", "five"]
    assert timed.seconds == {"ground": 2, "three": 3, "five": 5}
    assert timed.spent == 10
    assert first == {"ground", "three"}
    assert second == {"ground", "five"}  # what it rests on, though another had it made


def test_without_a_batch_a_pass_that_needs_one_says_so() -> None:
    none = Passes(nn.Identity, 0, ImageTask(), batch=None, clock=Clock())
    with pytest.raises(UnsupportedError, match="no batch of inputs"):
        none.batch()
