"""Tables that appear together or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["staged"]

_STAGE = ".part-"


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yields a folder inside `folder`, to which all tables in it move together at the end.

    After an error nothing of it is left. A folder left by a killed process is removed by the next.
    """
    for old in folder.glob(f"{_STAGE}*"):
        if not _runs(old.name.removeprefix(_STAGE).partition("-")[0]):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{_STAGE}{os.getpid()}-") as stage:
        yield Path(stage)
        for table in sorted(Path(stage).glob("*.nascast")):
            os.replace(table, folder / table.name)


def _runs(pid: str) -> bool:
    """Returns whether a process is alive, as far as can be known."""
    if os.name != "posix" or not pid.isdigit():
        return os.name != "posix"
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
