"""A line of text for each trial, as anybody could write a callback."""

from nascast.core.callback import Begun, Callback
from nascast.core.types import Trial

__all__ = ["TrialLines"]


class TrialLines(Callback):
    """Appends a line for each trial to a file in the folder of the search."""

    def __init__(self, file: str = "lines.txt") -> None:
        self.file = file

    def begun(self, begun: Begun) -> None:
        self._path = begun.folder / self.file
        self._path.touch()

    def trial(self, run: str, trial: Trial) -> None:
        with self._path.open("a") as file:
            file.write(f"{run} {trial.id} {trial.evaluation.error or 'fine'}\n")
