"""The executor that a command's options ask for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from nascast.core.executor import Executor

__all__ = ["open_executor"]


def open_executor(
    name: str | None, address: str | None, workers: int, *, preload: Sequence[str] = ()
) -> "Executor":
    """Returns the executor of that name; the default is processes, or Ray with an address.

    Args:
        name: registered name of the executor, or None.
        address: address of a Ray cluster, or None.
        workers: number of workers.
        preload: names of modules that processes import once, before they are forked.

    Raises:
        InvalidSettingError: the options contradict each other.
    """
    name = name or ("ray" if address else "processes")
    if address and name != "ray":
        raise InvalidSettingError("--address is for --executor ray")
    if name == "simulated":
        raise InvalidSettingError("--executor simulated is for searches on a benchmark")
    settings: dict[str, Any] = {} if name == "serial" else {"workers": workers}
    if name == "processes":
        settings["preload"] = tuple(preload)
    if name == "ray":
        settings["address"] = address
    executor: Executor = plugins.load("executor", name, **settings)
    return executor
