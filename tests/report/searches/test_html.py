"""The report of a search: its numbers, its figures and its page."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    StoreError,
)
from nascast.core.setup import Setup
from nascast.core.spec import Spec
from nascast.core.types import Architecture, Candidate, Evaluation, Objective, Trial
from nascast.report.searches.figures import front
from nascast.report.searches.html import write_search_report
from nascast.spaces.nasbench201 import NasBench201
from nascast.stores.sqlite import Sqlite
from nascast.studies.records import open_benchmark
from nascast.studies.searches.joined import joined
from nascast.studies.searches.results import best_trials, keep_diagnostics, read_search
from nascast.studies.searches.summary import (
    best_by_clock,
    best_by_trial,
    operation_shares,
    summarize,
    summary_rows,
)

NAN = float("nan")
GENES = NasBench201().sample(400, np.random.default_rng(0))


def _trial(
    k: int, value: float | None, *, error: str | None = None, at: float | None = None, **more: float
) -> Trial:
    metrics = {} if value is None else {"val_accuracy": value, **more}
    arch = Architecture("nasbench201", tuple(GENES[k % len(GENES)].tolist()))
    finished = 10.0 * (k + 1) if at is None else at
    return Trial(k, Candidate(arch), Evaluation(metrics, 10.0, error), finished, 0.5)


def _trials(values: Sequence[float | None], **more: float) -> list[Trial]:
    return [
        _trial(k, value, error=None if value is not None else "it broke", **more)
        for k, value in enumerate(values)
    ]


def _folder(
    folder: Path,
    runs: Mapping[str, Sequence[Trial]],
    objectives: Sequence[Objective] = (Objective("val_accuracy"),),
    **changes: Any,
) -> Path:
    """Writes what `nascast search` writes.

    Runs are called by the strategy, perhaps with settings as `Spec` writes them, and the seed.
    """
    folder.mkdir(exist_ok=True)
    trained = {"recipe": {"epochs": 3}}
    setup = replace(Setup("nasbench201", tuple(objectives), trained), **changes)
    text = json.dumps({"setup": setup.json(), "versions": {"nascast": "9.8.7"}})
    (folder / "search.json").write_text(text)
    store = Sqlite(folder / "trials.sqlite")
    for name, trials in runs.items():
        strategy, seed = name.rsplit("-", 1)
        own = replace(setup, strategy=_spec(strategy), seed=int(seed))
        store.begin(name, {**own.json(), "versions": {"numpy": "6.5.4"}})
        store.append(name, trials)
    return folder


def _spec(text: str) -> Spec:
    if not text.endswith(")"):
        return Spec(text)
    name, _, settings = text[:-1].partition("(")
    pairs = (pair.partition("=") for pair in settings.split(","))
    return Spec(name, {key: json.loads(value, parse_int=float) for key, _, value in pairs})


class _Page(HTMLParser):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self.figures: set[str] = set()
        self.tables: list[list[list[str]]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._inside = self._cell = False
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        self._inside = self._inside or tag in ("script", "style")
        if found.get("class") == "plot":
            self.figures.add(str(found["id"]))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = False
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data
            if self._cell:
                self.tables[-1][-1][-1] += data


def _page(folder: Path) -> _Page:
    return _Page(write_search_report(folder))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return _folder(
        tmp_path / "two",
        {
            "good(rate=7.5)-0": _trials([50.0, 60.0, 90.0], test_accuracy=80.0, parameters=1.07e6),
            "good(rate=7.5)-1": _trials([None, 70.0, 65.0, 80.0], test_accuracy=84.0),
            "bad-10": _trials([40.0, 30.0]),
        },
    )


def test_rows_are_means_over_seeds_of_the_best_of_each_run(two: Path) -> None:
    good, bad = summary_rows(two)
    assert (good["strategy"], good["seeds"], good["trials"], good["failed"]) == ("good", 2, 7, 1)
    assert good["best_mean"] == pytest.approx(85.0)
    assert good["best_sd"] == pytest.approx(np.std([90.0, 80.0], ddof=1))
    assert good["test_mean"] == pytest.approx(82.0)
    assert good["seconds"] == pytest.approx((30 + 40) / 2)
    assert good["thinking"] == pytest.approx((1.5 + 2.0) / 2)
    assert (bad["strategy"], bad["best_mean"], bad["best_sd"]) == ("bad", 40.0, None)
    assert (bad["test_mean"], bad["regret_mean"]) == (None, None)
    assert good.keys() == bad.keys()
    json.dumps([good, bad], allow_nan=False)


def test_strategies_of_one_name_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    names = ("ppo(clip=0.5,rate=1)", "ppo(clip=0.5,rate=2)", "ppo(clip=0.5)", "random(rate=2)")
    runs = {f"{name}-{seed}": _trials([50.0]) for name in names for seed in (0, 1)}
    folder = _folder(tmp_path / "n", runs)
    found = {row["strategy"]: row["seeds"] for row in summary_rows(folder)}
    assert found == {"ppo": 2, "ppo(rate=1.0)": 2, "ppo(rate=2.0)": 2, "random": 2}


def test_smaller_is_better_where_the_objective_says_so(tmp_path: Path) -> None:
    runs = {"a-0": _trials([50.0, 10.0, 30.0]), "b-0": _trials([20.0])}
    folder = _folder(tmp_path / "min", runs, [Objective("val_accuracy", minimize=True)])
    assert [(r["strategy"], r["best_mean"]) for r in summary_rows(folder)] == [("a", 10), ("b", 20)]


def test_regret_is_against_all_records_and_absent_under_limits(tmp_path: Path) -> None:
    table = open_benchmark("nb201-mini")
    values = table.query(table.genes(), "val_accuracy")
    mini = {"benchmark": "nb201-mini"}
    folder = _folder(tmp_path / "b", {"a-0": _trials([40.0])}, evaluator=mini)
    (row,) = summary_rows(folder)
    assert row["regret_mean"] == pytest.approx(values.max() - 40.0)
    assert "Regret" in _page(folder).text
    limited = _folder(
        tmp_path / "l", {"a-0": _trials([40.0])}, evaluator=mini, limits="parameters ≤ 10,000"
    )
    assert summary_rows(limited)[0]["regret_mean"] is None
    assert "Regret" not in _page(limited).text


def test_best_so_far_counts_failures_and_begins_when_all_have_a_value(two: Path) -> None:
    runs = read_search(two).by_strategy()["good"]
    x, curves = best_by_trial(runs)
    assert x.tolist() == [2, 3, 4]
    assert curves.tolist() == [[60, 90, 90], [70, 70, 80]]
    times, scores = best_by_clock(runs)
    assert times.tolist() == [20, 30, 40]
    assert scores.tolist() == curves.tolist()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
def test_the_front_is_what_nobody_dominates(points: list[tuple[int, int]]) -> None:
    scores = np.array([*points, (NAN, 9)], dtype=np.float64)
    fine = set(points)
    expected = {p for p in fine if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in fine)}
    found = front(scores)
    assert {tuple(scores[i]) for i in found} == expected
    assert len(found) == len(expected)
    assert np.all(np.diff(scores[found, 0]) < 0) or len(found) < 2


def test_the_three_best_are_distinct_architectures(tmp_path: Path) -> None:
    again = [_trial(0, 90.0), *(_trial(0, 90.0) for _ in range(3))]
    again = [replace(trial, id=k) for k, trial in enumerate(again)]
    more = [
        Trial(4 + k, t.candidate, t.evaluation, 100.0) for k, t in enumerate(_trials([1.0, 80.0]))
    ]
    found = read_search(_folder(tmp_path / "t", {"a-0": again + more}))
    assert [run.trials[k].id for run, k in best_trials(found)] == [0, 5]
    assert [run.trials[k].id for run, k in best_trials(found, 4)] == [0, 1, 2, 3]


def test_short_trainings_do_not_beat_long_ones(tmp_path: Path) -> None:
    """The search's recipe has 3 epochs, and None asks for all of them."""
    asked = [(1, 90.0), (3, None), (3, 50.0), (None, 60.0), (1, 95.0)]
    trials = [
        replace(trial, candidate=replace(trial.candidate, epochs=epochs))
        for trial, (epochs, _) in zip(_trials([v for _, v in asked]), asked, strict=True)
    ]
    found = read_search(_folder(tmp_path / "t", {"a-0": trials, "b-0": trials[:2]}))
    long, short = found.runs
    assert (long.best(), short.best()) == (3, 0)  # b has no full training yet
    assert [(run.name, place) for run, place in best_trials(found, 4)] == [
        *(("a-0", 3), ("a-0", 2), ("a-0", 4), ("a-0", 0))
    ]
    x, curves = best_by_trial([long])
    assert (x.tolist(), curves.tolist()) == ([3, 4, 5], [[50, 60, 60]])
    assert [row["best_mean"] for row in summary_rows(tmp_path / "t")] == [90, 60]


def test_shares_of_operations_match_a_count_by_hand(tmp_path: Path) -> None:
    trials = _trials([float(k) for k in range(20)])
    found = read_search(_folder(tmp_path / "t", {"a-0": trials}))
    texts = NasBench201().to_text(GENES[:20])
    labels, best, every = operation_shares(found)
    for shares, chosen in ((every, texts), (best, texts[-2:])):
        counts = [sum(len(re.findall(rf"\|{label}~", text)) for text in chosen) for label in labels]
        assert shares == pytest.approx(np.array(counts) / sum(counts))


def test_the_page_has_every_part(two: Path) -> None:
    series = {
        "entropy": [3.0, NAN, 1.0],
        "reward": [1, 2, 3],
        "baseline": [1, 1, 2],
        "trials": [1, 2, 3],
    }
    (two / "diagnostics.json").write_text(
        json.dumps({f"good(rate=7.5)-{k}": series for k in (0, 1)})
    )
    page = _page(two)
    assert page.figures == {
        *("best-trials", "best-clock", "rewards", "entropy", "reward", "operations")
    }
    assert page.source.count('<svg class="cells"') == page.text.count("No. ") == 3
    assert "1.07 M parameters" in page.text
    best = summarize(read_search(two))[0]
    assert page.tables[0][1][0] == best.strategy
    assert page.tables[0][1][4].startswith("85.00")
    values = [float(row[2]) for row in page.tables[1][1:]]
    assert values == sorted(values, reverse=True)
    assert len(values) == 8
    assert page.tables[2][1] == ["1", "good 1", "it broke"]
    for fact in (
        "9.8.7",
        "6.5.4",
        "good(rate=7.5)",
        "evaluator.recipe.epochs",
        "maximize val_accuracy",
    ):
        assert fact in page.text
    assert len(page.ids) == len(set(page.ids))
    drawn = page.source.split('id="entropy"')[1].split("</div>")[0]
    groups = set(re.findall(r'data-group="(\d)"', drawn))
    buttons = re.findall(r'data-trace="(\d)"[^>]*><svg.*?</svg>(\w+)<', page.source)
    assert groups == {number for number, name in buttons if name == "good"}


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ({}, "There are no trials yet"),
        ({"a-0": []}, "nothing to draw"),
        ({"a-0": _trials([None, None])}, "nothing to draw"),
        ({"a-0": [_trial(0, NAN)]}, "no value of val_accuracy"),
        ({"a-0": _trials([50.0])}, "No. 1"),
        ({"a-0": _trials([50.0] * 5), "b-0": []}, "No. 3"),
        ({"a-0": [_trial(0, 5.0, at=NAN)]}, "No. 1"),
        ({"odd name-7": _trials([50.0])}, "odd name"),
    ],
)
def test_small_and_failed_searches_have_a_page(
    tmp_path: Path, runs: Mapping[str, Sequence[Trial]], words: str
) -> None:
    folder = _folder(tmp_path / "s", runs)
    assert words in _page(folder).text
    json.dumps(summary_rows(folder), allow_nan=False)


def test_texts_from_the_run_are_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>&</td>"
    runs = {f"{evil}-0": [_trial(0, 50.0), _trial(1, None, error=evil)]}
    page = _page(_folder(tmp_path / "e", runs, evaluator={"x": evil}))
    assert evil not in page.source
    assert page.text.count(evil) >= 3


def test_the_same_search_gives_the_same_bytes(two: Path, tmp_path: Path) -> None:
    a, b = (write_search_report(two, out=tmp_path / name).read_bytes() for name in ("a", "b"))
    assert a == b


def test_failures_are_counted_by_message(tmp_path: Path) -> None:
    trials = [_trial(k, None, error=f"reason {min(k, 24)}") for k in range(40)]
    page = _page(_folder(tmp_path / "f", {"a-0": trials}))
    assert page.tables[-1][1] == ["16", "a 16", "reason 24"]
    assert len(page.tables[-1]) == 21
    assert "5 other messages, 5 trials in all" in page.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("search.json", "{"),
        ("search.json", "[]"),
        ("search.json", '{"setup": {}, "versions": {}}'),
        ("search.json", '{"settings": {}, "versions": {}}'),
        ("search.json", '{"setup": {"objectives": [1], "space": "x"}, "versions": {}}'),
        ("diagnostics.json", "{"),
        ("diagnostics.json", '{"a-0": {"entropy": ["high"]}}'),
        ("diagnostics.json", '{"a-0": [1]}'),
    ],
)
def test_damaged_files_are_refused_by_name(two: Path, name: str, text: str) -> None:
    (two / name).write_text(text)
    with pytest.raises(CorruptDataError, match=name) as caught:
        write_search_report(two)
    series = name == "diagnostics.json"  # without which the trials are as good
    assert str(caught.value).count("delete it") == series
    if series:
        (two / name).unlink()
        write_search_report(two)


def test_what_is_not_a_search_is_refused(two: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="nascast search"):
        summary_rows(tmp_path)
    with pytest.raises(StoreError, match="cannot write"):
        write_search_report(two, out=tmp_path / "no" / "x.html")
    for file in two.glob("trials.sqlite*"):
        file.unlink()
    (two / "trials.sqlite").write_bytes(b"nonsense" * 100)
    with pytest.raises(StoreError, match=r"trials\.sqlite"):
        summary_rows(two)


def test_many_runs_stay_small_and_quick(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    runs = {
        f"s{s}-{k}": _trials(rng.normal(70, 5, 100).tolist()) for s in range(20) for k in range(4)
    }
    folder = _folder(tmp_path / "many", runs)
    begin = time.process_time()
    page = _page(folder)
    assert time.process_time() - begin < 15  # seconds; 8,000 trials take about 2
    assert len(page.source) < 700_000
    drawn = page.source.split('id="best-trials"')[1].split("</div>")[0]
    assert drawn.count('class="line"') == 20


def test_searches_stand_side_by_side(tmp_path: Path) -> None:
    one = _folder(tmp_path / "one", {"random-0": _trials([3.0, 40.0])})
    two = _folder(tmp_path / "two", {"random-0": _trials([7.0, 90.0])})
    out = write_search_report(one, two, out=tmp_path / "both.html")
    text = out.read_text()
    assert f"{one}: random" in text
    assert f"{two}: random" in text
    joint = joined({"one": read_search(one), "two": read_search(two)})
    (best, worse) = summarize(joint)
    assert (best.strategy, best.best_mean) == ("two: random", 90.0)
    assert (worse.strategy, worse.best_mean) == ("one: random", 40.0)
    assert "do not compare" not in text
    where = {"benchmark": "nb201-mini"}
    three = _folder(tmp_path / "three", {"random-0": _trials([50.0])}, evaluator=where)
    text = write_search_report(one, three, out=tmp_path / "mixed.html").read_text()
    assert f"{one} trained networks. {three} looked trainings up in nb201-mini." in text
    assert "do not compare" in text
    assert f"Settings of {three}" in text
    other = _folder(tmp_path / "loss", {"random-0": []}, (Objective("val_loss"),))
    aims = "objectives are maximize val_accuracy and minimize val_loss"
    with pytest.raises(InvalidSettingError, match=aims):
        write_search_report(one, other)


def test_what_guided_a_search_is_drawn(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = [float(value) for value in 50 + rng.normal(size=60)]
    folder = _folder(tmp_path / "one", {"guided-0": _trials(values), "random-0": _trials(values)})
    assert "What guided the search" not in write_search_report(folder).read_text()
    low = [None, *(49.0 + rng.normal(size=59)).tolist()]
    told = {
        "foreseen": [None, *values[1:]],
        "foreseen_low": low,
        "foreseen_high": [None, *(51.0 + rng.normal(size=59)).tolist()],
        "inside": [None, *([1.0, 0.0] * 30)[:59]],
        "parts/nor_conv_3x3": [0.5],
        "parts/input → <b>": [-0.25],
    }
    keep_diagnostics(folder, "guided-0", told)
    text = write_search_report(folder).read_text()
    assert "What guided the search" in text
    for title in ("Predicted and measured", "Trials inside their intervals", "Parts that go with"):
        assert title in text
    assert "correlation +0.50" in text
    assert "correlation −0.25" in text
    assert "input → &lt;b&gt;" in text
    assert "<b>\ncorrelation" not in text


def test_the_page_says_what_a_strategy_knew_before(tmp_path: Path) -> None:
    runs = {
        'guided(prior="100 architectures (0badcafe)")-0': _trials([50, 60]),
        "random-0": _trials([50, 55]),
    }
    page = write_search_report(_folder(tmp_path / "found", runs)).read_text()
    assert "guided began with what was known before: 100 architectures (0badcafe)," in page
    assert "random began with" not in page
