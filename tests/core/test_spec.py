import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnknownComponentError
from nascast.core.spec import Spec, component_of, parameters_of

EVOLUTION = "regularized_evolution"
NESTED = Spec("random", {"seed": 1})
TUPLES = {"seed": (1, (2.5, None)), "population": True}


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (EVOLUTION, {}),
        (f"{EVOLUTION}()", {}),
        (f"{EVOLUTION}(population=50, tournament=5)", {"population": 50, "tournament": 5}),
        (f" {EVOLUTION} ( tournament = 5 , seed = 1 ) ", {"seed": 1, "tournament": 5}),
        (f"{EVOLUTION}:population=50", {"population": 50}),
        (f"{EVOLUTION}:3", {"seed": 3}),
        (f"{EVOLUTION}(1,50)", {"seed": 1, "population": 50}),
        (f'{EVOLUTION}(population="50")', {"population": "50"}),
        (f"{EVOLUTION}(seed=[1,[2.5,none]],population=true)", TUPLES),
        (f"{EVOLUTION}(population=[])", {"population": ()}),
        (f"{EVOLUTION}:C:\\a folder\\models", {"seed": "C:\\a folder\\models"}),
        (f"{EVOLUTION}(seed=d:/models, population=5)", {"seed": "d:/models", "population": 5}),
        (f"{EVOLUTION}(population=random(seed=1))", {"population": NESTED}),
        (f"{EVOLUTION}(population=random:1,seed=2)", {"population": NESTED, "seed": 2}),
    ],
)  # fmt: skip
def test_texts_are_read(text: str, settings: dict[str, Any]) -> None:
    spec = Spec.parse("strategy", text)
    assert spec == Spec(EVOLUTION, settings)
    assert Spec.parse("strategy", str(spec)) == spec


def test_the_name_of_a_setting_says_the_kind_of_its_spec() -> None:
    text = "wl(depth=wl(2),columns=[3])"
    assert str(Spec.parse("encoding", text)) == "wl(columns=[3],depth=wl(depth=2))"
    with pytest.raises(UnknownComponentError, match="unknown strategy 'wl'"):
        Spec.parse("strategy", f"{EVOLUTION}(seed=wl(2))")


def test_several_are_joined_by_commas() -> None:
    found = Spec.parse_list("strategy", "random,regularized-evolution(population=5,tournament=2)")
    assert [str(spec) for spec in found] == ["random", f"{EVOLUTION}(population=5,tournament=2)"]
    with pytest.raises(InvalidSettingError, match="expected one strategy"):
        Spec.parse("strategy", "random,random")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the name of a strategy at 'the end'"),
        ("random(", "expected a value"),
        ("random(seed=1", r"expected '\)' at 'the end'"),
        ("random(seed=1))", r"expected the end at '\)'"),
        ("random(1,2)", "expected at most 1 settings of random"),
        ("random(seed=1,seed=2)", "expected seed only once"),
        ("random(colour=1)", "random has no setting 'colour'; it has seed"),
        ("random,", "expected the name of a strategy"),
        ("random(seed=[1)", "expected ']'"),
        ('random(seed="a\\q")', "expected a text in quotes"),
        (f"{EVOLUTION}(population=3,5)", "settings by place come first"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        Spec.parse_list("strategy", text)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownComponentError, match=r"'randum'.*random"):
        Spec.parse("strategy", "randum")
    with pytest.raises(InvalidSettingError, match="no setting 'depth'; it has"):
        Spec(EVOLUTION, {"depth": 1}).load("strategy")


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.builds(Spec, st.just("random"), st.fixed_dictionaries({}, optional={"seed": st.integers()})),
)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
keys = st.sampled_from(["seed", "population", "tournament"])


@given(st.dictionaries(keys, values))
def test_every_form_reads_back(settings: dict[str, Any]) -> None:
    spec = Spec(EVOLUTION, settings)
    for again in (
        Spec.parse("strategy", str(spec)),
        Spec.from_json(spec.json()),
        pickle.loads(pickle.dumps(spec)),
    ):
        assert again == spec
        assert hash(again) == hash(spec)
        assert str(again) == str(spec)


def test_the_order_of_settings_does_not_count() -> None:
    one = Spec(EVOLUTION, {"population": 5, "seed": 1})
    other = Spec(EVOLUTION, {"seed": 1, "population": 5})
    assert len({one, other}) == 1


def test_settings_are_plain() -> None:
    with pytest.raises(InvalidSettingError, match="population should be a plain value"):
        Spec(EVOLUTION, {"population": object()})  # type: ignore[dict-item]
    with pytest.raises(InvalidSettingError, match="expected an object with name and settings"):
        Spec.from_json({"name": "random"})


def test_a_component_has_the_spec_that_makes_it() -> None:
    spec = Spec("wl", {"depth": 3})
    encoding = spec.load("encoding")
    assert encoding.depth == 3
    assert Spec.of("encoding", encoding) == spec
    assert Spec.of("encoding", Spec("wl").load("encoding")) == Spec("wl")
    assert component_of("encoding", "wl:3").depth == 3
    assert component_of("encoding", spec).depth == 3
    assert component_of("encoding", encoding) is encoding
    with pytest.raises(UnknownComponentError, match="is no registered encoding"):
        Spec.of("encoding", spec)


def test_values_of_another_type_are_other_settings() -> None:
    specs = [Spec(EVOLUTION, {"population": value}) for value in (1, 1.0, True, "1")]
    assert len(set(specs)) == 4
    assert Spec(EVOLUTION, {"population": float("nan")}) == Spec(
        EVOLUTION, {"population": float("nan")}
    )


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("strategy", "guided(initial=abc)", "initial of the strategy guided is a whole number"),
        ("strategy", "guided(initial=2.5)", "is a whole number; got 2.5"),
        ("strategy", "guided(weight=nan)", "weight of the strategy guided is a number"),
        ("strategy", "ppo(clip=abc)", "clip of the strategy ppo is a number; got 'abc'"),
        ("strategy", "bayesian_optimization(members=abc)", "members"),
        ("predictor", "xgboost(max_depth=deep)", "max_depth of the predictor xgboost"),
    ],
)
def test_a_setting_of_another_kind_is_refused(kind: str, text: str, told: str) -> None:
    with pytest.raises(InvalidSettingError, match=told):
        Spec.parse(kind, text).check(kind)
    Spec.parse("strategy", "guided(weight=2)").check("strategy")  # a whole number is a number


@pytest.mark.parametrize(
    "text", ["auto(late=[gcn])", "lce(families=[mmf,loglog_linear])", "lcsvr(C=[0.1,1],draws=10)"]
)
def test_settings_that_are_lists_can_be_written(text: str) -> None:
    spec = Spec.parse("predictor", text)
    spec.check("predictor")
    assert Spec.of("predictor", spec.load("predictor")) == spec


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in plugins.KINDS for name in plugins.builtin_names(kind)],
)
def test_the_defaults_of_a_component_are_settings_that_it_takes(kind: str, name: str) -> None:
    parameters = parameters_of(plugins.resolve(kind, name)).items()
    given = {key: p.default for key, p in parameters if not callable(p.default)}
    plain = {key: value for key, value in given.items() if _is_plain(value)}
    Spec(name, plain).check(kind)


def _is_plain(value: Any) -> bool:
    try:
        return bool(str(Spec("any", {"setting": value})))
    except InvalidSettingError:
        return False


def test_a_preset_stands_for_its_settings() -> None:
    study = Spec.parse("predictor", "gcn(preset=study)")
    assert dict(study.settings) == plugins.resolve("predictor", "gcn").presets["study"]
    other = Spec.parse("predictor", "gcn(width=9,preset=study)")
    assert dict(other.settings) == {**study.settings, "width": 9}
    inner = Spec.parse("predictor", "tuned(gcn(preset=study),draws=3)")
    assert study in inner.settings.values()
    with pytest.raises(InvalidSettingError, match="gcn has no preset 'small'; it has study"):
        Spec.parse("predictor", "gcn(preset=small)")
    with pytest.raises(InvalidSettingError, match="has no preset 'study'; it has none"):
        Spec.parse("encoding", "path(preset=study)")


def test_a_setting_named_preset_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def foreign(preset: str = "small") -> None: ...

    monkeypatch.setattr(plugins, "resolve", lambda kind, name: foreign)
    spec = Spec.parse("predictor", "gcn(preset=large)")
    assert dict(spec.settings) == {"preset": "large"}
    spec.check("predictor")


@pytest.mark.parametrize(
    ("kind", "name", "preset"),
    [
        (kind, name, preset)
        for kind in ("predictor", "strategy")
        for name in plugins.builtin_names(kind)
        for preset in getattr(plugins.resolve(kind, name), "presets", {})
    ],
)
def test_every_preset_makes_a_component(kind: str, name: str, preset: str) -> None:
    Spec.parse(kind, f"{name}(preset={preset})").check(kind)
