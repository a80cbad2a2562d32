"""A package of five components, `external_package`, which `make test` installs beside nascast.

The conformance tests run on them as on all others.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from nascast.core import plugins

COMPONENTS = {
    "space": "perceptron",
    "proxy": "filter_count",
    "predictor": "kernel_mean",
    "strategy": "greedy_mutation",
    "callback": "trial_lines",
}


@pytest.fixture(autouse=True)
def _installed() -> None:
    if find_spec("nascast_annex") is None and "CI" not in os.environ:
        pytest.skip("make test installs it")


@pytest.mark.parametrize(("kind", "name"), COMPONENTS.items())
def test_its_components_are_found_and_filed_under_its_name(kind: str, name: str) -> None:
    own = {name, COMPONENTS["proxy"]} if kind == "predictor" else {name}  # a proxy is one too
    assert plugins.names(kind) == sorted({*plugins.builtin_names(kind), *own})
    assert plugins.family(kind, name) == "nascast_annex"
    assert plugins.name_of(kind, plugins.resolve(kind, name)) == name


@pytest.mark.parametrize("kind", ["predictor", "proxy"])
def test_the_command_line_lists_them(kind: str) -> None:
    words = {"predictor": "predictors", "proxy": "proxies"}[kind], "--json"
    command = [sys.executable, "-m", "nascast", "list", *words]
    rows = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    families = {row["name"]: row["family"] for row in rows}
    assert families[COMPONENTS[kind]] == "nascast_annex"
    own = {COMPONENTS[kind], COMPONENTS["proxy"]}  # a proxy is a predictor, too
    assert {name for name in families if families[name] == "nascast_annex"} == own
