"""What a search is made of."""

from dataclasses import replace

import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnknownComponentError
from nascast.core.setup import Setup
from nascast.core.spec import Spec
from nascast.core.types import Objective
from nascast.studies.limits import Limits
from nascast.studies.searches.design import Search, labels, preset, run_name, strategy_of

MINI = Search(
    space="nasbench201",
    strategies=("random", "regularized_evolution(population=7)"),
    benchmark="nb201-mini",
    evaluations=12,
    seeds=(0, 1),
)
EVOLUTION = Spec("regularized_evolution", {"population": 7})


def test_strategies_are_specs_or_their_texts() -> None:
    assert MINI.specs == MINI.strategies == (Spec("random"), EVOLUTION)
    assert replace(MINI, strategies=(Spec("random"), EVOLUTION)) == MINI
    assert MINI.jobs() == [(spec, seed) for spec in MINI.specs for seed in (0, 1)]


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        ((), "at least one strategy"),
        (("random", "random()"), "settings only once; got random, random"),
        (("random(seed=3)",), r"random\(seed=3\): every run .* own seed"),
        (("random(colour=1)",), "no setting 'colour'"),
    ],
)
def test_strategies_that_cannot_be(strategies: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        replace(MINI, strategies=strategies)
    with pytest.raises(UnknownComponentError, match="unknown strategy 'best'"):
        replace(MINI, strategies=(Spec("best"),))


def test_a_search_needs_one_source_of_evidence() -> None:
    with pytest.raises(InvalidSettingError, match="either a benchmark or data"):
        replace(MINI, benchmark=None)
    with pytest.raises(InvalidSettingError, match="either a benchmark or data"):
        replace(MINI, training={})


def test_budgets_and_workers_are_no_part_of_the_setup() -> None:
    objectives = (Objective("val_accuracy"),)
    assert MINI.setup() == Setup("nasbench201", objectives, {"benchmark": "nb201_mini"})
    assert replace(MINI, evaluations=99, workers=4, seeds=(7,)).setup() == MINI.setup()
    limited = replace(MINI, limits=Limits(multiply_adds=1_000_000)).setup()
    assert limited.limits == "multiply adds ≤ 1,000,000"


def test_settings_reach_the_strategy_and_unknown_ones_are_refused() -> None:
    space = plugins.load("space", "nasbench201")
    strategy = strategy_of(MINI, EVOLUTION, space, 5)
    assert (vars(strategy)["population"], strategy.seed) == (7, 5)
    with pytest.raises(InvalidSettingError, match=r"no setting 'colour'; it has .*population"):
        strategy_of(MINI, Spec("regularized_evolution", {"colour": 1}), space, 0)


def test_the_epochs_of_a_full_training_are_the_most_unless_told() -> None:
    space, search = plugins.load("space", "nasbench201"), replace(MINI, full_epochs=12)
    assert vars(strategy_of(search, Spec("asha"), space, 0))["levels"][-1] == 12
    told = Spec("asha", {"max_epochs": 4})
    assert vars(strategy_of(search, told, space, 0))["levels"][-1] == 4


def test_a_preset_leaves_what_was_said() -> None:
    small = preset(Spec("ppo", {"minibatch": 3}), "small").settings
    assert (small["minibatch"], small["learning_rate"]) == (3, 0.003)
    for spec, name in ((Spec("ppo"), "paper"), (Spec("random"), "small")):
        assert preset(spec, name) == spec


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "ppo-3"),
        ({"clip": 0.1, "repeats": False}, "ppo-clip=0.1,repeats=false-3"),
        ({"clip": 1e-05}, "ppo-clip=1e-05-3"),
    ],
)
def test_names_of_runs_show_the_settings(settings: dict[str, float], name: str) -> None:
    assert run_name(Spec("ppo", settings), 3) == name


def test_names_of_runs_are_names_of_files_and_differ() -> None:
    specs = [
        Spec("ppo", {"path": "a/b"}),
        Spec("ppo", {"path": "a b"}),
        Spec("ppo", {"rates": (1.0, 2.0)}),
        *(Spec("ppo", {f"rate{k}": 0.123456789 for k in range(n)}) for n in (8, 9)),
    ]
    names = [run_name(spec, 0) for spec in specs]
    assert len(set(names)) == len(names)
    assert all(len(name) < 80 and not set(name) & set('/\\:*?"<>| ') for name in names)


def test_labels_show_what_differs() -> None:
    specs = [Spec("ppo", {"clip": 0.1, "rate": rate}) for rate in (1, 2)]
    found = labels([*specs, Spec("ppo", {"clip": 0.1}), EVOLUTION, EVOLUTION])
    assert list(found.values()) == ["ppo(rate=1)", "ppo(rate=2)", "ppo", "regularized_evolution"]
    none = [Spec("ppo", {"rate": None}), Spec("ppo")]
    assert list(labels(none).values()) == ["ppo(rate=none)", "ppo"]


def test_fidelities_go_to_who_chooses_epochs_and_to_others_within_a_time() -> None:
    space, search = plugins.load("space", "nasbench201"), replace(MINI, fidelities=(12, 200))
    timed = replace(search, evaluations=None, seconds=60.0)
    made = [
        strategy_of(given, Spec(name), space, 0).fidelities  # type: ignore[attr-defined]
        for name in ("mf_nas", "guided")
        for given in (search, timed)
    ]
    assert made == [(12, 200), (12, 200), None, (12, 200)]
