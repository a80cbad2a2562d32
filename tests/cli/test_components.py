"""Components are described by their docstrings."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from nascast.cli._components import facts_of, lines_of, summary_of
from nascast.core import plugins
from nascast.core.spec import Spec

Cli = Callable[..., tuple[int, str, str]]
OWN = [
    (kind, name)
    for kind in plugins.KINDS
    if kind != "benchmark"
    for name in plugins.builtin_names(kind)
]


@pytest.mark.parametrize(("kind", "name"), OWN)
def test_every_setting_of_a_component_has_words(kind: str, name: str) -> None:
    facts = facts_of(kind, name)
    assert summary_of(kind, name).endswith(".")
    assert facts["source"]
    assert facts["about"].startswith(summary_of(kind, name))
    for setting in facts["settings"]:
        assert setting["about"].endswith("."), setting["name"]
    for spec in facts["presets"].values():
        Spec.parse(kind, spec).check(kind)


def test_a_description_has_defaults_presets_and_ranges() -> None:
    facts = facts_of("predictor", "gcn")
    assert "https://arxiv.org/abs/1912.00848" in facts["source"]
    (width,) = [setting for setting in facts["settings"] if setting["name"] == "width"]
    assert width == {
        **{"name": "width", "default": "64", "tuned": "16 to 200"},
        "about": "number of units of a vertex.",
    }
    assert facts["presets"]["study"].startswith("gcn(batch_size=7,")
    text = [line for _, line in lines_of(facts)]
    assert "width = 64" in text
    assert not any("Args:" in line or "``" in line for line in text)


def test_inherited_settings_are_described() -> None:
    settings = {item["name"]: item for item in facts_of("strategy", "ppo")["settings"]}
    assert settings["learning_rate"]["about"] == "learning rate of Adam."
    assert "space" not in settings  # what it is made for
    assert "clock" not in {item["name"] for item in facts_of("executor", "serial")["settings"]}


def test_list_describes_one_component(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = cli("list", "strategies", "regularized_evolution")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 60
    assert "population = 30" in out
    assert "  Deviations:" in out
    found: dict[str, Any] = json.loads(cli("list", "strategies", "ppo", "--json")[1])
    assert found == facts_of("strategy", "ppo")


def test_list_says_what_it_cannot_describe(cli: Cli) -> None:
    code, _, err = cli("list", "predictors", "xgbost")
    assert code == 2
    assert "xgboost" in err
    code, _, err = cli("list", "benchmarks", "nb201_mini")
    assert code == 2
    assert "nascast benchmark info nb201_mini" in err


def test_components_of_other_packages_are_not_imported_for_a_listing() -> None:
    assert summary_of("predictor", "of_another_package") == ""
