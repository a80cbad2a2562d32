"""Calls as jobs of a Slurm cluster, through submitit."""

import math
import shutil
import signal
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.core.errors import InvalidSettingError
from nascast.core.executor import Done, Executor
from nascast.core.extras import check_extra
from nascast.core.termination import TERMINATED, may_handle

__all__ = ["Slurm"]

_WORKERS = 8  # jobs at a time, where none is said; chosen
_LATE = "timed-out"  # in what submitit says of a job that took longer than its limit
_PAUSES = {"slurm": 2.0, "local": 0.1}  # seconds between two looks at the jobs; chosen


@dataclass(eq=False)
class _Task:
    name: Hashable
    call: Callable[[], Any]
    began: float
    job: Any = None
    died: bool = False


class Slurm(Executor):
    """Runs each call as a job of Slurm; what it pickles and logs stands in a shared folder.

    A job that is preempted is queued again by submitit, and its call runs from its beginning; one
    that takes longer than `minutes` comes back with an error. A job that ends without an answer,
    for want of memory or with its node, runs once more. Seconds of a call have its wait in the
    queue in them; evaluators count their own.

    SIGTERM, by which a login node or a batch job ends this process, cancels the jobs; then it does
    what the program has it do, or exits with the status 143.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        folder: str = "slurm",
        partition: str = "",
        minutes: int = 1440,
        cpus: int = 1,
        gpus: int = 0,
        memory: float | None = None,
        cluster: str = "slurm",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares the jobs; none is submitted yet.

        Args:
            workers: number of jobs at a time; None is 8.
            folder: folder for what goes to jobs and comes from them, which all nodes see.
            partition: partition to submit to; empty is the default one.
            minutes: time limit of a job.
            cpus: number of cores for each call.
            gpus: number of GPUs for each call.
            memory: memory in GiB for each call; None is the cluster's default.
            cluster: ``slurm``, or ``local`` for processes of this machine, which tries the same
                way without a cluster.
            clock: function that returns monotonic seconds.

        Raises:
            MissingExtraError: submitit is not installed.
            InvalidSettingError: a number is out of range, or there is no Slurm here.
        """
        check_extra("submitit", "slurm", "the executor slurm")
        self.workers = _WORKERS if workers is None else workers
        self.folder, self.partition, self.minutes = folder, partition, minutes
        self.cpus, self.gpus, self.memory, self.cluster = cpus, gpus, memory, cluster
        self._clock = clock
        self._tasks: list[_Task] = []  # those that run; others wait
        self._queue: list[_Task] = []
        self._check()
        self._jobs = self._opened()
        self._submitting = self._ended = False
        self._watch()

    def _check(self) -> None:
        if min(self.workers, self.minutes, self.cpus) < 1 or self.gpus < 0:
            raise InvalidSettingError(
                "expected at least 1 worker with at least 1 core and 1 minute; got "
                f"{self.workers} workers with {self.cpus} cores, {self.gpus} GPUs and "
                f"{self.minutes} minutes"
            )
        if self.memory is not None and not 0 < self.memory < math.inf:
            raise InvalidSettingError(f"memory is a number of GiB above 0; got {self.memory}")
        if self.cluster not in _PAUSES:
            raise InvalidSettingError(f"cluster is slurm or local; got {self.cluster!r}")
        if self.cluster == "slurm" and shutil.which("sbatch") is None:
            raise InvalidSettingError(
                "there is no Slurm here (the command sbatch is not found); run this on a login "
                "node, or try the same on this machine with cluster=local"
            )

    def _opened(self) -> Any:
        import submitit

        Path(self.folder).mkdir(parents=True, exist_ok=True)
        jobs = submitit.AutoExecutor(folder=Path(self.folder).resolve(), cluster=self.cluster)
        jobs.update_parameters(
            name="nascast",
            timeout_min=self.minutes,
            cpus_per_task=self.cpus,
            gpus_per_node=self.gpus or None,
            mem_gb=self.memory,
            slurm_partition=self.partition or None,
        )
        return jobs

    def _watch(self) -> None:
        """Has SIGTERM cancel the jobs, which would go on without this process."""
        self._before = signal.getsignal(signal.SIGTERM)
        if may_handle() and self._before not in (signal.SIG_IGN, None):
            signal.signal(signal.SIGTERM, self._end)

    def _end(self, *arguments: object) -> None:
        self._ended = True
        if not self._submitting:  # else once it is known which job that was
            self.close()
            if callable(self._before):
                self._before(signal.SIGTERM, None)
            raise SystemExit(TERMINATED)

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self._queue.append(_Task(task, call, self._clock()))
        self._feed()

    def _feed(self) -> None:
        while self._queue and len(self._tasks) < self.workers:
            task = self._queue.pop(0)
            task.began, self._submitting = self._clock(), True
            try:
                task.job = self._jobs.submit(_answer, task.call)
                self._tasks.append(task)
            finally:
                self._submitting = False
            if self._ended:
                self._end()

    def collect(self) -> list[Done]:
        done: list[Done] = []
        while self._tasks and not done:
            ready = [task for task in self._tasks if task.job.done()]
            for task in ready:
                self._tasks.remove(task)
                done += self._receive(task)
            self._feed()
            if not done:
                time.sleep(_PAUSES[self.cluster])
        return done

    def _receive(self, task: _Task) -> list[Done]:
        value, error, whole = self._result(task.job)
        if not whole and not task.died:
            task.died = True
            self._incidents.append(f"the job of {task.name} died; it runs again")
            self._queue.insert(0, task)
            return []
        end = self._clock()
        return [Done(task.name, value, error, end, end - task.began)]

    def _result(self, job: Any) -> tuple[Any, str | None, bool]:
        """Returns value and error of a job that ended, and whether running it again is no use."""
        from submitit.core.utils import UncompletedJobError

        nothing = f"its job {job.job_id} ended without an answer"
        if self.cluster == "local" and not job.paths.result_pickle.exists():
            return None, nothing, False  # on a cluster the file may still be on its way
        try:
            return *job.result(), True
        except UncompletedJobError as failure:
            late = _LATE in str(failure)
            limit = f"its job {job.job_id} took more than {self.minutes} minutes"
            return None, limit if late else nothing, late

    def now(self) -> float:
        return self._clock()

    def close(self) -> None:
        if may_handle() and signal.getsignal(signal.SIGTERM) == self._end and not self._ended:
            signal.signal(signal.SIGTERM, self._before)
        self._queue.clear()
        for task in self._tasks:
            task.job.cancel(check=False)
        while self.cluster == "local" and not all(task.job.done() for task in self._tasks):
            time.sleep(_PAUSES["local"])
        self._tasks.clear()


def _answer(call: Callable[[], Any]) -> tuple[Any, str | None]:
    """Returns the value or the error of a call; runs in a job."""
    try:
        return call(), None
    except Exception as failure:  # a failed call is data; what submitit raises to end a job is not
        if type(failure).__module__.startswith("submitit."):
            raise
        return None, f"{type(failure).__name__}: {failure}"
