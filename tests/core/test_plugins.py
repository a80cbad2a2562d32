"""Finding components. External packages are played by folders on the path with entry points."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nascast.core import plugins
from nascast.core.errors import MissingExtraError, UnknownComponentError
from nascast.core.space import SearchSpace

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package with one module and entry points, for the length of a test."""

    def write(module: str, code: str, **points: str) -> None:
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"[nascast.{kind}]\n{point}\n" for kind, point in points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        plugins._external.cache_clear()
        plugins._every_point.cache_clear()

    monkeypatch.syspath_prepend(tmp_path)
    yield write
    plugins._external.cache_clear()
    plugins._every_point.cache_clear()
    for name in ("acme_space", "acme_other"):
        sys.modules.pop(name, None)


SPACE = """
from nascast.core.space import SearchSpace

class Acme(SearchSpace):
    name = "acme_box"
    cardinalities = (2, 3)
"""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("space", "nasbench201"),
        ("encoding", "adjacency_one_hot"),
        ("proxy", "jacov"),
        ("proxy", "synflow"),
        ("predictor", "omni"),
        ("predictor", "xgboost"),
        ("predictor", "sotl_e"),
        ("predictor", "early_stop_accuracy"),
        ("benchmark", "nb201_mini"),
        ("executor", "serial"),
        ("executor", "processes"),
    ],
)
def test_files_are_components_by_their_name(kind: str, name: str) -> None:
    assert name in plugins.names(kind)
    assert callable(plugins.resolve(kind, name))
    assert plugins.resolve(kind, name.replace("_", "-")) is plugins.resolve(kind, name)


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_names_are_sorted_and_private_files_are_no_components(kind: str) -> None:
    names = plugins.names(kind)
    assert names == sorted(names)
    assert not [name for name in names if name.startswith("_")]


def test_the_folder_of_a_component_is_its_family() -> None:
    assert plugins.family("predictor", "sotl_e") == "learning_curve"
    assert plugins.family("predictor", "xgboost") == "model_based"
    assert plugins.family("predictor", "omni") == "hybrid"
    assert plugins.family("predictor", "jacov") == "zero_cost"
    assert plugins.family("proxy", "jacov") == ""
    assert plugins.family("space", "nasbench201") == ""
    assert plugins.family("predictor", "no_such_predictor") == ""


def test_the_family_is_the_same_however_the_name_is_written() -> None:
    assert plugins.family("predictor", "sotl-e") == "learning_curve"


def test_settings_are_passed_on() -> None:
    assert plugins.load("proxy", "jacov", seed=3).seed == 3
    assert plugins.load("proxy", "jacov", 4).seed == 4


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownComponentError, match=r"unknown proxy 'jakov'; .*jacov, .*synflow"):
        plugins.resolve("proxy", "jakov")
    with pytest.raises(UnknownComponentError, match="unknown proxy"):
        plugins.load("proxy", "")
    for name in (3, None, ["jacov"]):
        with pytest.raises(TypeError, match="the name of a proxy is text; got "):
            plugins.load("proxy", name)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["passes", "_passes", "__init__", "../proxies/jacov", "jacov.py"])
def test_what_is_not_a_component_cannot_be_loaded(name: str) -> None:
    with pytest.raises(UnknownComponentError):
        plugins.resolve("proxy", name)


@pytest.mark.parametrize("call", [plugins.names, lambda kind: plugins.resolve(kind, "jacov")])
def test_an_unknown_kind_lists_the_known_ones(call: Callable[[str], object]) -> None:
    with pytest.raises(UnknownComponentError, match=r"unknown kind 'proxies'; known are space, "):
        call("proxies")


def test_an_external_component_is_one_among_the_others(install: Install) -> None:
    before = plugins.names("space")
    install("acme_space", SPACE, space="acme_box = acme_space:Acme")
    names = plugins.names("space")
    assert names[0] == "acme_box"
    assert "nasbench201" in names
    space = plugins.load("space", "acme_box")
    assert isinstance(space, SearchSpace)
    assert space.cardinalities == (2, 3)
    assert (
        plugins.family("space", "acme_box") == plugins.family("space", "acme-box") == "acme_space"
    )
    assert {"acme_box"} == set(names) - set(before)
    assert {"acme_box"}.isdisjoint(plugins.builtin_names("space"))


def test_an_external_name_may_be_written_with_dashes(install: Install) -> None:
    install("acme_space", SPACE, space="acme_box = acme_space:Acme")
    assert plugins.resolve("space", "acme-box").__name__ == "Acme"


def test_listing_imports_no_component(install: Install) -> None:
    install("acme_space", "raise RuntimeError('imported')", space="acme_box = acme_space:Acme")
    assert "acme_box" in plugins.names("space")
    with pytest.raises(UnknownComponentError, match="RuntimeError: imported"):
        plugins.resolve("space", "acme_box")


def test_an_external_name_that_is_taken_is_refused(install: Install) -> None:
    install("acme_space", SPACE, space="nasbench201 = acme_space:Acme")
    with pytest.raises(UnknownComponentError, match=r"'nasbench201' of acme_space:Acme.*rename"):
        plugins.names("space")
    with pytest.raises(UnknownComponentError, match="rename the entry point"):
        plugins.load("space", "nasbench201")


def test_two_external_components_of_one_name_are_an_error(install: Install) -> None:
    install("acme_space", SPACE, space="acme_box = acme_space:Acme")
    install("acme_other", SPACE, space="acme_box = acme_other:Acme")
    with pytest.raises(UnknownComponentError, match=r"two space .*: acme_.*rename an entry"):
        plugins.names("space")


def test_an_external_proxy_and_predictor_of_one_name_are_an_error(install: Install) -> None:
    code = "class Acme: pass"
    install("acme_space", code, proxy="acme_score = acme_space:Acme")
    install("acme_other", code, predictor="acme_score = acme_other:Acme")
    assert plugins.names("proxy").count("acme_score") == 1
    with pytest.raises(UnknownComponentError, match=r"two predictor .*called 'acme_score'"):
        plugins.names("predictor")


def test_a_missing_optional_package_names_the_install_command(install: Install) -> None:
    code = "import no_such_package.part"
    install("acme_space", code, space="acme_box = acme_space:Acme")
    with pytest.raises(MissingExtraError, match=r'no_such_package.*pip install "nascast\[no_such'):
        plugins.load("space", "acme_box")


@pytest.mark.parametrize(("value", "kind"), [("acme_space", "module"), ("acme_space:x", "int")])
def test_an_entry_point_that_names_no_class_says_what_it_should(
    install: Install, value: str, kind: str
) -> None:
    install("acme_space", "x = 3", space=f"acme_box = {value}")
    with pytest.raises(
        UnknownComponentError, match=rf"as in acme_space:Name; got {value}, a {kind}"
    ):
        plugins.load("space", "acme_box")


@pytest.mark.parametrize("package", ["xgboost", "ngboost"])
def test_the_extra_of_a_package_may_have_another_name(
    package: str, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # importing it raises ModuleNotFoundError
    with pytest.raises(MissingExtraError, match=rf'{package}.*pip install "nascast\[boost\]"'):
        plugins.load("predictor", package)


def test_a_missing_package_is_noticed_at_use_and_not_at_import(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    space = plugins.load("space", "nasbench201")
    assert space.size() == 15_625
    assert plugins.load("proxy", "jacov").name == "jacov"


def test_a_mistake_of_our_own_is_not_a_missing_extra(install: Install) -> None:
    code = "import nascast.no_such_module"
    install("acme_space", code, space="acme_box = acme_space:Acme")
    with pytest.raises(UnknownComponentError, match="no_such_module") as caught:
        plugins.resolve("space", "acme_box")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_listing_everything_imports_no_heavy_package() -> None:
    code = (
        "import sys; from nascast.core import plugins; "
        "[plugins.names(kind) for kind in plugins.KINDS]; "
        "print([m for m in ('torch', 'sklearn', 'scipy', 'xgboost', 'ngboost', 'pyarrow')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_proxy_is_a_predictor_as_it_stands() -> None:
    assert set(plugins.names("proxy")) < set(plugins.names("predictor"))
    assert plugins.resolve("predictor", "jacov") is plugins.resolve("proxy", "jacov")
    assert plugins.name_of("predictor", plugins.resolve("proxy", "jacov")) == "jacov"


def test_an_external_proxy_is_a_predictor_too(install: Install) -> None:
    install("acme_proxies", "class Acme: pass", proxy="acme_score = acme_proxies:Acme")
    assert plugins.resolve("predictor", "acme_score").__name__ == "Acme"
    assert plugins.family("predictor", "acme_score") == "acme_proxies"


def test_two_built_in_components_of_one_name_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("kinds/__init__.py", "kinds/same.py", "kinds/hybrid/__init__.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text('__all__ = ["same"]\n' if "same" in path else "")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(plugins.KINDS, "twin", "kinds")
    assert plugins.names("twin") == ["same"]
    (tmp_path / "kinds/hybrid/same.py").write_text('__all__ = ["same"]\n')
    monkeypatch.setitem(plugins.KINDS, "twins", "kinds")  # another kind, since listings are kept
    with pytest.raises(UnknownComponentError, match=r"two twins components are called 'same': "):
        plugins.names("twins")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("from nascast.core.space import NoSuchName", "ImportError: cannot import name"),
        ("def broken(:", "SyntaxError"),
        ("Other = 3", "AttributeError"),
        ("raise RuntimeError('made for another version')", "made for another version"),
    ],
)
def test_an_external_component_that_cannot_be_loaded_is_named(
    install: Install, code: str, what: str
) -> None:
    install("acme_other", code, strategy="acme_walk = acme_other:Walk")
    assert "acme_walk" in plugins.names("strategy")
    told = f"'acme_walk' of the package acme_other cannot be loaded.*{what}"
    with pytest.raises(UnknownComponentError, match=told):
        plugins.resolve("strategy", "acme_walk")
