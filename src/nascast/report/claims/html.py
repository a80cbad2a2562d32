"""The page of a ledger of claims: the verdicts, and behind each the numbers and their bars."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.core.versions import versions
from nascast.report.page import Tile, page, write
from nascast.report.table import facts
from nascast.report.words import count, duration
from nascast.studies.claims.claim import Claim, Scale
from nascast.studies.claims.finding import RULE, Part, Verdict, undecided
from nascast.studies.claims.intervals import METHOD
from nascast.studies.claims.run import Entry, studies_seconds

__all__ = ["write_ledger"]

_ROOM = 0.06  # of the width of a picture, left at either end; chosen
_LOOKS = {  # classes of the style sheet
    Verdict.HOLDS: "holds",
    Verdict.CAVEAT: "caveat",
    Verdict.FAILS: "fails",
    Verdict.UNDECIDED: "undecided",
}


@dataclass(frozen=True, slots=True)
class _Bar:
    """A number, its interval and the bar, as places in percent of the width of a picture."""

    text: str
    holds: bool
    low: float
    high: float
    value: float
    bar: float


@dataclass(frozen=True, slots=True)
class _Section:
    """What is shown of a claim."""

    claim: Claim
    verdict: str
    look: str
    remark: str
    bars: Sequence[_Bar]
    seconds: str


def write_ledger(entries: Sequence[Entry], scale: Scale, out: Path) -> Path:
    """Writes the page of a ledger, and returns its file.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        StoreError: the file cannot be written.
    """
    verdicts = Counter(entry.finding.verdict for entry in entries if entry.finding)
    values: dict[str, Any] = {
        "title": "Published claims, measured again",
        "eyebrow": "ledger of claims",
        "lead": f"{count(len(entries), 'claim')} of papers on neural architecture search and "
        f"performance predictors, on recorded trainings that anyone has: {_sum(verdicts)}.",
        "tiles": _tiles(verdicts, entries),
        "sections": [_section(entry) for entry in entries],
        "rule": RULE,
        "method": METHOD,
        "settings": [
            ("Settings", facts({"trials": scale.trials, "seed": scale.seed})),
            ("Versions", facts(versions())),
        ],
    }
    return write(page("claims.html", values), out / "report.html")


def _sum(verdicts: Mapping[Verdict, int]) -> str:
    return ", ".join(f"{v} {verdicts[v]}" for v in Verdict if verdicts.get(v)) or "none decided"


def _tiles(verdicts: Mapping[Verdict, int], entries: Sequence[Entry]) -> list[Tile]:
    total = f"of {len(entries)}"
    caveat = f"{verdicts.get(Verdict.CAVEAT, 0)} more with a caveat"
    open_ = verdicts.get(Verdict.UNDECIDED, 0) + sum(entry.finding is None for entry in entries)
    seconds = sum(entry.seconds for entry in entries) + studies_seconds(entries)
    return [
        Tile("Hold", str(verdicts.get(Verdict.HOLDS, 0)), caveat, small=total),
        Tile("Do not hold", str(verdicts.get(Verdict.FAILS, 0)), "here", small=total),
        Tile("Not decided", str(open_), f"measured in {duration(seconds)} at least", small=total),
    ]


def _section(entry: Entry) -> _Section:
    found = entry.finding or undecided(f"Its code failed: {entry.error}")
    shared = f", and {duration(entry.shared)} for studies that it shares" if entry.shared else ""
    return _Section(
        claim=entry.claim,
        verdict=str(found.verdict) if entry.finding else "failed",
        look=_LOOKS[found.verdict],
        remark=found.remark,
        bars=_bars(found.parts),
        seconds=f"{duration(entry.seconds)}{shared}",
    )


def _bars(parts: Sequence[Part]) -> list[_Bar]:
    """Returns the parts as bars; those of as many decimals, which are alike, on one axis."""
    return [_bar(part, [other for other in parts if other.digits == part.digits]) for part in parts]


def _bar(part: Part, alike: Sequence[Part]) -> _Bar:
    ends = [x for p in alike for x in (p.estimate.low, p.estimate.high, p.bar) if math.isfinite(x)]
    least, most = min(ends), max(ends)  # of bars at least, which are finite
    width = most - least or 1.0

    def place(x: float) -> float:
        share = (x - least) / width if math.isfinite(x) else 0.0
        return round(100 * (_ROOM + (1 - 2 * _ROOM) * share), 2)

    found = part.estimate
    places = map(place, (found.low, found.high, found.value, part.bar))
    return _Bar(part.words(), part.holds, *places)
