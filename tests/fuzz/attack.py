"""Runs mutated files through readers, in processes that may crash, and counts what happened."""

import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tests.fuzz.mutations import mutate
from tests.fuzz.target import Target

from nascast.core.errors import NascastError

__all__ = ["Count", "attack"]

HANGS = 20.0  # seconds
MOST = 2**30  # bytes of memory
_BATCH = 200  # inputs for one process; chosen
_LEAST = 5  # inputs of each format, also where there is no time; chosen
_FAULTS = ("crash", "hang", "memory", "foreign", "silent")


@dataclass
class Count:
    """What happened to the inputs of one format.

    Attributes:
        verdicts: how many had which end.
        faults: what is wrong, by the number of the input.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, verdict: str, number: int, what: str) -> None:
        self.verdicts[verdict] += 1
        if verdict in _FAULTS:
            self.faults.append(f"input {number}: {verdict} {what}")


def attack(
    target: Target, numbers: range, seed: int, folder: Path, *, until: Callable[[], bool]
) -> Count:
    """Reads one mutated file for each number; the same for the same seed.

    A few are read however late it is.

    Args:
        target: the format.
        numbers: of the inputs.
        seed: of all of them.
        folder: to work in.
        until: ends it early.
    """
    count = Count()
    at = numbers.start
    while at < numbers.stop and (at - numbers.start < _LEAST or not until()):
        size = _BATCH if at - numbers.start >= _LEAST else _LEAST
        at = _batch(target, range(at, min(at + size, numbers.stop)), seed, folder, count)
    return count


def _batch(target: Target, numbers: range, seed: int, folder: Path, count: Count) -> int:
    """Reads some inputs in one process, and returns the number of the next one."""
    get, put = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(get)
        try:
            _work(target, numbers, seed, folder, put)
        except BaseException:
            os.write(put, b"foreign the sound file " + traceback.format_exc().encode()[-900:])
        os._exit(1)  # nothing of the parent is run on
    os.close(put)
    at, rest = numbers.start, b""
    try:
        while at < numbers.stop:
            ready = select.select([get], [], [], HANGS)[0]
            piece = os.read(get, 2**16) if ready else b""
            rest += piece
            *lines, rest = rest.split(b"\n")
            for line in lines:
                verdict, _, what = line.decode(errors="replace").partition(" ")
                count.add(verdict, at, what)
                at += 1
            if not piece:
                verdict = "crash" if ready else "hang"
                if rest:
                    raise RuntimeError(rest.decode(errors="replace"))
                count.add(*_again(target, at, seed, folder, verdict))
                return at + 1
            if count.verdicts and lines and lines[-1].startswith(b"memory"):
                return at
    finally:
        os.close(get)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for left in folder.glob("input-*"):
            shutil.rmtree(left, ignore_errors=True)
    return at


def _again(
    target: Target, number: int, seed: int, folder: Path, verdict: str
) -> tuple[str, int, str]:
    """Tries what crashed a process in the way that users go, which has one of its own for it."""
    if target.apart is None:
        return verdict, number, ""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = _write(target, number, seed, Path(place))
        began = time.monotonic()
        try:
            target.apart(path)
        except NascastError as error:
            late = time.monotonic() - began > HANGS
            return ("hang" if late else "contained"), number, str(error)[:200]
        return verdict, number, "also apart"


def _write(target: Target, number: int, seed: int, folder: Path) -> Path:
    rng = np.random.default_rng([seed, number, *target.name.encode()])
    path = folder / target.file
    path.write_bytes(target.pack(mutate(target.content, rng)))
    return path


def _work(target: Target, numbers: range, seed: int, folder: Path, put: int) -> None:
    """Reads inputs and tells of each how it ended; the process ends with it."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    place = Path(tempfile.mkdtemp(dir=folder, prefix="input-"))
    sound = place / "sound"
    sound.mkdir()
    (sound / target.file).write_bytes(target.pack(target.content))
    wanted = target.read(sound / target.file)
    for number in numbers:
        folder = place / str(number)
        folder.mkdir()
        verdict = _judge(target, _write(target, number, seed, folder), wanted)
        shutil.rmtree(folder, ignore_errors=True)
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MOST:
            verdict = f"memory after {verdict}"
        os.write(put, verdict.encode(errors="replace").replace(b"\n", b" ") + b"\n")
    os._exit(0)


def _judge(target: Target, path: Path, wanted: bytes) -> str:
    try:
        found = target.read(path)
    except NascastError as error:
        return f"refused {type(error).__name__}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "/nascast/" in f.filename]
        at = ours[-1] if ours else last
        place = f"{Path(at.filename).name}:{at.lineno}"
        return f"foreign {type(error).__name__}: {error!s:.100} at {place}"
    if found == wanted:
        return "same"
    return "silent" if target.checked else "read"
