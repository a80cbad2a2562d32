"""The code in the documentation and the examples runs."""

import ast
import json
import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from nascast.core import plugins
from nascast.core.spec import Spec
from nascast.report.words import duration
from nascast.studies.recommend import Measured, overview, shipped

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_of_a_page_runs_from_top_to_bottom(page: Path) -> None:
    blocks = BLOCK.findall(page.read_text())
    names: dict[str, object] = {"__name__": page.stem}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize(
    "link",
    sorted(
        {
            (page.name, target)
            for page in PAGES
            for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
        }
    ),
    ids=str,
)
def test_links_lead_somewhere(link: tuple[str, str]) -> None:
    page, target = link
    folder = ROOT if page == "README.md" else ROOT / "docs"
    assert (folder / target).exists()


def test_the_catalogue_lists_every_predictor_once() -> None:
    page = (ROOT / "docs" / "predictors.md").read_text()
    table = page.partition("## The catalogue")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(listed) == plugins.builtin_names("predictor")
    for name, family in re.findall(r"^\| `(\w+)` \| ([\w -]+) \|", table, re.MULTILINE):
        own = plugins.family("predictor", name) or "made of others"
        assert family.replace(" ", "_").replace("-", "_") == own.replace(" ", "_"), name


def test_the_catalogue_has_the_figures_of_the_table_below_it() -> None:
    page = (ROOT / "docs" / "predictors.md").read_text()
    catalogue, _, below = page.partition("\n| labels of | CIFAR-10, 100 |")
    figures = r"(\S+ ± \S+) \| (\S+ ± \S+) \|"
    found = re.findall(rf"^\| `(\w+)` \| model-based \|.*\| {figures}", catalogue, re.MULTILINE)
    table = below.partition("\n\n")[0]
    assert sorted(found) == sorted(re.findall(rf"^\| (\w+) \| {figures}", table, re.MULTILINE))
    names = {name for name, _, _ in found}
    predictors = plugins.builtin_names("predictor")
    assert names == {n for n in predictors if plugins.family("predictor", n) == "model_based"}


def test_the_overview_is_that_of_the_study_in_the_package() -> None:
    page = (ROOT / "docs" / "studies.md").read_text()
    for one in overview(shipped()):
        lines = [[one.benchmark, *map(duration, one.query)], ["---"] * (len(one.query) + 1)]
        lines += [[duration(t), *map(named, r)] for t, r in zip(one.init, one.best, strict=True)]
        table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        assert f"\n\n{table}\n" in page, f"docs/studies.md should have\n{table}"


def named(best: Measured | None) -> str:
    if best is None:
        return "–"
    star = "\\*" * best.reads_target
    return f"`{Spec.parse('predictor', best.predictor).name}` {best.kendall:.3f}{star}"


def test_the_reference_is_made_from_docstrings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pdoc", "-d", "google", "-o", str(tmp_path), "nascast.core"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    page = (tmp_path / "nascast" / "core" / "ledger.html").read_text()
    assert "Records behind a meter." in page


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_examples_run(
    example: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(example.read_text().splitlines()) < 60
    monkeypatch.setattr(sys, "argv", [str(example)])
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_run_and_show_tables(notebook: Path) -> None:
    """By a kernel where nbclient and ipykernel are installed, else cell by cell in this process."""
    pytest.importorskip("pandas")
    cells = [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]
    assert not [cell for cell in cells if cell["outputs"]], "outputs are not kept"
    shown = by_kernel(notebook) if find_spec("nbclient") and find_spec("ipykernel") else here(cells)
    assert sum("<table" in html for html in shown) >= 4
    assert sum("<svg" in html for html in shown) >= 2


def by_kernel(notebook: Path) -> list[str]:
    import nbformat
    from nbclient import NotebookClient

    found = NotebookClient(nbformat.read(notebook, as_version=4), timeout=120).execute()
    outputs = [output for cell in found.cells for output in cell.get("outputs", ())]
    return [output.get("data", {}).get("text/html", "") for output in outputs]


def here(cells: list[dict[str, list[str]]]) -> list[str]:
    names: dict[str, object] = {}
    shown = []
    for cell in cells:
        *before, last = ast.parse("".join(cell["source"])).body
        value = None
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(before, []), "cell", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        else:
            exec(compile(ast.Module([*before, last], []), "cell", "exec"), names)
        shown.append(str(getattr(value, "_repr_html_", str)()))
    return shown
