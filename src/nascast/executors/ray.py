"""Calls on a Ray cluster, or on a Ray of this machine alone."""

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nascast.core.errors import InvalidSettingError
from nascast.core.executor import Done, Executor
from nascast.core.termination import keeping_handler

__all__ = ["Ray"]

# What an HTTP/2 client says first, with empty settings, and where an answer has its kind: RFC 9113.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_HEAD, _KIND, _SETTINGS = 9, 3, 4

# Ray from 2.59 on can ask for one: https://docs.ray.io/en/latest/ray-security/token-auth.html.
_TOKEN = (
    "; if the cluster asks for a token, set RAY_AUTH_MODE=token here too, and put the cluster's "
    "token (`ray get-auth-token` there) into RAY_AUTH_TOKEN or ~/.ray/auth_token"
)

_Node = Mapping[str, Any]  # as Ray tells of one


@dataclass
class _Task:
    name: Hashable
    call: Callable[[], Any]
    began: float
    died: bool = False


class Ray(Executor):
    """Runs calls as Ray tasks; calls and results must pickle, and nascast be on every node.

    Losing a node costs what ran there, which runs again on others. A call whose worker dies for
    another reason runs once more, as with `Processes`; one that Ray ends for want of memory does
    not. If no node is left that could run a call, Ray waits for one.

    A process has at most one Ray: one that it is connected to already is used, whatever the
    address, and left as it is. Otherwise the connection ends with `close`. A Ray started here has
    no dashboard, sends no usage statistics, and listens on the loopback address only, unless
    another part of the process imported ray before.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        address: str | None = None,
        cpus: float = 1.0,
        gpus: float | None = 0.0,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connects, or starts a Ray on this machine.

        Args:
            workers: number of calls at a time; None is as many as the cluster has room for.
            address: address of a cluster, as ``host:port`` or ``auto``; None starts a Ray here.
            cpus: number of cores for each call, which may be a fraction.
            gpus: number of GPUs for each call, which may be a fraction; a call without one sees
                none. None is 1 where a node has a GPU, else 0.
            timeout: seconds to wait for a cluster to answer.
            clock: function that returns monotonic seconds.

        Raises:
            InvalidSettingError: there is no cluster at the address, or none with such nodes.
        """
        least, most = min(cpus, gpus or 0.0), max(cpus, 1.0 if gpus is None else gpus)
        if (workers is not None and workers < 1) or not (least >= 0 and 0 < most < math.inf):
            raise InvalidSettingError(
                f"expected at least 1 worker with some of a core or GPU; got {workers} workers "
                f"with {cpus} cores and {gpus} GPUs"
            )
        self._workers = workers
        self._clock = clock
        self.cpus = cpus
        self._nodes: dict[str, str] = {}  # addresses of the living ones
        self._address, self._timeout = address, timeout
        self._tasks: dict[Any, _Task] = {}  # by the reference to the result
        self._ours = False
        self._connect()
        import ray

        nodes = _living()
        if gpus is None:
            has_one = any(node["Resources"].get("GPU", 0) >= 1 for node in nodes)
            gpus = 1.0 if not cpus or has_one else 0.0
        self.gpus, self._needs = gpus, {"CPU": cpus, "GPU": gpus}
        self._run = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=0)(_answer)
        if not _room(nodes, self._needs):
            self.close()
            raise InvalidSettingError(
                f"no node of the Ray cluster has {cpus:g} cores and {gpus:g} GPUs for a call; give "
                "a call less"
            )

    def _connect(self) -> None:
        """Connects, also after `close`."""
        cores = self._workers and math.ceil(self._workers * self.cpus)
        self._ours = _connect(self._address, cores, self._timeout) or self._ours

    @property
    def workers(self) -> int:  # type: ignore[override]
        """The number of calls that run at a time; by default it follows the cluster's nodes."""
        self._connect()
        nodes = _living()
        self._look(nodes)
        return self._workers or max(1, _room(nodes, self._needs))

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self._connect()
        self._start(_Task(task, call, self._clock()))

    def _start(self, task: _Task) -> None:
        self._tasks[self._run.remote(task.call, not self.gpus)] = task

    def collect(self) -> list[Done]:
        import ray

        done: list[Done] = []
        while not done and self._tasks:
            ray.wait(list(self._tasks), num_returns=1)
            ready, _ = ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
            for reference in ready:
                done += self._receive(reference, self._tasks.pop(reference))
        return done

    def _receive(self, reference: Any, task: _Task) -> list[Done]:
        import ray
        from ray import exceptions

        value: Any = None
        try:
            value, error = ray.get(reference)
        except exceptions.RayTaskError as failure:  # a call that raised is an answer, see _answer
            cause = failure.cause
            error = f"its result cannot be sent, {type(cause).__name__}: {cause}"
        except exceptions.OutOfMemoryError:
            error = "its worker was ended because its node ran out of memory"
        except (exceptions.NodeDiedError, exceptions.ObjectLostError):
            self._start(task)
            return []
        except exceptions.WorkerCrashedError:
            if not task.died:
                task.died = True
                self._incidents.append(f"the worker of {task.name} died; it runs again")
                self._start(task)
                return []
            error = "its worker died twice"
        end = self._clock()
        return [Done(task.name, value, error, end, end - task.began)]

    def _look(self, nodes: Sequence[_Node]) -> None:
        """Notes which nodes were lost since the last time, and which are new."""
        now = {node["NodeID"]: node["NodeManagerAddress"] for node in nodes}
        for lost in self._nodes.keys() - now.keys():
            left = f"{len(now)} node{'s' * (len(now) != 1)} left"
            self._incidents.append(f"lost node {lost[:8]} at {self._nodes[lost]}, {left}")
        self._nodes = now

    def now(self) -> float:
        return self._clock()

    def close(self) -> None:
        import ray

        for reference in self._tasks:
            ray.cancel(reference, force=True)
        self._tasks.clear()
        if self._ours:
            ray.shutdown()
            self._ours = False


def _answer(call: Callable[[], Any], hidden: bool) -> tuple[Any, str | None]:
    """Returns the value or the error of a call; runs on a worker, where GPUs may be hidden."""
    if hidden:  # it has none to itself, and would take that of another call
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        return call(), None
    except BaseException as failure:  # a failed call is data; the caller decides
        return None, f"{type(failure).__name__}: {failure}"


def _living() -> list[_Node]:
    """Returns what Ray tells of each living node."""
    import ray

    nodes: list[_Node] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node for node in nodes if node["Alive"]]


def _room(nodes: Sequence[_Node], needs: Mapping[str, float]) -> int:
    """Returns the number of calls that nodes have room for at a time."""
    return sum(
        min(
            int(node["Resources"].get(kind, 0) / need + 1e-6)  # 0.6 of 0.2 is 3
            for kind, need in needs.items()
            if need
        )
        for node in nodes
    )


def _connect(address: str | None, cpus: int | None, timeout: float) -> bool:
    """Connects this process to Ray; returns whether it was not connected before."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns without GPUs
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # `Done` tells what died; no prints
    if address is None:
        # Where Ray has no clusters it listens on the loopback address; on Linux if told so before
        # it is imported. The address of a node that can be set is not used for listening.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        # Else at 15: beside any other program each call gets a thirtieth of a core, and seems hung.
        os.environ.setdefault("RAY_worker_niceness", "0")
    import ray

    if ray.is_initialized():
        return False
    if address is not None and address != "auto":
        _check_answers(address, timeout)
    settings: dict[str, Any] = {}
    if address is None:
        settings = {"num_cpus": cpus, "include_dashboard": False}
    try:
        with keeping_handler():  # that of Ray ends the process in silence
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                **settings,
            )
    except _refusals() as error:
        where = f"at {address}" if address else "on this machine"
        hint = _TOKEN if address else ""
        raise InvalidSettingError(f"no connection to Ray {where}: {error}{hint}") from error
    return True


def _refusals() -> tuple[type[Exception], ...]:
    """Returns what Ray raises where there is no connection; earlier ones ask for no token."""
    from ray import exceptions

    unknown: type[Exception] = getattr(exceptions, "AuthenticationError", ConnectionError)
    return ConnectionError, RuntimeError, ValueError, unknown


def _check_answers(address: str, timeout: float) -> None:
    """Raises unless something speaks HTTP/2 there, as gRPC does; Ray itself would try for minutes.

    Raises:
        InvalidSettingError: no Ray answers; the message says what does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal() or int(port) >= 2**16:
        raise InvalidSettingError(
            f"expected the address of a Ray cluster as host:port, or auto; got {address!r}"
        )
    from ray.util import get_node_ip_address

    host = host.strip("[]")
    if host in ("localhost", "127.0.0.1", "::1"):
        host = str(get_node_ip_address())  # type: ignore[no-untyped-call]  # as Ray takes it
    try:
        with socket.create_connection((host, int(port)), timeout) as connection:
            if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
                return
            connection.settimeout(timeout)
            connection.sendall(_HELLO)
            answer = connection.recv(_HEAD)
    except OSError as error:
        raise InvalidSettingError(
            f"no Ray cluster answers at {host}:{port}: {error}; begin one with `ray start "
            "--head`, and give the address that it prints"
        ) from error
    if len(answer) <= _KIND or answer[_KIND] != _SETTINGS:
        raise InvalidSettingError(f"what answers at {address} is not Ray; check the port")
