"""The ledger of claims: comparisons first, then each claim in a worker, kept as soon as it ends."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from nascast.core.clock import processor_seconds
from nascast.core.errors import NascastError, StoreError
from nascast.core.executor import Executor
from nascast.executors.serial import Serial
from nascast.studies.claims.claim import Claim, Desk, Plan, Scale
from nascast.studies.claims.finding import Finding, without
from nascast.studies.claims.taus import left_out, notes_on
from nascast.studies.journal import Journal
from nascast.studies.predictors.results import TABLE
from nascast.studies.predictors.run import compare, failed
from nascast.studies.progress import Progress, finished

__all__ = ["JOURNAL", "Entry", "kept", "reproduce", "studies_seconds"]

JOURNAL, _STUDIES = "claims.jsonl", "studies"  # in the folder of a ledger


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim that was decided, or whose code failed.

    Attributes:
        claim: claim.
        finding: verdict and numbers; None where the code failed.
        error: description of the failure, or None.
        seconds: processor seconds that it took, without its studies.
        studies: wall seconds, at least, of its studies by their folders; others read them too.
    """

    claim: Claim
    finding: Finding | None
    error: str | None
    seconds: float
    studies: Mapping[str, float] = field(default_factory=dict)

    @property
    def shared(self) -> float:
        """The wall seconds of all its studies; those before a kill are not among them."""
        return sum(self.studies.values())

    def json(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        words = ("name", "statement", "source", "protocol", "fast")
        return {
            **{word: getattr(self.claim, word) for word in words},
            **(self.finding.json() if self.finding else {"error": self.error}),
            "seconds": self.seconds,
            "studies_seconds": self.shared,
        }


def reproduce(
    claims: Sequence[Claim],
    out: Path,
    scale: Scale,
    executor: Executor | None = None,
    *,
    progress: Progress | None = None,
) -> list[Entry]:
    """Decides claims, and keeps each as soon as it is decided.

    What was decided before with the same version, code, seed and trials is read from the folder;
    what was decided otherwise, or whose code failed, is measured anew.

    Args:
        claims: claims.
        out: folder of the ledger; made if needed.
        scale: number of trials, and seed.
        executor: executor of the claims and of the cells of their studies; None runs them here.
        progress: functions that are called with every step.

    Raises:
        StoreError: the folder cannot be written.
        InvalidSettingError: a claim has trials, and too few of them.
    """
    for claim in claims:
        claim.check(scale)
    executor, progress = executor or Serial(), progress or Progress()
    journal, desk = Journal(out / JOURNAL), Desk(scale, out / _STUDIES)
    try:
        out.mkdir(parents=True, exist_ok=True)
        journal.path.touch()
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; choose --out") from error
    known = kept(claims, out, scale)
    done = {entry.claim.name for entry in known if entry.finding}
    todo = {claim.name: claim for claim in claims if claim.name not in done}
    refused = _compared(list(todo.values()), desk, executor, journal, progress)
    progress.start("claims", len(claims))
    progress.advance(len(claims) - len(todo))
    for claim in todo.values():
        reasons = [refused[plan] for plan in claim.studies if plan in refused]
        executor.submit(claim.name, partial(_decided, claim, desk, reasons))
    for ended in finished(executor, len(todo)):
        claim = todo[str(ended.task)]
        record: dict[str, Any] = {"claim": claim.name, "settings": claim.settings(scale)}
        if ended.error:
            record |= {"error": ended.error, "seconds": ended.seconds}
        else:
            record |= ended.value
        journal.append(record)
        progress.advance(1)
    return kept(claims, out, scale)


def kept(claims: Sequence[Claim], out: Path, scale: Scale) -> list[Entry]:
    """Returns the last entries of claims in a folder, of this version, code, seed and trials."""
    records: dict[str, Mapping[str, Any]] = {}
    seconds: dict[str, float] = {}
    named = {claim.name: claim for claim in claims}
    for record in Journal(out / JOURNAL).read():
        if "study" in record:
            seconds[record["study"]] = seconds.get(record["study"], 0.0) + record["seconds"]
            continue
        claim = named.get(record["claim"])
        if claim and record["settings"] == claim.settings(scale):
            records[claim.name] = record
    desk = Desk(scale, out / _STUDIES)
    return [_entry(c, records[c.name], desk, seconds) for c in claims if c.name in records]


def studies_seconds(entries: Sequence[Entry]) -> float:
    """Returns the wall seconds, at least, of the studies of all entries, each counted once."""
    every = {name: taken for entry in entries for name, taken in entry.studies.items()}
    return sum(every.values())


def _entry(
    claim: Claim, record: Mapping[str, Any], desk: Desk, seconds: Mapping[str, float]
) -> Entry:
    error = record.get("error")
    names = [desk.place(plan).name for plan in claim.studies]
    shared = {name: seconds.get(name, 0.0) for name in names}
    finding = None if error else Finding.of_json(record["finding"])
    return Entry(claim, finding, error, record["seconds"], shared)


def _compared(
    claims: Sequence[Claim], desk: Desk, executor: Executor, journal: Journal, progress: Progress
) -> dict[Plan, str]:
    """Runs the comparisons of claims; returns those that could not be run, with the reason."""
    refused: dict[Plan, str] = {}
    for plan in dict.fromkeys(plan for claim in claims for plan in claim.studies):
        place, began = desk.place(plan), time.monotonic()
        if (place / TABLE).is_file() and not failed(plan(desk.scale), place):
            continue
        try:
            compare(plan(desk.scale), place, executor, progress=progress)
        except NascastError as error:
            refused[plan] = f"{type(error).__name__}: {error}"
        journal.append({"study": place.name, "seconds": time.monotonic() - began})
    return refused


def _decided(claim: Claim, desk: Desk, refused: Sequence[str]) -> dict[str, Any]:
    """Returns the finding and the seconds of a claim; runs in a worker."""
    if refused:
        raise StoreError(f"a study that it reads could not be run: {'; '.join(refused)}")
    began = processor_seconds()
    found = claim.judge(desk)
    results = [desk.results(plan) for plan in claim.studies]
    remarks = filter(None, (found.remark, notes_on(*results)))
    finding = without(found, [name for each in results for name in left_out(each)])
    finding = replace(finding, remark=" ".join(remarks))
    return {"finding": finding.json(), "seconds": processor_seconds() - began}
