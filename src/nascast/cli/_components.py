"""What ``nascast list`` says of components: it is what their docstrings say."""

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nascast
from nascast.core import plugins
from nascast.core.errors import NascastError

__all__ = ["facts_of", "lines_of", "summary_of"]

_SECTION = re.compile(r"^(\w+):\n((?:(?: {4}.*)?\n)*)", re.MULTILINE)  # Google's: a title, a block
_LEFT_OUT = ("Args", "Attributes", "Raises", "Returns")
_ENTRY = re.compile(r"(\w+): (.*)")


def summary_of(kind: str, name: str) -> str:
    """Returns the first line of the docstring of one of nascast's own components; else nothing.

    It is read from the source, so that a listing imports none.
    """
    module = plugins.module(kind, name)
    return "" if module is None else _docstring(module, None).partition("\n")[0]


def _docstring(module: str, name: str | None) -> str:
    """Returns the docstring of a name in the source of a module; None is its one public name."""
    path = Path(nascast.__file__).parent.joinpath(*module.split(".")[1:])
    file = path.with_suffix(".py")
    tree = ast.parse((file if file.is_file() else path / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        if (
            name is None
            and isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "__all__"
        ):
            (name,) = ast.literal_eval(node.value)
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return _docstring(node.module or "", name)
    return ""


def facts_of(kind: str, name: str) -> dict[str, Any]:
    """Returns what a component is, its settings and its presets, as JSON values.

    Raises:
        NascastError: there is no such component, or it cannot be imported.
    """
    from nascast.core.spec import Spec, parameters_of

    component = plugins.resolve(kind, name)
    told, ranges = _words(component), getattr(component, "ranges", {})
    settings = []
    for setting, parameter in parameters_of(component).items():
        if callable(parameter.default):  # a clock, which is there for tests
            continue
        needed = parameter.default is inspect.Parameter.empty
        settings.append(
            {
                "name": setting,
                "default": None if needed else _written(parameter.default),
                "about": told.get(setting, ""),
                "tuned": _range(ranges[setting]) if setting in ranges else None,
            }
        )
    presets: Mapping[str, Mapping[str, Any]] = getattr(component, "presets", {})
    return {
        "name": name,
        "family": plugins.family(kind, name),
        "source": _source(component, name),
        "about": _about(component),
        "settings": settings,
        "presets": {preset: str(Spec(name, given)) for preset, given in presets.items()},
    }


def lines_of(facts: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Returns the same for people: paragraphs, and how far they are indented."""
    family = f"  {facts['family'].replace('_', ' ')}" if facts["family"] else ""
    paragraphs = [facts["source"], *re.split(r"\n\n+", facts["about"])]
    lines = [(0, f"{facts['name']}{family}"), *((2, _flowing(p)) for p in paragraphs if p)]
    lines.append((0, "settings" if facts["settings"] else "no settings"))
    for setting in facts["settings"]:
        given = "" if setting["default"] is None else f" = {setting['default']}"
        tuned = f" Tuned: {setting['tuned']}." if setting["tuned"] else ""
        lines += [(2, f"{setting['name']}{given}"), (6, _flowing(f"{setting['about']}{tuned}"))]
    if facts["presets"]:
        lines.append((0, "presets"))
        lines += [(2, f"{preset}: {spec}") for preset, spec in facts["presets"].items()]
    return lines


def _about(component: Any) -> str:
    """Returns a docstring without the sections on settings and errors."""

    def kept(section: re.Match[str]) -> str:
        return "" if section[1] in _LEFT_OUT else section[0]

    return _SECTION.sub(kept, inspect.cleandoc(component.__doc__ or "") + "\n").strip()


def _flowing(paragraph: str) -> str:
    """Returns a paragraph that breaks before the items of a list alone, without code marks."""
    return re.sub(r"\n\s*(?!\s*- )", " ", paragraph).replace("``", "`")


def _source(component: Any, name: str) -> str:
    """Returns the first paragraph of the component's module, which has the paper."""
    module = component.__module__
    package = module.rpartition(".")[0]
    own = package if package.rpartition(".")[2] == name else module
    return inspect.cleandoc(sys.modules[own].__doc__ or "").partition("\n\n")[0]


def _words(component: Any) -> dict[str, str]:
    """Returns what docstrings say of settings, of a class also those of what it derives from."""
    texts = [component.__doc__]
    for one in component.__mro__ if isinstance(component, type) else ():
        made = one.__dict__.get("__init__")
        texts += [made.__doc__ if made is not None else None, one.__dict__.get("__doc__")]
    found: dict[str, str] = {}
    for text in texts:
        for title, block in _SECTION.findall(inspect.cleandoc(text or "") + "\n"):
            if title in ("Args", "Attributes"):
                found = _entries(block) | found
    return found


def _entries(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(block).splitlines():
        if entry := _ENTRY.match(line):
            name, found[entry[1]] = entry[1], entry[2]
        elif name:
            found[name] += f" {line.strip()}"
    return found


def _written(value: Any) -> str:
    """Returns a default as a spec has it; one that is no plain value as Python has it."""
    from nascast.core.spec import Spec

    try:
        return str(Spec("x", {"y": value}))[4:-1]
    except NascastError:
        return repr(value)


def _range(found: Any) -> str:
    values = getattr(found, "values", None)
    if values is not None:
        return ", ".join(map(_written, values))
    return f"{found.low:g} to {found.high:g}"
