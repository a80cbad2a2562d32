"""The report of a comparison: one HTML file that needs nothing else."""

import base64
import csv
import io
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nascast import report
from nascast.core.errors import MissingExtraError, StoreError
from nascast.report.predictors.html import write_report

Make = Callable[..., Any]


class _Page(HTMLParser):
    """Collects the start tags, the visible text, the cells of tables and the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._inside = ""
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = ""
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)
        elif self._inside != "style":
            self.text += data
            if self._cell:
                self.rows[-1][-1] += data

    def figures(self) -> set[str]:
        """Returns the ids of the charts."""
        return {str(a["id"]) for _, a in self.tags if str(a.get("class", "")) == "plot"}


def _report(folder: Path) -> _Page:
    return _Page(write_report(folder).read_text(encoding="utf-8"))


def test_the_page_shows_every_part(make_run: Make, full: list[Any], make_failed: Make) -> None:
    rows = [*full, make_failed("synflow", "nb201-mini builds no networks")]
    page = _report(make_run(rows))
    assert "Performance predictors on nb201-mini" in page.text
    for words in (
        "4 predictors ranked 12 test architectures by the val_accuracy (percent)",
        "There are 2 trials",
        "20 or 100 trained architectures",
        "first 2 or 6 epochs",
        "random normal batch of 64 (seed 0)",
        "1 more predictor could not run",
        "between two trainings of the same 1,000 cells",
        "nb201-mini builds no networks",
        "Settings and versions",
    ):
        assert words in page.text
    table = [row for row in page.rows if len(row) == 12]
    assert len(table) == 10
    taus = [float(row[4].split(" ± ")[0].replace("−", "-")) for row in table[1:]]
    assert taus == sorted(taus, reverse=True)
    assert {row[5] for row in table[1:]} == {"0.500"}
    assert {row[9] for row in table[1:]} == {"< 1 ms", "20 min", "100 min"}
    assert page.figures() == {
        *("map-best", "map-tau", "front", "family-query", "family-init", "tau-query", "tau-init"),
        *(f"scatter-{i}" for i in range(4)),
    }


def test_every_predictor_has_its_budgets_and_the_page_its_numbers_as_csv(
    make_run: Make, full: list[Any], make_failed: Make
) -> None:
    rows = [*full, make_failed("omni", "its worker died", trial=2, train_size=20)]
    page = _report(make_run(rows))
    assert page.text.count(", best τ ") == 4
    omni = [row for row in page.rows if len(row) == 19 and row[:2] == ["100", "6"]]
    assert len(omni) == 1
    assert omni[0][2] == "2"
    assert " ± " in omni[0][3]
    assert "Not run (all): 20 labels: its worker died" in page.text
    (link,) = [str(attrs["href"]) for tag, attrs in page.tags if tag == "a"]
    text = base64.b64decode(link.removeprefix("data:text/csv;base64,")).decode()
    head, *lines = csv.reader(io.StringIO(text))
    assert {"predictor", "train_size", "kendall", "kendall_se", "query_seconds_each"} <= {*head}
    assert len(lines) == 9
    shown = {row[4].split(" ± ")[0] for row in page.rows if len(row) == 12}
    taus = [f"{float(line[head.index('kendall')]):.3f}".replace("-", "−") for line in lines]
    assert {*taus} <= shown


def test_of_many_budgets_the_table_shows_some_and_says_so(make_run: Make, make_row: Make) -> None:
    rows = [make_row(f"p{k}", n) for k in range(20) for n in range(1, 8)]
    page = _report(make_run(rows))
    table = [row for row in page.rows if len(row) == 12]
    assert {row[0].strip() for row in table[1:]} == {f"p{k}" for k in range(20)}
    assert f"{140 - (len(table) - 1)} more are in the sections" in page.text
    assert len([row for row in page.rows if len(row) == 18]) == 140 + 20
    assert "tau-init-model_based" in page.figures()


def test_who_reads_the_training_it_is_judged_by_is_marked(make_run: Make, make_row: Make) -> None:
    rows = [make_row("sotl_e", None, 2, reads_target=True, kendall_other=float("nan"))]
    page = _report(make_run([*rows, make_row("jacov", None)]))
    table = {row[0].strip(): row for row in page.rows if len(row) == 12}
    assert table["sotl_e"][4].endswith("*")
    assert table["sotl_e"][5] == "–"
    assert not table["jacov"][4].endswith("*")
    assert "reads the very training that it is judged by" in page.text
    assert "marked *" not in _report(make_run([make_row("jacov", None)])).text


def test_nothing_is_fetched_and_the_page_is_small(make_run: Make, full: list[Any]) -> None:
    text = write_report(make_run(full)).read_text(encoding="utf-8")
    page = _Page(text)
    assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object", "base")]
    for tag, attrs in page.tags:
        assert not {"src", "srcset", "action", "data"} & attrs.keys()
        if "href" in attrs:
            assert tag == "a"
            assert str(attrs["href"]).startswith("data:text/csv;base64,")
    assert "default-src 'none'" in text
    style = text.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    ((_, script),) = page.scripts
    assert "http" not in script
    assert len(text) < 200_000


def test_text_from_the_run_is_escaped(make_run: Make, make_row: Make, make_failed: Make) -> None:
    name = "<script>x</script><b>&"
    quoted = 'forest("\'><u>")'
    rows = [
        make_row(name, 20, trial=0, family="<i>", batch="<u>batch", versions='{"<p>": "<q>"}'),
        make_row(quoted, 20, budget={"<s>": 3}),
        make_row(name, 20, trial=1, predicted=[float("nan")] * 12),
        make_failed("<em>", "</script><script>alert(1)</script>", **{"<s>": 3}),
    ]
    settings = {"axes": {"train_size": [20], "<s>": [3]}, "predictors": [name, "{{ 7 * 7 }}"]}
    changes = {"unit": "<sub>", "batch": "<u>batch", "settings": settings}
    folder = make_run(rows, benchmark="a/<s>.nascast", **changes)
    page = _report(folder)
    known = {tag for tag, _ in page.tags}
    assert not known & {"i", "u", "s", "sub", "em", "q"}
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    script = "</script><script>alert(1)</script>"
    for words in (name, quoted, script, "<s>.nascast", "<em>", "<q>", "3 <s>", "{{ 7 * 7 }}"):
        assert words in page.text


def test_the_templates_trust_nothing() -> None:
    templates = sorted((Path(report.__file__).parent / "templates").glob("*.html"))
    assert len(templates) >= 4
    texts = [template.read_text() for template in templates]
    assert not any("safe" in text.split() or "autoescape" in text for text in texts)


def test_the_same_run_gives_the_same_bytes(make_run: Make, full: list[Any], tmp_path: Path) -> None:
    folder = make_run(full)
    first = write_report(folder).read_bytes()
    assert write_report(folder, tmp_path / "other.html") == tmp_path / "other.html"
    assert (tmp_path / "other.html").read_bytes() == first


def test_one_trial_of_one_predictor_shows_no_deviation(make_run: Make, make_row: Make) -> None:
    page = _report(make_run([make_row("jacov", None)], settings={"trials": 1}))
    assert "There is one trial." in page.text
    assert "±" not in page.text


def test_a_run_in_which_everything_failed_has_a_page(make_run: Make, make_failed: Make) -> None:
    page = _report(make_run([make_failed(name, "no networks") for name in ("jacov", "synflow")]))
    assert "2 predictors could not rank" in page.text
    assert "every predictor failed" in page.text
    assert [row for row in page.rows if row[-1:] == ["no networks"]] == [
        ["jacov", "–", "all", "no networks"],
        ["synflow", "–", "all", "no networks"],
    ]
    assert page.figures() == set()


def test_undefined_predictions_are_counted_and_not_drawn(make_run: Make, make_row: Make) -> None:
    nan = float("nan")
    rows = [
        make_row("jacov", None, predicted=[nan, float("-inf"), *range(10)]),
        make_row("broken", None, predicted=[nan] * 12),
    ]
    page = _report(make_run(rows))
    assert "jacov: 2 undefined predictions" in page.text
    assert "every prediction is undefined" in page.text
    assert "scatter-0" in page.figures()
    assert "scatter-1" not in page.figures()


def test_predictions_far_from_the_rest_are_drawn_on_the_edge(
    make_run: Make, make_row: Make
) -> None:
    true = [float(i) for i in range(100)]
    page = _report(make_run([make_row("jacov", None, predicted=[-1e6, *true[1:]], true=true)]))
    assert "1 off the scale" in page.text
    few = make_row("jacov", None, predicted=[-1e6, *range(11)])
    assert "1 off the scale" in _report(make_run([few])).text
    even = make_row("jacov", None, predicted=list(range(12)))
    assert "off the scale" not in _report(make_run([even])).text


def test_scatters_show_the_largest_budget_in_the_first_trial_that_ran(
    make_run: Make, make_row: Make, make_failed: Make
) -> None:
    rows = [make_row("xgboost", n, trial=t) for n in (100, 20) for t in range(3)]
    rows[0] = make_failed("xgboost", "its worker died", train_size=100)
    page = _report(make_run(rows))
    assert "scatter-0" in page.figures()
    assert ["xgboost", "100 labels", "1 of 3", "its worker died"] in page.rows
    assert "xgboost (100 labels): 2 of 3 trials." in page.text


def test_the_best_of_every_score_is_emphasised(make_run: Make, make_row: Make) -> None:
    scores = ("kendall", "kendall_other", "spearman", "sparse_kendall", "precision_at_10")
    rows = [
        make_row("good", 20, **dict.fromkeys(scores, 0.75)),
        make_row("equal", 20, **dict.fromkeys(scores, 0.75)),
        make_row("bad", 20, **dict.fromkeys(scores, -0.5)),
    ]
    text = write_report(make_run(rows)).read_text(encoding="utf-8")
    bold = re.findall(r"<strong>([^<]*)", text)
    assert bold == ["0.750"] * 10
    assert "−0.500" in text


def test_equal_shares_look_equal_whatever_their_last_bit(make_run: Make, make_row: Make) -> None:
    shares = {
        "a": (0.1, 0.1, 0.1, 0.4),
        "b": (0.1, 0.1, 0.2, 0.3),
    }  # of one mean, but for its last bit
    rows = [
        make_row(name, 20, None, trial, precision_at_10=share)
        for name, own in shares.items()
        for trial, share in enumerate(own)
    ]
    cells = [row[8] for row in _report(make_run(rows)).rows if len(row) == 12]
    assert cells[1:] == ["0.175", "0.175"]


def test_versions_of_a_continued_run_are_all_listed(make_run: Make, make_row: Make) -> None:
    rows = [make_row(trial=0), make_row(trial=1, versions='{"nascast": "0.2.0"}')]
    assert "0.1.0, 0.2.0" in _report(make_run(rows)).text


def test_without_its_package_the_install_command_is_named(
    make_run: Make, make_row: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run([make_row()])
    write_report(folder, folder / "before.html")
    for name in [name for name in sys.modules if name.split(".")[0] == "jinja2"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(MissingExtraError, match=r'jinja2.*pip install "nascast\[report\]"'):
        write_report(folder)
    assert not (folder / "report.html").exists()


def test_a_place_that_cannot_be_written_is_a_store_error(
    make_run: Make, make_row: Make, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="choose another file"):
        write_report(make_run([make_row()]), tmp_path / "no" / "such" / "folder.html")


def test_a_small_table_makes_errors_larger_and_the_page_says_so(
    make_run: Make, full: list[Any]
) -> None:
    settings = {"trials": 2, "test_size": 12}
    page = _report(make_run(full, settings=settings))
    assert "share some of them" not in page.text
    assert "Differences" in page.text
    shown = [row for row in page.rows if len(row) == 5 and row[-1] == "2"]
    assert len(shown) == 3  # against the best of four
    assert all(row[2].startswith("−") for row in shown)
    wide = _report(make_run(full, settings=settings, drawn=24))
    assert "A test set holds 50 % of the 24 architectures" in wide.text
    assert "count 2 trials as 0.7 independent ones" in wide.text  # 2 / (1 + 2 × .5 / .5)
