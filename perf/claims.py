"""The table of verdicts in docs/reproduce.md, from a finished ledger.

Run: python perf/claims.py runs/claims [--trials 10] [--seed 0] [--into docs/reproduce.md]

Without ``--into`` it is printed. Claims that the ledger does not have are listed as not measured.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nascast
from nascast.studies.claims.catalogue import CLAIMS
from nascast.studies.claims.claim import Scale
from nascast.studies.claims.run import Entry, kept, studies_seconds

MARK = "<!-- verdicts -->\n"  # all that follows is made anew


def lines(entries: list[Entry], scale: Scale) -> Iterator[str]:
    """Yields the parts of the section."""
    counts = Counter(str(entry.finding.verdict) for entry in entries if entry.finding)
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    seconds = sum(entry.seconds for entry in entries)
    shared = studies_seconds(entries)
    yield f"nascast {nascast.__version__}, {scale.trials} trials or seeds, seed {scale.seed}. "
    yield f"{len(entries)} of {len(CLAIMS)} claims: {told}. They took {seconds:,.0f} processor "
    yield f"seconds, and their studies at least {shared:,.0f} seconds of a shared machine's "
    yield "clock.\n"
    for entry in entries:
        verdict = str(entry.finding.verdict) if entry.finding else f"failed: {entry.error}"
        yield f"\n**`{entry.claim.name}` {verdict}.** {entry.claim.statement} "
        yield f"({entry.claim.source}.)"
        if entry.finding:
            yield f"\n{entry.finding.reason}"
        yield "\n"
    missing = [claim.name for claim in CLAIMS if claim not in [entry.claim for entry in entries]]
    if missing:
        yield f"\nNot measured yet: {', '.join(f'`{name}`' for name in missing)}.\n"


def main() -> None:
    """Prints the section, or writes it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path)
    options = parser.parse_args()
    scale = Scale(options.trials, options.seed)
    text = "".join(lines(kept(CLAIMS, options.ledger, scale), scale))
    if options.into is None:
        print(text)
        return
    head, _, _ = options.into.read_text(encoding="utf-8").partition(MARK)
    options.into.write_text(f"{head}{MARK}\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
