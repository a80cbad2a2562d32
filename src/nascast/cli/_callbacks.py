"""The callbacks that a command's options ask for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nascast.core.callback import Callback, Callbacks
    from nascast.training.loop import Curves
    from nascast.training.transfer import Transfer

__all__ = ["HELP", "open_callbacks", "telling_epochs"]

HELP = (
    "Callbacks joined by commas, with settings such as 'tensorboard,optuna(storage=all.db)'; they "
    "are told what happens: tensorboard, mlflow, wandb, optuna, or of another package."
)


def open_callbacks(text: str) -> "Callbacks":
    """Returns the callbacks of a text as one; none if it is empty.

    Raises:
        UnknownComponentError, InvalidSettingError: the text names none, or a setting it lacks.
        MissingExtraError: a package that one needs is not installed.
    """
    from nascast.core.callback import Callbacks
    from nascast.core.errors import InvalidSettingError
    from nascast.core.spec import Spec

    specs = Spec.parse_list("callback", text) if text.strip() else ()
    if twice := [spec for i, spec in enumerate(specs) if spec in specs[:i]]:
        raise InvalidSettingError(f"--callback: {twice[0]} stands twice in {text!r}")
    return Callbacks([spec.load("callback") for spec in specs])


@contextmanager
def telling_epochs(
    told: "Callback", transfer: "Transfer", out: Path
) -> "Iterator[Callable[[Curves], None]]":
    """Yields a function that tells a callback the epochs that are new in the curves.

    The first call of a training that goes on has the epochs before, too.
    """
    from nascast.core.callback import Begun

    run, known, whole = "training", 0, False
    told.begun(Begun(run, transfer.settings(), out))

    def tell(curves: "Curves") -> None:
        nonlocal known
        by_name = asdict(curves)
        for i in range(known, len(curves.seconds)):
            told.epoch(run, i + 1, {name: values[i] for name, values in by_name.items()})
        known = len(curves.seconds)

    try:
        yield tell
        whole = True
    finally:
        told.finished(run, whole)
