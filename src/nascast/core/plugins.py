"""Components by name: a component is one module or package, whose name is the registered name.

External packages add components by entry points in the group ``nascast.<kind>``. Listing reads
file names and package metadata and imports nothing.
"""

import importlib
import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any

from nascast.core.errors import MissingExtraError, UnknownComponentError

__all__ = [
    "KINDS",
    "builtin_names",
    "family",
    "load",
    "module",
    "name_of",
    "names",
    "points",
    "registered",
    "resolve",
]

KINDS = {
    "space": "nascast.spaces",
    "encoding": "nascast.encodings",
    "proxy": "nascast.proxies",
    "predictor": "nascast.predictors",
    "strategy": "nascast.strategies",
    "benchmark": "nascast.benchmarks",
    "executor": "nascast.executors",
    "store": "nascast.stores",
    "callback": "nascast.callbacks",
}
_FAMILIES = ("model_based", "learning_curve", "hybrid", "weight_sharing", "zero_cost")
# What importing a broken module raises: all that Python's own exceptions derive from, but no exits.
_BROKEN = (
    *(ImportError, AttributeError, SyntaxError, NameError, TypeError, ValueError, LookupError),
    *(OSError, RuntimeError, ArithmeticError, AssertionError),
)
_PUBLIC = re.compile(r"^__all__ = \[([^\]]*)\]", re.MULTILINE)
# Which extra brings a package of another name.
_EXTRAS = {"xgboost": "boost", "ngboost": "boost", "gpytorch": "bayes", "emcee": "bayes"}


@cache
def _builtin(kind: str) -> dict[str, str]:
    """Returns names and modules: those at the top of the kind's folder and of its families.

    A component is a module, or package, whose ``__all__`` has one entry: others hold what several
    components share. One whose name begins with an underscore is private to the folder, and one
    inside a package belongs to that package.
    """
    if kind not in KINDS:
        raise UnknownComponentError(f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    spec = importlib.util.find_spec(KINDS[kind])
    assert spec is not None
    assert spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    found: dict[str, str] = {}
    for family in ("", *_FAMILIES):
        for path in sorted((root / family).glob("*")):
            name, file = path.stem, path if path.suffix == ".py" else path / "__init__.py"
            if name.startswith("_") or not file.is_file() or not _has_one(file):
                continue
            dotted = ".".join(filter(None, [KINDS[kind], family, name]))
            if name in found:
                raise UnknownComponentError(
                    f"two {kind} components are called {name!r}: {found[name]} and {dotted}; "
                    "rename one"
                )
            found[name] = dotted
    if kind == "predictor":  # a proxy is a predictor as it stands
        found |= _merged(_builtin("proxy"), found)
    return found


def _has_one(file: Path) -> bool:
    """Returns whether ``__all__`` of a module has one entry; the module is not imported."""
    found = _PUBLIC.search(file.read_text(encoding="utf-8"))
    return found is not None and len(re.findall(r"\w+", found[1])) == 1


def _merged(proxies: dict[str, str], predictors: dict[str, str]) -> dict[str, str]:
    for name in proxies.keys() & predictors.keys():
        raise UnknownComponentError(
            f"a proxy is a predictor, and two are called {name!r}: {proxies[name]} and "
            f"{predictors[name]}; rename one"
        )
    return proxies


def points(group: str) -> EntryPoints:
    """Returns the entry points of a group in all installed packages."""
    found: EntryPoints = _every_point().select(group=group)
    return found


@cache
def _every_point() -> Any:  # EntryPoints from Python 3.12 on
    return entry_points()  # reads the metadata of every package


@cache
def _external(kind: str) -> dict[str, EntryPoint]:
    groups = [f"nascast.{kind}", *(["nascast.proxy"] if kind == "predictor" else [])]
    found: dict[str, EntryPoint] = {}
    for point in (point for group in groups for point in points(group)):
        if found.setdefault(point.name, point).value != point.value:
            raise UnknownComponentError(
                f"two {kind} components are called {point.name!r}: {found[point.name].value} and "
                f"{point.value}; rename an entry point"
            )
    for name in found.keys() & _builtin(kind).keys():
        raise UnknownComponentError(
            f"the {kind} {name!r} of {found[name].value} has the name of a built-in one; "
            "rename the entry point"
        )
    return found


def names(kind: str) -> list[str]:
    """Returns the names of all components of a kind, sorted, without importing any."""
    return sorted(_builtin(kind).keys() | _external(kind).keys())


def builtin_names(kind: str) -> list[str]:
    """Returns the names of nascast's own components of a kind, sorted."""
    return sorted(_builtin(kind))


def module(kind: str, name: str) -> str | None:
    """Returns the module of one of nascast's own components, which is not imported; else None."""
    return _builtin(kind).get(name)


def family(kind: str, name: str) -> str:
    """Returns the family under which a component is listed among those of its kind.

    For a built-in predictor it is the folder, for a proxy ``zero_cost``, for a built-in component
    of another kind empty, and for a component of another package the name of that package.
    """
    own = registered(kind, name)
    if own in _external(kind):
        return _external(kind)[own].value.partition(":")[0].partition(".")[0]
    module = _builtin(kind).get(own, "")
    if kind == "predictor" and module.startswith(KINDS["proxy"]):
        return "zero_cost"
    return ".".join(module.split(".")[2:-1])


def name_of(kind: str, component: Any) -> str:
    """Returns the name under which a class, or function, is registered.

    Raises:
        UnknownComponentError: it is not registered.
    """
    module = component.__module__
    for name, home in _builtin(kind).items():
        if module == home or module.startswith(home + "."):
            return name
    for name, point in _external(kind).items():
        if point.load() is component:
            return name
    raise UnknownComponentError(
        f"{module}.{component.__qualname__} is no registered {kind}; an entry point in the group "
        f"nascast.{kind} makes it one"
    )


def registered(kind: str, name: str) -> str:
    """Returns a name in its registered form: ``nb201-mini`` is the file ``nb201_mini``."""
    return name if name in _external(kind) else name.replace("-", "_")


@contextmanager
def _extras(kind: str, name: str) -> Iterator[None]:
    """Turns the missing import of an optional package into an error with the install command."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in ("", "nascast"):
            raise
        extra = _EXTRAS.get(package, package)
        raise MissingExtraError(
            f"the {kind} {name!r} needs the package {package}, which is not installed; "
            f'install it with: pip install "nascast[{extra}]"'
        ) from error


def _loaded(kind: str, point: EntryPoint) -> Any:
    """Returns what an entry point is about; what importing a foreign module raises is explained."""
    try:
        found = point.load()
    except _BROKEN as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        own = ("nascast", point.value.partition(":")[0].partition(".")[0])
        if missing is not None and missing.partition(".")[0] not in own:
            raise  # an optional package
        package = point.dist.name if point.dist else point.value.partition(".")[0]
        raise UnknownComponentError(
            f"the {kind} {point.name!r} of the package {package} cannot be loaded from "
            f"{point.value}: {type(error).__name__}: {error}; repair or remove that package"
        ) from error
    if not callable(found):
        raise UnknownComponentError(
            f"the entry point {point.name!r} of the {kind} should name a class or function, as in "
            f"{point.module}:Name; got {point.value}, a {type(found).__name__}"
        )
    return found


def resolve(kind: str, name: str) -> Any:
    """Returns the class, or function, of that name; ``-`` and ``_`` are the same.

    Raises:
        UnknownComponentError: no component has the name; the message lists the known ones. Or it is
            of another package, and cannot be imported.
        MissingExtraError: an optional dependency of the component is not installed.
        TypeError: the name is no text.
    """
    builtin, external = _builtin(kind), _external(kind)
    if not isinstance(name, str):
        raise TypeError(f"the name of a {kind} is text; got {name!r}")
    own = registered(kind, name)
    with _extras(kind, name):
        if own in external:
            return _loaded(kind, external[own])
        if own in builtin:
            module = importlib.import_module(builtin[own])
            (public,) = module.__all__
            return getattr(module, public)
    raise UnknownComponentError(
        f"unknown {kind} {name!r}; known are {', '.join(names(kind)) or 'none'}"
    )


def load(kind: str, name: str, *args: Any, **settings: Any) -> Any:
    """Returns a new component of that name, built with the given arguments.

    Raises:
        UnknownComponentError: no component has the name; the message lists the known ones.
        MissingExtraError: an optional dependency of the component is not installed.
    """
    component = resolve(kind, name)
    with _extras(kind, name):
        return component(*args, **settings)
