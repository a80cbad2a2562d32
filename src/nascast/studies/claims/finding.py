"""What came of a claim: numbers with intervals, and the verdict that follows from them.

A claim comes apart into inequalities between a number and a bar. One holds where the whole interval
lies on its side of the bar, and leans where only the number itself does. The rule of `judged` makes
a verdict of them; no verdict is written by hand.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from nascast.core.errors import CorruptDataError
from nascast.studies.noise import Estimate
from nascast.studies.numerals import number

__all__ = ["RULE", "Finding", "Part", "Verdict", "judged", "undecided", "without"]

RULE = (
    "A claim comes apart into inequalities between a number and a bar, some of them its core. An "
    "inequality holds where the whole 95 % interval lies on its side of the bar, and leans where "
    "the number does. The claim holds if all inequalities hold; with a caveat if all of the core "
    "hold and others do not, or if all of it hold or lean. Where the core is of several data sets "
    "or spaces, it also holds with a caveat if in at least half of these all of the core hold. "
    "Otherwise it does not hold. Where a predictor failed in at least half of the trials of a "
    "comparison, and is left out, what holds without it holds with a caveat."
)


class Verdict(StrEnum):
    """What is to be said of a claim."""

    HOLDS = "holds"
    CAVEAT = "holds with a caveat"
    FAILS = "does not hold"
    UNDECIDED = "cannot be decided here"


@dataclass(frozen=True, slots=True)
class Part:
    """An inequality between a number and a bar.

    Attributes:
        name: name of the number.
        estimate: number and its interval; without extent where it is exact.
        bar: number that it is compared with.
        above: whether the claim wants it above the bar, or below.
        digits: decimals that are shown.
        core: whether the claim stands and falls with it; what others fail to do is a caveat.
        case: data set or space that it is of, where the claim is tried on several; otherwise empty.
    """

    name: str
    estimate: Estimate
    bar: float
    above: bool = True
    digits: int = 3
    core: bool = True
    case: str = ""

    @property
    def holds(self) -> bool:
        """Whether the whole interval lies on the claim's side of the bar."""
        return self.estimate.low > self.bar if self.above else self.estimate.high < self.bar

    @property
    def leans(self) -> bool:
        """Whether the number lies on the claim's side of the bar."""
        return self.estimate.value > self.bar if self.above else self.estimate.value < self.bar

    def words(self) -> str:
        """Returns the number, its interval, and where it lies."""
        side = "above" if self.above else "below"
        how = "" if self.holds else "not clearly " if self.leans else "not "
        bar = f"{round(self.bar, 3):,g}".replace("-", "−")
        return f"{self.name} {self.numbers()}: {how}{side} {bar}"

    def numbers(self) -> str:
        """Returns the number and, unless it is exact, its interval."""
        found = self.estimate
        if found.low == found.high:
            return self._text(found.value)
        return f"{self._text(found.value)} ({self._text(found.low)} to {self._text(found.high)})"

    def _text(self, value: float) -> str:
        return number(value, self.digits)


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, and what it rests on.

    Attributes:
        verdict: verdict.
        parts: inequalities that decided; none where nothing could.
        remark: what else is to be known, in sentences.
    """

    verdict: Verdict
    parts: tuple[Part, ...] = ()
    remark: str = ""

    @property
    def reason(self) -> str:
        """The reason in words, made of the numbers."""
        words = "; ".join(part.words() for part in self.parts)
        return " ".join(filter(None, [words and f"{words}.", self.remark]))

    def json(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        parts = [{**asdict(part), "holds": part.holds} for part in self.parts]
        return {
            "verdict": str(self.verdict),
            "reason": self.reason,
            "parts": parts,
            "remark": self.remark,
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> "Finding":
        """Reads what `json` gives.

        Raises:
            CorruptDataError: it is something else.
        """
        try:
            parts = [{key: one[key] for key in one if key != "holds"} for one in value["parts"]]
            return cls(
                Verdict(value["verdict"]),
                tuple(Part(**{**one, "estimate": Estimate(**one["estimate"])}) for one in parts),
                str(value["remark"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptDataError(f"this is no finding of a claim: {error!r}") from error


def judged(parts: Sequence[Part], *remarks: str) -> Finding:
    """Returns the verdict on a claim by `RULE`, with the parts as its reason.

    Args:
        parts: inequalities, at least one of them of the core.
        remarks: sentences on what else is to be known.
    """
    core = [part for part in parts if part.core]
    if all(part.holds for part in parts):
        verdict = Verdict.HOLDS
    elif all(part.leans for part in core) or _half_of_cases(core):
        verdict = Verdict.CAVEAT
    else:
        verdict = Verdict.FAILS
    return Finding(verdict, tuple(parts), " ".join(filter(None, remarks)))


def _half_of_cases(core: Sequence[Part]) -> bool:
    """Whether all inequalities hold in at least half of several cases, and lean outside of them.

    Bounds on one number, or of one data set, are no cases: half of them says nothing.
    """
    cases = {part.case for part in core if part.case}
    held = cases - {part.case for part in core if not part.holds}
    return (
        len(cases) > 1 and 2 * len(held) >= len(cases) and all(p.leans for p in core if not p.case)
    )


def without(finding: Finding, lacking: Collection[str]) -> Finding:
    """Returns a finding that predictors which failed have no part in: at most with a caveat."""
    if lacking and finding.verdict is Verdict.HOLDS:
        return replace(finding, verdict=Verdict.CAVEAT)
    return finding


def undecided(reason: str) -> Finding:
    """Returns that a claim cannot be decided here, and why."""
    return Finding(Verdict.UNDECIDED, remark=reason)
