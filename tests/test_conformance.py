"""Every registered component keeps every promise of its kind, and so do the doubles."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast import testing
from nascast.core import plugins
from nascast.core.errors import (
    MissingDataError,
    MissingExtraError,
    UnknownComponentError,
    UnsupportedError,
)
from nascast.core.feature import Encoding
from nascast.core.space import SearchSpace
from nascast.testing.doubles import TinyBenchmark, TinySpace

Check = Callable[..., None]


def every(kind: str, *doubles: str) -> pytest.MarkDecorator:
    """Parametrises over the components of a kind, some doubles, and the checks of the kind."""
    cases = [
        pytest.param(name, check, id=f"{name}-{check.__name__.removeprefix('check_')}")
        for name in (*plugins.names(kind), *doubles)
        for check in testing.checks(kind)
    ]
    return pytest.mark.parametrize(("name", "check"), cases)


@every("space", "tiny")
def test_space(name: str, check: Check) -> None:
    check(TinySpace() if name == "tiny" else plugins.load("space", name))


@every("encoding")
def test_encoding(name: str, check: Check) -> None:
    encoding = plugins.load("encoding", name)
    check(encoding)
    for space in map(partial(plugins.load, "space"), plugins.names("space")):
        if supports(encoding, space):
            check(encoding, space)


@every("proxy")
def test_proxy(name: str, check: Check) -> None:
    check(factory("proxy", name))


@every("predictor")
def test_predictor(name: str, check: Check) -> None:
    check(factory("predictor", name))


@every("strategy")
def test_strategy(name: str, check: Check) -> None:
    check(factory("strategy", name))


@every("benchmark", "tiny")
def test_benchmark(name: str, check: Check) -> None:
    check(TinyBenchmark() if name == "tiny" else benchmark(name))


@every("executor")
def test_executor(name: str, check: Check, request: pytest.FixtureRequest) -> None:
    if name == "ray":  # starting one for every check would take minutes
        request.getfixturevalue("ray_connected")
    settings: dict[str, Any] = {}
    if name == "slurm":
        pytest.importorskip("submitit")
        folder = request.getfixturevalue("tmp_path")
        settings = {"workers": 2, "folder": str(folder), "cluster": "local"}
    check(partial(plugins.load, "executor", name, **settings))


@every("store")
def test_store(name: str, check: Check) -> None:
    check(factory("store", name))


@every("callback")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # inside the trackers' packages
def test_callback(name: str, check: Check, trackers: Path) -> None:
    try:
        check(factory("callback", name))
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_every_kind_has_checks_with_a_promise_each(kind: str) -> None:
    found = testing.checks(kind)
    assert len(found) >= 5
    for check in found:
        assert check.__name__.startswith("check_")
        assert check.__doc__


def test_checks_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(UnknownComponentError, match=r"'flavour'.*space.*store"):
        testing.checks("flavour")


def supports(encoding: Encoding, space: SearchSpace) -> bool:
    """Whether the space has what the encoding needs, such as graphs."""
    try:
        encoding.encode(space, space.sample(1, np.random.default_rng(0)))
    except UnsupportedError:
        return False
    return True


@cache  # one object for each component, so that checks can share what takes long to set up
def factory(kind: str, name: str) -> Callable[..., Any]:
    return partial(plugins.load, kind, name)


@cache
def benchmark(name: str) -> Any:
    try:
        return plugins.load("benchmark", name)
    except MissingDataError as error:
        pytest.skip(f"its records are not here: {error}")
