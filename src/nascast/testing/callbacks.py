"""The promises of a callback. Every check takes a factory without arguments.

What a callback writes to, other than the folder that it is told, must be set before: a check runs
it as a search would.
"""

import math
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path

from nascast.core.callback import Begun, Callback
from nascast.core.types import Architecture, Candidate, Evaluation, Trial

Factory = Callable[[], Callback]

_SETUP = {
    "space": "tiny",
    "objectives": [{"metric": "val_accuracy", "minimize": False}],
    "evaluator": {"benchmark": "tiny", "recipe": {"epochs": 2}},
    "seed": 0,
}


def check_a_run_from_begin_to_end(factory: Factory) -> None:
    """It takes a run of a few trials, with curves and without."""
    with tempfile.TemporaryDirectory() as folder:
        callback = factory()
        callback.begun(Begun("random-0", _SETUP, Path(folder)))
        for number in range(3):
            callback.trial("random-0", _trial(number))
        callback.finished("random-0", True)


def check_failures_and_what_is_no_number(factory: Factory) -> None:
    """A trial that failed, and numbers that are not finite, are as good as any."""
    with tempfile.TemporaryDirectory() as folder:
        callback = factory()
        callback.begun(Begun("random-0", _SETUP, Path(folder)))
        arch = Candidate(Architecture("tiny", (0, 1)))
        failed = Evaluation({}, math.nan, "DivergedError: the loss is nan", {"train_loss": ()})
        callback.trial("random-0", Trial(0, arch, failed, math.nan, math.nan))
        odd = Evaluation({"val_accuracy": 50.0, "val_perplexity": math.inf}, 1.0)
        callback.trial("random-0", Trial(1, arch, odd, 2.0))
        callback.finished("random-0", True)


def check_a_run_that_goes_on(factory: Factory) -> None:
    """A run that was interrupted begins again with its stored trials, told by another object."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = factory(), factory()
        first.begun(Begun("random-0", _SETUP, Path(folder)))
        first.trial("random-0", _trial(0))
        first.finished("random-0", False)
        second.begun(Begun("random-0", _SETUP, Path(folder), (_trial(0), _trial(1))))
        second.trial("random-0", _trial(2))
        second.finished("random-0", True)


def check_several_runs(factory: Factory) -> None:
    """One object takes several runs, one after the other, also one that has nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        callback = factory()
        for run in ("random-0", "ppo-learning_rate=0.003-1"):
            callback.begun(Begun(run, _SETUP, Path(folder), (_trial(0),)))
            callback.finished(run, True)


def check_a_training(factory: Factory) -> None:
    """It takes the epochs of the training of one network, also those that it was told before."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            callback = factory()
            callback.begun(Begun("training", {"seed": 0}, Path(folder)))
            for epoch in (1, 2):
                callback.epoch("training", epoch, {"train_loss": 1 / epoch, "val_loss": math.nan})
            callback.finished("training", True)


def check_it_pickles(factory: Factory) -> None:
    """Before a run it pickles."""
    found = pickle.loads(pickle.dumps(factory()))
    assert isinstance(found, Callback), f"what comes back is a {type(found).__name__}"


def _trial(number: int) -> Trial:
    curves = {"val_accuracy": (40.0 + number, 50.0 + number)} if number % 2 else {}
    evaluation = Evaluation({"val_accuracy": 50.0 + number, "parameters": 1e4}, 1.5, None, curves)
    candidate = Candidate(Architecture("tiny", (number, 0)), 2 if number % 2 else None)
    return Trial(number, candidate, evaluation, 2.0 * (number + 1), 0.01)
