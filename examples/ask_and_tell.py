"""A search by commands: whatever runs a program can propose, train and tell."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nascast


def command(*words: str, told: object = None) -> Any:
    """Returns what ``nascast`` prints."""
    line = [sys.executable, "-m", "nascast", *words]
    done = subprocess.run(line, input=json.dumps(told), text=True, stdout=subprocess.PIPE)
    done.check_returncode()
    return json.loads(done.stdout)


def trained(architecture: str) -> dict[str, Any]:
    """Returns what your own training would; here a recorded one."""
    row = bench.space.from_text([architecture])
    return {"metrics": {"val_accuracy": bench.query(row, "val_accuracy")[0]}}


bench = nascast.load("benchmark", "nb201-mini")
with tempfile.TemporaryDirectory() as place:
    folder = str(Path(place) / "run")
    begin = ["--benchmark", "nb201-mini", "--strategy", "local_search", "--evaluations", "6"]
    asked = command("ask", folder, *begin, "-n", "3")
    while asked["candidates"]:
        results = [{"id": c["id"], **trained(c["architecture"])} for c in asked["candidates"]]
        stands = command("tell", folder, told=results)
        asked = command("ask", folder, "-n", "3")
    print(f"{asked['why']}: best {stands['best']}")
