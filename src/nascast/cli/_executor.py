"""The executor that a command's options ask for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nascast.core.errors import InvalidSettingError
from nascast.core.extras import check_extra
from nascast.core.spec import Spec

if TYPE_CHECKING:
    from nascast.core.executor import Executor

__all__ = ["CPUS", "EXECUTOR", "GPUS", "Workplace"]

EXECUTOR = (
    "Executor of the trainings: processes, serial, ray or slurm, with settings such as "
    "'slurm(partition=gpu,minutes=600)'; default: processes, or ray with --address."
)
CPUS = "Cores for each child on Ray or Slurm; on Ray also a fraction. Default: 1."
GPUS = (
    "GPUs for each child on Ray or Slurm; on Ray also a fraction. Default: on Ray 1 where a node "
    "has one, else 0."
)
_EXTRAS = {"ray": "ray", "slurm": "submitit"}  # packages by the extra, which is the executor's name


@dataclass(frozen=True, slots=True)
class Workplace:
    """The options about where children are trained, as they were written.

    Attributes:
        executor: spec of the executor, or None.
        address: address of a Ray cluster, or None.
        cpus: number of cores for each child, or None.
        gpus: number of GPUs for each child, or None.
    """

    executor: str | None = None
    address: str | None = None
    cpus: float | None = None
    gpus: float | None = None

    @property
    def is_here(self) -> bool:
        """Whether an executor is named that can run simulations, too."""
        return (self.executor or "").strip() in ("serial", "processes")

    def given(self) -> dict[str, Any]:
        """Returns the options that were given."""
        options = ("--executor", self.executor), ("--address", self.address)
        numbers = ("--cpus", self.cpus), ("--gpus", self.gpus)
        return {option: value for option, value in (*options, *numbers) if value is not None}

    def spec(self) -> Spec:
        """Returns the executor; the default is processes, or Ray with an address.

        Raises:
            UnknownComponentError, InvalidSettingError: there is no such executor, or an option is
                not for it.
            MissingExtraError: a package that it needs is not installed.
        """
        spec = Spec.parse("executor", self.executor or ("ray" if self.address else "processes"))
        if spec.name == "simulated":
            raise InvalidSettingError("--executor simulated is for searches on a benchmark")
        if self.address is not None and spec.name != "ray":
            raise InvalidSettingError("--address is for --executor ray")
        for option, value in (("--cpus", self.cpus), ("--gpus", self.gpus)):
            self._check_number(spec, option, value)
        if package := _EXTRAS.get(spec.name):
            check_extra(package, spec.name, f"the executor {spec.name}")
        spec.check("executor")
        if "clock" in spec.settings:  # an argument for tests, which no text can give
            raise InvalidSettingError(f"--executor {self.executor}: the clock cannot be chosen")
        return spec

    def _check_number(self, spec: Spec, option: str, value: float | None) -> None:
        if value is None:
            return
        if spec.name not in _EXTRAS:
            raise InvalidSettingError(f"{option} is for --executor ray or slurm")
        if option[2:] in spec.settings:
            raise InvalidSettingError(f"{option} stands in --executor too; leave out one of them")
        if not 0 <= value < math.inf:
            raise InvalidSettingError(f"{option} is a number from 0; got {value:g}")
        if spec.name == "slurm" and value != int(value):
            raise InvalidSettingError(f"{option} is a whole number on Slurm; got {value:g}")

    def open(
        self,
        workers: int | None,
        folder: Path,
        device: str = "auto",
        *,
        preload: Sequence[str] = (),
    ) -> "Executor":
        """Returns the executor.

        Args:
            workers: number of workers; None is the executor's default.
            folder: folder in which an executor may keep files.
            device: device that children are trained on, as it was asked for.
            preload: names of modules that processes import once, before they are forked.
        """
        spec = self.spec()
        settings: dict[str, Any] = {} if spec.name == "serial" else {"workers": workers}
        if spec.name == "processes":
            settings["preload"] = tuple(preload)
        if spec.name == "ray":
            settings |= {"address": self.address, "gpus": 0.0 if device == "cpu" else None}
        if spec.name == "slurm":
            settings["folder"] = str(folder / "slurm")
        kind = int if spec.name == "slurm" else float
        numbers = {"cpus": self.cpus, "gpus": self.gpus}
        settings |= {name: kind(value) for name, value in numbers.items() if value is not None}
        executor: Executor = spec.load("executor", **settings)
        return executor
