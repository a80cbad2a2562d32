"""Tables of benchmarks: written with words, and described in them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nascast.cli._options import check_free

__all__ = ["check_target", "marks", "task_words", "write"]


def check_target(out: Path, force: bool) -> None:
    """Refuses a path that cannot be written, or without `force` replaced, before any work."""
    from nascast.core.errors import StoreError

    if out.suffix != ".nascast":
        raise StoreError(f"--out: tables end in .nascast; got {out}")
    check_free(out, force)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {out.parent}: {error.strerror}") from error
    if not os.access(out.parent, os.W_OK):
        raise StoreError(f"cannot write into {out.parent}; choose another --out")


def write(table: Any, out: Path) -> None:
    from nascast.benchmarks.table import write_table
    from nascast.core.errors import StoreError

    try:
        write_table(table, out)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror}") from error


def marks(epochs: Sequence[int]) -> str:
    return f"{epochs[0]} … {epochs[-1]}" if len(epochs) > 3 else ", ".join(map(str, epochs))


def task_words(task: Mapping[str, Any]) -> str:
    """Writes the fields of a task for people."""
    skeleton = "".join(f", {key}={value}" for key, value in task["skeleton"].items())
    if "words" in task:
        return f"text of {task['words']:,} different words{skeleton}"
    shape = " × ".join(map(str, task["input_shape"]))
    return f"images of {shape}, {task['classes']} classes{skeleton}"
