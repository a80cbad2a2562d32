"""The promises of a store. Every check takes a factory that opens an empty store.

A store with an attribute ``path`` outlives the process: its class, called with the path, opens it
again. Checks that need that, and other processes, pass over stores without one.
"""

import itertools
import math
import multiprocessing
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from nascast.core.errors import StoreError
from nascast.core.store import Store
from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.testing.expectations import refuses

Factory = Callable[[], Store]

_FLOATS = (0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan)


def check_round_trip_in_order(factory: Factory) -> None:
    """Trials come back equal and in the order in which they were appended, however batched."""
    store = factory()
    store.begin("a", {"seed": 0})
    trials = [_trial(k) for k in (4, 0, 7, 2, 5)]
    store.append("a", trials[:2])
    store.append("a", [])
    store.append("a", trials[2:])
    assert store.read("a") == trials, "trials came back different, or in another order"


def check_read_from_a_position(factory: Factory) -> None:
    """Reading starts at a position; past the end there is nothing."""
    store = factory()
    store.begin("a", {})
    assert store.read("a") == [], "a run that has just begun has trials"
    trials = [_trial(k) for k in range(4)]
    store.append("a", trials)
    for start in range(6):
        assert store.read("a", start) == trials[start:], f"read from {start} is wrong"


def check_all_fields_survive(factory: Factory) -> None:
    """Errors, curves, partial epochs and empty metrics come back as they were."""
    store = factory()
    store.begin("a", {})
    arch = Architecture("tiny", (0, 1, 32767))
    trials = [
        Trial(0, Candidate(arch), Evaluation({}, 0.0, "it failed: 'ü' \"\n\0"), 0.5),
        Trial(1, Candidate(arch, 3), Evaluation({"a": 1.0, "b c": 2.0}, 1.5), 1e9),
        Trial(2**40, Candidate(arch), Evaluation({"a": 1.0}, 2.0, None, {"loss": (3.0, 2.5)}), 2.0),
    ]
    store.append("a", trials)
    found = store.read("a")
    assert found == trials, f"expected {trials}; got {found}"
    for value in (found[1].candidate.epochs, *found[0].candidate.arch.genes):
        assert type(value) is int, f"{value!r} was an int and came back as {type(value)}"
    assert isinstance(found[2].evaluation.curves["loss"], tuple), "a curve is no longer a tuple"


def check_floats_are_exact(factory: Factory) -> None:
    """Every float comes back bit by bit: tiny, huge, negative zero, infinite and NaN."""
    store = factory()
    store.begin("a", {})
    arch = Architecture("tiny", (0,))
    metrics = {f"m{i}": value for i, value in enumerate(_FLOATS)}
    evaluation = Evaluation(metrics, 0.1, None, {"curve": _FLOATS})
    store.append("a", [Trial(0, Candidate(arch), evaluation, 1 / 3, 2 / 3)])
    (found,) = store.read("a")
    pairs = [*zip(found.evaluation.metrics.values(), _FLOATS, strict=True)]
    pairs += zip(found.evaluation.curves["curve"], _FLOATS, strict=True)
    times = ((found.finished, 1 / 3), (found.thinking, 2 / 3), (found.evaluation.seconds, 0.1))
    for value, expected in (*pairs, *times):
        same = struct.pack("d", value) == struct.pack("d", expected)
        both_nan = math.isnan(value) and math.isnan(expected)
        assert same or both_nan, f"{expected!r} became {value!r}"


def check_begun_once_with_one_setting(factory: Factory) -> None:
    """Beginning again with the same settings resumes; with others it raises and harms nothing."""
    store = factory()
    info = {"seed": 0, "space": "tiny", "nested": {"objectives": ["val_accuracy"]}}
    store.begin("a", info)
    store.append("a", [_trial(0)])
    store.begin("a", dict(info))
    for other in ({**info, "seed": 1}, {"seed": 0}, {**info, "more": None}):
        refuses(StoreError, f"{other} after {info}", store.begin, "a", other)
    assert store.read("a") == [_trial(0)], "beginning again lost a trial"
    assert store.info("a") == info, "beginning again changed the settings"


def check_the_difference_is_shown(factory: Factory) -> None:
    """The message about other settings names the setting and both values."""
    store = factory()
    store.begin("a", {"seed": 17, "space": "tiny"})
    other = {"seed": 23, "space": "tiny"}
    message = refuses(StoreError, "other settings", store.begin, "a", other)
    for part in ("seed", "17", "23"):
        assert part in message, f"the message does not show {part!r}: {message}"


def check_info(factory: Factory) -> None:
    """The settings come back as given, as a mapping of the caller's own."""
    store = factory()
    info: dict[str, Any] = {"seed": 3, "metric": "val_accuracy", "share": 0.1, "none": None}
    store.begin("a", info)
    info["seed"] = 4
    found = store.info("a")
    assert found["seed"] == 3, "the store keeps the caller's mapping, not its values"
    found["seed"] = 5
    assert store.info("a") == {**info, "seed": 3}, "the store gave its own mapping away"


def check_trials_are_kept_apart(factory: Factory) -> None:
    """What `append` was given and what `read` returned are the caller's own lists."""
    store = factory()
    store.begin("a", {})
    trials = [_trial(0)]
    store.append("a", trials)
    trials.append(_trial(1))
    store.read("a").append(_trial(2))
    assert store.read("a") == [_trial(0)], "a caller's list is the store's own"


def check_ids_are_stored_once(factory: Factory) -> None:
    """A trial whose number the run has already is refused, with all that came with it."""
    store = factory()
    for name in ("a", "b"):
        store.begin(name, {})
        store.append(name, [_trial(0), _trial(1)])
    for again in ([_trial(1)], [_trial(2), _trial(1)], [_trial(3), _trial(3)]):
        refuses(StoreError, f"trials {[t.id for t in again]}", store.append, "a", again)
    assert store.read("a") == [_trial(0), _trial(1)], "trials that were refused are in the store"


def check_versions_make_no_difference(factory: Factory) -> None:
    """A run goes on with other versions of packages; those it was begun with are kept."""
    store = factory()
    info = {"seed": 0, "versions": {"numpy": "1"}}
    store.begin("a", info)
    store.begin("a", {"seed": 0, "versions": {"numpy": "2"}})
    assert store.info("a") == info, "beginning again changed the versions"


def check_opened_again(factory: Factory) -> None:
    """What was appended is there for others at once, and after the store is opened again."""
    store = factory()
    if store.path is None:
        return
    other = _again(store)
    assert other.runs() == [], "a store nobody has written to has runs"
    for k in range(3):
        store.begin("a", {"seed": 0})
        store.append("a", [_trial(2 * k)])
        other.append("a", [_trial(2 * k + 1)])
        expected = [_trial(i) for i in range(2 * k + 2)]
        for reader in (store, other, _again(store)):
            assert reader.read("a") == expected, "two objects for one store differ"
    assert _again(store).info("a") == {"seed": 0}, "the settings are gone"


def check_two_processes_append(factory: Factory) -> None:
    """Processes that begin and append at the same time lose nothing, each in its own order."""
    store = factory()
    if store.path is None:
        return
    each, starts = 100, (0, 1000, 2000)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(store, start, each)) for start in starts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0, "a process beside others could not append"
    found = _again(store).read("a")
    for start in starts:
        mine = [trial for trial in found if start <= trial.id < start + each]
        expected = [_trial(k) for k in range(start, start + each)]
        assert mine == expected, "trials are lost, or in another order"
    assert len(found) == len(starts) * each, "trials are there twice"


def check_killed_while_appending(factory: Factory) -> None:
    """A writer killed at any moment has stored what it was told is stored, and nothing in part."""
    store = factory()
    if store.path is None:
        return
    context = multiprocessing.get_context("spawn")
    kept = 0
    for wait in (0.0, 0.013, 0.051):  # seconds from the first trial to the kill; chosen
        ours, theirs = context.Pipe(duplex=False)
        writer = context.Process(target=_append_pairs, args=(store, kept, theirs))
        writer.start()
        theirs.close()
        acknowledged = ours.recv()
        time.sleep(wait)
        writer.kill()
        writer.join()
        try:
            while True:
                acknowledged = ours.recv()
        except EOFError:
            ours.close()
        found = _again(store).read("a")
        assert len(found) > acknowledged, f"trial {acknowledged} was stored and is gone"
        assert found == [_trial(k) for k in range(len(found))], "the trials are damaged"
        assert len(found) % 2 == 0, "of two trials appended together one is there"
        kept = len(found)


def check_runs(factory: Factory) -> None:
    """Runs are listed by name, sorted, and keep their trials to themselves."""
    store = factory()
    assert store.runs() == [], "a new store has runs"
    for k, name in enumerate(("b", "a/ü", "a b", "")):
        store.begin(name, {"k": k})
        store.append(name, [_trial(k)])
    assert store.runs() == sorted(("b", "a/ü", "a b", "")), f"runs are {store.runs()}"
    for k, name in enumerate(("b", "a/ü", "a b", "")):
        assert store.read(name) == [_trial(k)], f"the run {name!r} has another run's trials"
        assert store.info(name) == {"k": k}, f"the run {name!r} has another run's settings"


def check_unknown_runs_are_refused(factory: Factory) -> None:
    """A run that was not begun cannot be read, described or appended to."""
    store = factory()
    store.begin("a", {})
    refuses(StoreError, "an unknown run", store.info, "b")
    refuses(StoreError, "an unknown run", store.read, "b")
    refuses(StoreError, "an unknown run", store.append, "b", [_trial(0)])
    assert store.runs() == ["a"], "asking for a run began it"


def _trial(k: int) -> Trial:
    arch = Architecture("tiny", (k % 3, 1, 0, 2, 1))
    return Trial(
        k, Candidate(arch), Evaluation({"val_accuracy": 50.0 + k}, 1.0 + k), 2.0 * k, 0.25 * k
    )


def _again(store: Store) -> Store:
    """Opens the same store, as another process would."""
    found: Store = type(store)(store.path)  # type: ignore[call-arg]
    return found


def _append(store: Store, start: int, count: int) -> None:
    """Appends trials one by one."""
    for k in range(start, start + count):
        store.begin("a", {"seed": 0})
        store.append("a", [_trial(k)])


def _append_pairs(store: Store, start: int, told: "Connection[int, int]") -> None:
    """Appends trials by twos until it is killed, and tells the last number after each two."""
    store.begin("a", {})
    for k in itertools.count(start, 2):
        store.append("a", [_trial(k), _trial(k + 1)])
        told.send(k + 1)
