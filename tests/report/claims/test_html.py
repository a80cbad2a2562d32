"""The page of a ledger."""

import re
from pathlib import Path

from nascast.report.claims.html import write_ledger
from nascast.studies.claims.claim import Claim, Desk, Scale
from nascast.studies.claims.finding import Finding, Part, judged, undecided
from nascast.studies.claims.intervals import exact
from nascast.studies.claims.run import Entry
from nascast.studies.noise import Estimate


def _judge(desk: Desk) -> Finding:
    return undecided("no records")


def _entry(name: str, finding: Finding | None, error: str | None = None) -> Entry:
    return Entry(Claim(name, f"It is <{name}>.", "A source.", "A way.", _judge), finding, error, 2)


def test_the_page_has_every_claim_with_its_numbers(tmp_path: Path) -> None:
    nan = float("nan")
    parts = [
        Part("τ of it", Estimate(0.5, 0.25, 0.75), 0.0),
        Part("τ of another", Estimate(nan, nan, nan), 1.0),
        Part("cells", exact(7), 3, digits=0),
    ]
    entries = [
        _entry("first", judged(parts, "A remark.")),
        _entry("second", undecided("There are no records.")),
        _entry("third", None, "ValueError: <b>"),
    ]
    text = write_ledger(entries, Scale(3), tmp_path).read_text()
    for words in ("holds with a caveat", "There are no records.", "A remark.", "failed"):
        assert words in text
    assert "It is &lt;first&gt;." in text
    assert "ValueError: &lt;b&gt;" in text
    assert "τ of it 0.500 (0.250 to 0.750): above 0" in text
    # One axis from 0 to 1 for the two τ: with 6 % of room at either end, .5 is in the middle.
    places = re.findall(r'circle cx="([\d.]+)%"', text)
    assert float(places[0]) == 50
    assert float(places[2]) == 94
