"""The public names, and what importing them costs."""

import importlib
import json
import pkgutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import nascast
from nascast.core import plugins

HEAVY = ("torch", "ray", "sklearn", "scipy", "pandas", "xgboost", "ngboost", "pyarrow")
PUBLIC = [
    "Architecture",
    "AskTell",
    "Batch",
    "Budget",
    "ImageTask",
    "Ledger",
    "NascastError",
    "Objective",
    "Plan",
    "Result",
    "Study",
    "TextTask",
    "__version__",
    "compare",
    "load",
    "names",
    "run",
    "to_pandas",
    "view",
]


def imported(code: str) -> list[str]:
    """Which heavy packages a fresh interpreter has imported after running the code."""
    script = f"import sys, json; {code}; print(json.dumps([*sys.modules]))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return [name for name in HEAVY if name in json.loads(found.stdout.splitlines()[-1])]


def modules(package: str) -> list[str]:
    """All modules below a package, by name, without importing them."""
    root = importlib.import_module(package)
    return [name for _, name, _ in pkgutil.walk_packages(root.__path__, package + ".")]


def test_the_public_names_are_these() -> None:
    assert sorted(nascast.__all__) == sorted(PUBLIC)
    assert len(nascast.__all__) <= 20
    assert set(PUBLIC) <= set(dir(nascast))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(nascast, name)
    home = getattr(value, "__module__", "nascast")
    assert home.split(".")[0] == "nascast"
    assert getattr(value, "__name__", name) == name


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'optimizer'"):
        nascast.optimizer  # noqa: B018


def test_the_version_is_that_of_the_project() -> None:
    import tomllib

    project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
    assert nascast.__version__ == project["project"]["version"]


@pytest.mark.parametrize(
    "code",
    [
        "import nascast",
        "from nascast import Architecture, Batch, ImageTask, Ledger, Objective, TextTask, load",
        "from nascast import run, Budget, names",
        "import nascast; nascast.load('space', 'nasbench201'); nascast.names('predictor')",
        "import nascast.testing; nascast.testing.checks('space'); nascast.testing.checks('store')",
    ],
)
def test_importing_is_light(code: str) -> None:
    assert imported(code) == []


def test_describing_a_benchmark_imports_no_learners() -> None:
    found = imported("from nascast.cli.benchmark import info; info('nb201-mini', as_json=True)")
    assert found == ["pyarrow"]


def test_the_light_layers_import_neither_torch_nor_learners() -> None:
    names = [
        *modules("nascast.core"),
        *modules("nascast.encodings"),
        *modules("nascast.stores"),
        *modules("nascast.spaces"),
        *(name for name in modules("nascast.strategies") if ".controller." not in name),
        "nascast.runner",
    ]
    found = imported("; ".join(f"import {name}" for name in names))
    assert set(found) <= {"scipy", "pyarrow"}  # which every installation has


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_a_component_is_one_file_with_one_public_name(kind: str) -> None:
    for name in plugins.builtin_names(kind):
        component: Any = plugins.resolve(kind, name)
        assert callable(component), f"{kind} {name}"
        assert component.__doc__, f"{kind} {name} has no docstring"
        own = getattr(component, "name", name)
        assert not isinstance(own, str) or own == name, f"{kind} {name} calls itself {own}"


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "common", "helpers", "helper", "base", "misc"}
    for name in ("nascast", *modules("nascast")):
        assert not drawers & set(name.split("."))


def test_the_command_is_installed_under_its_name() -> None:
    (command,) = entry_points(group="console_scripts", name="nascast")
    assert command.value == "nascast.__main__:main"
