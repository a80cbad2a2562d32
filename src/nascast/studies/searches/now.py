"""What a search does now: a file that it keeps current, for views in other processes."""

import os
import platform
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from nascast.core.errors import NascastError, StoreError
from nascast.runner import Step
from nascast.training.files import read_record, write_record
from nascast.training.running import forget

__all__ = ["RUNNING", "Now", "Writer", "read_now"]

RUNNING = "running"  # folder in a search's folder, which is there while it runs
_STATE = "search.json"
_OURS = re.compile(r"(search|[0-9]+)\.json(\.[0-9]+)?")  # whole, or as it is being written
_ADVICE = "it is written again at the next trial"
_ENDED = "ended"  # in place of what tells a process from later ones
_MOST_PROCESSES = 2**22  # of Linux, proc_sys_kernel(5); a larger number is garbled


@dataclass(frozen=True, slots=True)
class Now:
    """What a search does now.

    Attributes:
        run: name of the run that goes on; empty before the first one does.
        metric: metric of the first objective.
        workers: number of workers.
        evaluations: number of trials of each run, or None.
        finished: number of trials of the run that have finished.
        failed: number of those that have failed.
        error: error of the last one that failed; empty if none did.
        incident: what befell workers last; empty if nothing did.
        clock: seconds since the run began, when this was written.
        running: seconds on that clock when each trial that runs was begun, by its number.
        written: seconds since the epoch when this was written.
        process: number of the process that searches.
        host: name of its machine.
        born: what tells it from later processes of its number, see `_born`.
    """

    run: str
    metric: str
    workers: int
    evaluations: int | None
    finished: int = 0
    failed: int = 0
    error: str = ""
    incident: str = ""
    clock: float = 0.0
    running: Mapping[int, float] = field(default_factory=dict)
    written: float = field(default_factory=time.time)
    process: int = field(default_factory=os.getpid)
    host: str = field(default_factory=platform.node)
    born: str = field(default_factory=lambda: _born(os.getpid()))

    @property
    def queued(self) -> int | None:
        """The number of trials that are still to be begun; None where none is set."""
        if self.evaluations is None:
            return None
        return max(0, self.evaluations - self.finished - len(self.running))

    def elapsed(self, trial: int | None = None) -> float:
        """Returns the seconds since a trial that runs was begun; of None, since the run was."""
        began = 0.0 if trial is None else self.running[trial]
        return self.clock - began + max(0.0, time.time() - self.written)

    def is_alive(self) -> bool:
        """Returns whether its process is there; of another machine nothing else is known."""
        if self.host != platform.node():
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return _born(self.process) in (self.born, "")


class Writer:
    """Keeps the folder `RUNNING` of a search current while it runs, and removes it at the end."""

    def __init__(self, out: Path, metric: str, workers: int, evaluations: int | None) -> None:
        """Begins with no run.

        Args:
            out: folder of the search.
            metric: metric of the first objective.
            workers: number of workers.
            evaluations: number of trials of each run, or None.
        """
        self._folder, self._now = out / RUNNING, Now("", metric, workers, evaluations)

    def __enter__(self) -> "Writer":
        """Begins with a folder that says no more than that this process searches.

        Raises:
            StoreError: another process of this machine searches there.
        """
        out, other = self._folder.parent, read_now(self._folder.parent)
        if other is not None and other.host == platform.node() and other.process != os.getpid():
            raise StoreError(
                f"process {other.process} searches in {out}; watch it with `nascast watch {out}`, "
                "wait for its end or stop it, or choose another --out"
            )
        _clear(self._folder)  # of a search that was killed
        with suppress(OSError):
            self._folder.mkdir(parents=True)
        self._write()  # a first step may take minutes, in which another search could begin
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _clear(self._folder)

    def __call__(self, run: str, step: Step, incidents: Sequence[str] = ()) -> None:
        """Writes what the search does after a step of a run."""
        before = self._now
        if run != before.run:
            before = Now(run, before.metric, before.workers, before.evaluations)
        errors = [trial.evaluation.error for trial in step.trials if trial.evaluation.error]
        self._now = replace(
            before,
            finished=before.finished + len(step.trials),
            failed=before.failed + len(errors),
            error=[before.error, *errors][-1],
            incident=[before.incident, *incidents][-1],
            clock=step.clock,
            running=dict(step.running),
            written=time.time(),
        )
        for trial in before.running.keys() - step.running.keys():
            forget(self._folder, trial)
        self._write()

    def _write(self) -> None:
        with suppress(StoreError):  # a view is worth less than the search
            write_record(self._folder / _STATE, asdict(self._now), lasting=False)


def read_now(out: Path) -> Now | None:
    """Returns what the search in a folder does now; None if none runs there."""
    try:
        now = _told(read_record(out / RUNNING / _STATE, (), _ADVICE))
    except NascastError:  # not there, or just being removed
        return None
    return now if now is not None and now.is_alive() else None


def _told(record: Mapping[str, Any]) -> Now | None:
    """Returns what a record tells; None where it is not what a `Writer` writes."""
    like = asdict(Now("", "", 1, None))
    if record.keys() != like.keys():
        return None
    with suppress(TypeError, ValueError, OverflowError, AttributeError):
        kinds = {name: type(value) for name, value in like.items() if value is not None}
        found = {name: kind(record[name]) for name, kind in kinds.items()}
        found["running"] = {int(n): float(began) for n, began in record["running"].items()}
        total = record["evaluations"]
        found["evaluations"] = None if total is None else int(total)
        if 0 < found["process"] <= _MOST_PROCESSES:
            return Now(**found)
    return None


def _clear(folder: Path) -> None:
    """Removes what searches write into their folder, and it too, unless it holds something else."""
    with suppress(OSError):
        for file in folder.iterdir():
            if _OURS.fullmatch(file.name):
                file.unlink(missing_ok=True)
        folder.rmdir()


def _born(process: int) -> str:
    """Returns the boot and the tick in it when a process began; empty where the system is silent.

    One that ended stays in the list of processes, as `_ENDED`, until its parent takes note of it.
    After a boot, and in a container that begins again, other processes soon have the same numbers.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        if status[0] in "XZ":  # it has ended, and its parent never asks how
            return _ENDED
        return f"{boot} {status[19]}"  # field 22, see proc_pid_stat(5); 2 stand before the bracket
    return ""
