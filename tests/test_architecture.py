"""What the layout of the code promises, read from the source; nothing of it is imported.

``python -m pytest -rP tests/test_architecture.py`` prints what was counted.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
LONGEST_FILE, LONGEST_FUNCTION = 400, 40  # lines; of a function those of its body
# What was longer when these tests were written: it may shrink, and nothing may be added.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}
# What core imports inside functions, or for type checkers only.
LAZY_IN_CORE = {
    ("nascast.core.acquisition", "scipy.special.ndtr"),
    ("nascast.core.ledger", "nascast.proxies.passes.Passes"),
    ("nascast.core.ledger", "torch.nn"),
    ("nascast.core.predictor", "nascast.proxies.passes.Passes"),
    ("nascast.core.restricted", "torch.nn"),
    ("nascast.core.space", "torch.nn"),
    ("nascast.core.threads", "threadpoolctl.ThreadpoolController"),
}


@dataclass(frozen=True)
class Import:
    """One name that a module imports.

    Attributes:
        by: the module, dotted.
        folder: the package whose file it stands in.
        name: dotted, with the module it comes from.
        line: where.
        lazy: in a function, or for type checkers only.
    """

    by: str
    folder: str
    name: str
    line: int
    lazy: bool


@cache
def trees() -> dict[str, tuple[Path, ast.Module]]:
    """All modules by their dotted name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        dotted = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[dotted.removesuffix(".__init__")] = path, ast.parse(path.read_text())
    return found


@cache
def imports() -> list[Import]:
    """All imports of all modules."""
    return [found for name in trees() for found in imports_of(name)]


def imports_of(module: str) -> Iterator[Import]:
    """The imports of a module, and its uses of private names of modules that it imports."""
    path, tree = trees()[module]
    folder = ".".join(path.parent.relative_to(SOURCE).parts)
    modules: dict[str, str] = {}  # those the module imports, by the name they have in it
    for node, lazy in walk(tree, False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, folder, alias.name, node.lineno, lazy)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                modules |= {alias.asname or alias.name: name} if name in trees() else {}
                yield Import(module, folder, name, node.lineno, lazy)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            owner = modules.get(ast.unparse(node.value))  # `scores._read` is as good as an import
            if owner:
                yield Import(module, folder, f"{owner}.{node.attr}", node.lineno, lazy)


def walk(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, and whether they are not reached when the module is imported."""
    yield node, lazy
    checked = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or checked:
        lazy = True
    for child in ast.iter_child_nodes(node):
        yield from walk(child, lazy)


def module_of(name: str) -> str:
    """The module that an imported name is, or comes from."""
    return name if name in trees() else name.rpartition(".")[0]


def private_to(name: str) -> str | None:
    """The folder outside of which nobody imports a name, or None where everybody may."""
    parts = name.split(".")
    for i, part in enumerate(parts):
        if part.startswith("_") and not part.startswith("__"):
            owner = ".".join(parts[:i])
            is_folder = owner in trees() and trees()[owner][0].name == "__init__.py"
            return owner if is_folder else owner.rpartition(".")[0]
    return None


def test_what_is_private_to_a_folder_is_imported_from_nowhere_else() -> None:
    own = [found for found in imports() if found.name.split(".")[0] == "nascast"]
    foreign = [
        f"{found.by}:{found.line} imports {found.name}"
        for found in own
        if (owner := private_to(found.name)) and not f"{found.folder}.".startswith(f"{owner}.")
    ]
    print(f"{len(foreign)} imports of another folder's underscore, of {len(own)} looked at")
    assert len(own) > 1000
    assert foreign == []


def test_modules_import_each_other_in_no_circle() -> None:
    """Also inside functions and under TYPE_CHECKING."""
    graph: dict[str, set[str]] = {name: set() for name in trees()}
    for found in imports():
        target = module_of(found.name)
        if target in graph and target != found.by:
            graph[found.by].add(target)
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"a circle: {' – '.join(error.args[1])}") from error
    print(f"0 circles among {len(order)} modules")


def test_core_needs_numpy_alone() -> None:
    """And nothing of another layer: every file of core is a noun, and of no other folder."""
    light = {*sys.stdlib_module_names, "numpy"}
    found = [i for i in imports() if i.folder == "nascast.core"]
    outside = [
        i
        for i in found
        if i.name.split(".")[0] not in light and not i.name.startswith("nascast.core.")
    ]
    print(f"core: {len(found)} imports, {len(outside)} of them lazy and of something else")
    assert [f"{i.by}:{i.line} imports {i.name}" for i in outside if not i.lazy] == []
    assert {(i.by, i.name) for i in outside} == LAZY_IN_CORE


def test_files_are_short() -> None:
    lengths = {
        path.relative_to(SOURCE / "nascast").as_posix(): len(path.read_text().splitlines())
        for path, _ in trees().values()
    }
    longest = sorted(lengths.values())[-3:]
    print(f"{len(lengths)} files, the longest of {', '.join(map(str, longest))} lines")
    check_sizes(lengths, LONGEST_FILE, LONG_FILES)


def test_functions_are_short() -> None:
    lengths = {
        f"{name.removeprefix('nascast.')}.{function}": length
        for name, (_, tree) in trees().items()
        for function, length in functions(tree, "")
    }
    ordered = sorted(lengths.values())
    print(f"{len(ordered)} functions, median {ordered[len(ordered) // 2]} lines")
    check_sizes(lengths, LONGEST_FUNCTION, LONG_FUNCTIONS)


def functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    """All functions by their qualified name, and the lines of their bodies, docstrings left out."""
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{child.name}."
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name.removesuffix("."), lines_of(child)
        yield from functions(child, name)


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def check_sizes(lengths: dict[str, int], most: int, allowed: dict[str, int]) -> None:
    """Nothing is longer than `most`, but for what is allowed, which is not longer than before."""
    longer = {name: length for name, length in lengths.items() if length > most}
    grown = {name: n for name, n in longer.items() if n > allowed.get(name, most)}
    assert grown == {}, f"over {most} lines: divide them; got {grown}"
    done = sorted(allowed.keys() - longer.keys())
    assert done == [], f"no longer over {most} lines: take them from the list; {done}"
