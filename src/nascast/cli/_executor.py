"""The executor that a command's options ask for."""

from typing import TYPE_CHECKING, Any

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from nascast.core.executor import Executor

__all__ = ["open_executor"]


def open_executor(name: str | None, address: str | None, workers: int) -> "Executor":
    """Returns the executor of that name; the default is processes, or Ray with an address."""
    name = name or ("ray" if address else "processes")
    if address and name != "ray":
        raise InvalidSettingError("--address is for --executor ray")
    if name == "simulated":
        raise InvalidSettingError("--executor simulated is for searches on a benchmark")
    settings: dict[str, Any] = {} if name == "serial" else {"workers": workers}
    if name == "ray":
        settings["address"] = address
    executor: Executor = plugins.load("executor", name, **settings)
    return executor
