"""Ray on two local nodes, one of which is lost, and addresses where there is none."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.executor import Done, Executor
from nascast.executors.ray import Ray
from nascast.runner import Budget, run
from nascast.stores.memory import Memory
from nascast.strategies.random import RandomSearch
from nascast.testing.doubles import TinyBenchmark

pytest.importorskip("ray")


@pytest.fixture(autouse=True)
def _never_hang() -> Iterator[None]:
    def give_up(*arguments: object) -> None:
        raise TimeoutError("waited two minutes for Ray")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 120)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


def collect(executor: Executor, count: int) -> dict[Any, Done]:
    found: dict[Any, Done] = {}
    while len(found) < count:
        done = executor.collect()
        assert done, f"{count - len(found)} of {count} tasks never came back"
        found |= {one.task: one for one in done}
    return found


@contextmanager
def listening(answer: bytes) -> Iterator[str]:
    """Something else than Ray at an address: it gives every caller the same answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_nothing_answers_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(InvalidSettingError, match=rf"no Ray .* at 127.0.0.1:{port}.*ray start"):
        Ray(address=f"127.0.0.1:{port}")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\0"])
def test_something_else_answers_at_the_address(answer: bytes) -> None:
    with (
        listening(answer) as address,
        pytest.raises(InvalidSettingError, match="is not Ray; check the port"),
    ):
        Ray(address=address)


ASKED = """
import socket, sys
from threading import Thread

from ray.util import get_node_ip_address

from nascast.core.errors import InvalidSettingError
from nascast.executors.ray import Ray

server = socket.create_server((get_node_ip_address(), 0))
host, port = server.getsockname()


def serve():
    connection, _ = server.accept()
    connection.recv(1000)
    connection.sendall(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))  # as gRPC answers


Thread(target=serve, daemon=True).start()
try:
    Ray(address=f"{host}:{port}")
except InvalidSettingError as error:
    sys.exit(str(error))
"""


def test_one_who_lacks_the_token_is_told_where_it_goes(tmp_path: Path) -> None:
    """Ray itself refuses to ask a cluster without the token that it was told to have."""
    pytest.importorskip("ray", minversion="2.59")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        env={**kept, "HOME": str(tmp_path), "RAY_AUTH_MODE": "token"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "no connection to Ray at" in done.stderr
    assert "`ray get-auth-token` there) into RAY_AUTH_TOKEN" in done.stderr


@pytest.mark.parametrize("address", ["localhost", "here:port", ":6379", "here:99999", ""])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidSettingError, match="as host:port, or auto; got"):
        Ray(address=address)


@pytest.mark.parametrize("settings", [{"workers": 0}, {"cpus": 0.0}, {"cpus": -1.0, "gpus": 1.0}])
def test_settings_out_of_range(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match="at least 1 worker with some of a core or GPU"):
        Ray(**settings)


def test_a_closed_executor_connects_again(ray_cluster: Any) -> None:
    import ray

    executor = Ray(address=ray_cluster.address)
    executor.submit("a", partial(abs, -1))
    assert collect(executor, 1)["a"].value == 1
    executor.submit("dropped", partial(time.sleep, 100))
    executor.close()
    assert not ray.is_initialized()
    assert executor.collect() == []
    with executor:
        executor.submit("b", partial(abs, -2))
        assert collect(executor, 1)["b"].value == 2
    assert not ray.is_initialized()


def test_there_are_as_many_workers_as_have_room(ray_connected: Any) -> None:
    assert Ray().workers == 2
    assert Ray(cpus=0.2).workers == 10
    assert Ray(7).workers == 7


def test_a_call_that_no_node_has_room_for(ray_connected: Any) -> None:
    for cpus, gpus in ((1.0, 1.0), (2.0, 0.0)):
        with pytest.raises(InvalidSettingError, match="no node of the Ray cluster has"):
            Ray(cpus=cpus, gpus=gpus)


def test_calls_go_where_a_gpu_is_and_share_it(ray_connected: Any) -> None:
    """A node says that it has a GPU, which it does not: Ray only counts."""

    def seen() -> str:  # sent by value, as it is nested
        return os.environ.get("CUDA_VISIBLE_DEVICES", "all")

    node = ray_connected.add_node(num_cpus=2, num_gpus=1, node_ip_address="127.0.0.1")
    try:
        one_each = Ray(gpus=None)
        assert (one_each.gpus, one_each.workers) == (1.0, 1)
        with Ray(cpus=0.5, gpus=0.25) as executor:
            assert executor.workers == 4
            executor.submit("shared", seen)
            assert collect(executor, 1)["shared"].value == "0"
        with Ray() as executor:
            executor.submit("without", seen)
            assert collect(executor, 1)["without"].value == ""
    finally:
        ray_connected.remove_node(node)
    while Ray(gpus=None).gpus:  # it takes the cluster a moment to notice
        time.sleep(0.05)


def test_a_result_that_cannot_be_sent(ray_connected: Any) -> None:
    with Ray() as executor:
        executor.submit("lock", threading.Lock)
        executor.submit("exit", partial(sys.exit, "no more"))
        executor.submit("good", partial(abs, -1))
        found = collect(executor, 3)
    assert "result cannot be sent, TypeError" in (found["lock"].error or "")
    assert found["exit"].error == "SystemExit: no more"
    assert found["good"].value == 1


def test_a_search_on_two_nodes(ray_connected: Any) -> None:
    bench = TinyBenchmark()
    with Ray() as executor:
        trials = run(
            RandomSearch(bench.space),
            bench,
            executor=executor,
            store=Memory(),
            name="run",
            budget=Budget(10),
        )
    assert sorted(trial.id for trial in trials) == list(range(10))
    for trial in trials:
        assert trial.evaluation == bench.evaluate(trial.candidate)


def attempts_of(folder: Path) -> list[str]:
    return sorted(file.name.partition(" ")[0] for file in folder.glob("? *"))


def test_a_lost_node_costs_what_ran_there(ray_connected: Any, tmp_path: Path) -> None:
    """Four calls on two nodes, one of which is killed while it runs its first."""

    def call(name: str, doomed: str, folder: str) -> str:  # sent by value, as it is nested
        import ray

        node = str(ray.get_runtime_context().get_node_id())
        open(os.path.join(folder, f"{name} {time.time()}"), "w").close()
        while node == doomed or not os.listdir(os.path.join(folder, "doomed")):
            if node == doomed:
                open(os.path.join(folder, "doomed", name), "w").close()
            time.sleep(0.02)
        return node

    (node,) = ray_connected.worker_nodes
    (tmp_path / "doomed").mkdir()
    with Ray() as executor:
        assert executor.workers == 2
        for name in "abcd":
            executor.submit(name, partial(call, name, node.node_id, str(tmp_path)))
        found = collect(executor, 3)  # on the node that stays
        (lost,) = [file.name for file in (tmp_path / "doomed").iterdir()]
        ray_connected.remove_node(node, allow_graceful=False)
        try:
            found |= collect(executor, 1)
            while executor.workers > 1:  # it takes the cluster a moment to notice
                time.sleep(0.05)
        finally:
            ray_connected.add_node(num_cpus=1, node_ip_address="127.0.0.1")
        assert executor.collect() == []
        (told,) = executor.incidents()
        assert executor.incidents() == []
    assert told == f"lost node {node.node_id[:8]} at 127.0.0.1, 1 node left"
    assert found.keys() == set("abcd")
    assert {done.error for done in found.values()} == {None}
    assert {done.value for done in found.values()} == {ray_connected.head_node.node_id}
    assert attempts_of(tmp_path) == sorted(["a", "b", "c", "d", lost])


LOCAL = """
import os
import signal
from functools import partial
from nascast.executors.ray import Ray

signal.signal(signal.SIGTERM, print)
with Ray(2) as executor:
    import ray

    assert signal.getsignal(signal.SIGTERM) is print  # and not that of Ray

    assert executor.workers == 2
    addresses = [node["NodeManagerAddress"] for node in ray.nodes()]
    assert addresses == ["127.0.0.1"], addresses
    for k in range(3):
        executor.submit(k, partial(pow, k, 2))
    executor.submit("niceness", partial(os.nice, 0))
    found = {}
    while len(found) < 4:
        found |= {done.task: done.value for done in executor.collect()}
    assert found == {0: 0, 1: 1, 2: 4, "niceness": os.nice(0)}, found
assert not ray.is_initialized()
"""


def test_a_ray_of_this_machine_alone(ray_folder: str, tmp_path: Path) -> None:
    """Without an address one is started, in silence, and ended with everything in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    mark = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOCAL],
        env={**kept, "HOME": mark, "RAY_TMPDIR": ray_folder, "NASCAST_TEST_MARK": mark},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            assert mark.encode() not in environment.read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
