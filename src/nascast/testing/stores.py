"""The promises of a store. Every check takes a factory that opens an empty store."""

import math
import struct
from collections.abc import Callable
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
    store.append("a", [Trial(0, Candidate(arch), evaluation, 1 / 3)])
    (found,) = store.read("a")
    pairs = [*zip(found.evaluation.metrics.values(), _FLOATS, strict=True)]
    pairs += zip(found.evaluation.curves["curve"], _FLOATS, strict=True)
    for value, expected in (*pairs, (found.finished, 1 / 3), (found.evaluation.seconds, 0.1)):
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
    return Trial(k, Candidate(arch), Evaluation({"val_accuracy": 50.0 + k}, 1.0 + k), 2.0 * k)
