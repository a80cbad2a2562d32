"""Callbacks are told what happens, in order, and end no run."""

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from nascast.core.callback import Begun, Callback, Callbacks, telling
from nascast.core.errors import SearchWarning
from nascast.core.types import Trial
from nascast.executors.serial import Serial
from nascast.runner import Budget, steps
from nascast.stores.memory import Memory
from nascast.strategies.random import RandomSearch
from nascast.testing.doubles import TinyBenchmark


class Notes(Callback):
    """Notes what it is told."""

    def __init__(self, raises: str = "") -> None:
        self.raises, self.notes = raises, list[str]()

    def _note(self, what: str, about: object) -> None:
        self.notes.append(f"{what} {about}")
        if what == self.raises:
            raise OSError("the tracker is down")

    def begun(self, begun: Begun) -> None:
        aims = [objective.metric for objective in begun.objectives]
        self._note("begun", (begun.run, len(begun.trials), begun.folder.name, aims))

    def trial(self, run: str, trial: Trial) -> None:
        self._note("trial", (run, trial.id))

    def epoch(self, run: str, epoch: int, values: Mapping[str, float]) -> None:
        self._note("epoch", epoch)

    def finished(self, run: str, whole: bool) -> None:
        self._note("finished", (run, whole))


def search(store: Memory, callback: Callback, name: str, evaluations: int, stop: int = 99) -> None:
    """Searches on a tiny benchmark; an interrupt comes after so many trials."""
    bench = TinyBenchmark()
    stepping = steps(
        RandomSearch(bench.space),
        bench,
        executor=Serial(),
        store=store,
        name=name,
        budget=Budget(evaluations),
    )
    with telling(callback, store, Path("folder")) as tell:
        for step in stepping:
            tell(name, step.trials)
            if len(store.read(name)) >= stop:
                raise KeyboardInterrupt


def test_a_run_is_told_from_begin_to_end() -> None:
    notes = Notes()
    search(Memory(), Callbacks([notes]), "a", 2)
    first = "begun ('a', 0, 'folder', ['val_accuracy'])"
    assert notes.notes == [first, "trial ('a', 0)", "trial ('a', 1)", "finished ('a', True)"]


def test_a_run_that_was_interrupted_goes_on_with_what_is_stored() -> None:
    store, before, after = Memory(), Notes(), Notes()
    with pytest.raises(KeyboardInterrupt):
        search(store, before, "a", 3, stop=2)
    assert before.notes[-2:] == ["trial ('a', 1)", "finished ('a', False)"]
    search(store, after, "a", 3)
    assert after.notes[0].startswith("begun ('a', 2,")
    assert after.notes[1:] == ["trial ('a', 2)", "finished ('a', True)"]


def test_another_run_ends_the_one_before() -> None:
    store, notes = Memory(), Notes()
    with telling(notes, store, Path()) as tell:
        for run in ("a", "b"):
            store.begin(run, {"seed": 0})
            tell(run, [])
            tell(run, [])
    assert [note.split()[0] for note in notes.notes] == ["begun", "finished"] * 2


@pytest.mark.parametrize("where", ["begun", "trial", "finished"])
def test_one_that_raises_is_reported_once_and_ends_nothing(where: str) -> None:
    store, broken, fine = Memory(), Notes(where), Notes()
    with pytest.warns(SearchWarning, match="Notes raised OSError: the tracker is down") as told:
        search(store, Callbacks([broken, fine]), "a", 3)
    assert len(told) == 1
    assert len(store.read("a")) == 3
    assert len(fine.notes) == 5
    own = [note.split()[0] for note in broken.notes]
    assert own[own.index(where) :] == list(dict.fromkeys([where, "finished"]))
    assert broken.notes[-1] == f"finished ('a', {where == 'finished'})"


def test_a_run_that_gave_up_is_not_whole() -> None:
    store, notes = Memory(), Notes()
    store.begin("a", {"seed": 0})
    with telling(notes, store, Path()) as tell:
        tell("a", [])
        tell.end(False)
    assert notes.notes[1:] == ["finished ('a', False)"]


def test_an_interrupt_is_no_failure_of_a_callback() -> None:
    class Interrupted(Callback):
        def trial(self, run: str, trial: Trial) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(Memory(), Callbacks([Interrupted()]), "a", 3)


def test_epochs_are_told_to_all() -> None:
    one, other = Notes(), Notes()
    Callbacks([one, other]).epoch("training", 1, {"val_loss": math.nan})
    assert one.notes == other.notes == ["epoch 1"]
