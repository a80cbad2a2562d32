"""Runs the fuzzer by hand: ``python -m tests.fuzz --inputs 20000``.

It prints a line for each format and ends with status 1 if there was a crash, a hang of over 20
seconds, more than 1 GiB of memory, an error that is not ours, or, in a format with a checksum, a
change that went unnoticed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is imported: a process with threads is not forked

from tests.fuzz.attack import attack  # noqa: E402
from tests.fuzz.targets import targets  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="in all")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="after which it ends")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="formats whose name has this in it")
    parser.add_argument("--faults", type=int, default=5, help="of each format that are shown")
    given = parser.parse_args()
    total: Counter[str] = Counter()
    faults = 0
    with tempfile.TemporaryDirectory(prefix="nascast-fuzz-") as name:
        folder = Path(name)
        every = targets(folder, given.only)
        ends = time.monotonic() + given.seconds  # making the files took some, too
        for i, target in enumerate(every):
            share = (ends - time.monotonic()) / (len(every) - i)
            began = time.monotonic()
            until = began + share
            count = attack(
                target,
                range(-(-given.inputs // len(every))),
                given.seed,
                folder,
                until=lambda end=until: time.monotonic() > end,  # type: ignore[misc]
            )
            total += count.verdicts
            faults += len(count.faults)
            told = ", ".join(f"{n} {verdict}" for verdict, n in sorted(count.verdicts.items()))
            print(f"{target.name}: {told}; {time.monotonic() - began:.0f} s", flush=True)
            for fault in count.faults[: given.faults]:
                print(f"  {fault}", flush=True)
    told = ", ".join(f"{n} {verdict}" for verdict, n in sorted(total.items()))
    print(f"{sum(total.values())} inputs of {len(every)} formats: {told}; {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
