"""The code in the documentation and the examples runs."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from nascast.core import plugins

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


def test_the_reference_is_made_from_docstrings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pdoc", "-d", "google", "-o", str(tmp_path), "nascast.core"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    page = (tmp_path / "nascast" / "core" / "ledger.html").read_text()
    assert "Records behind a meter." in page


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_examples_run(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(example.read_text().splitlines()) < 60
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out
