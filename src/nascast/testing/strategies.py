"""The promises of a search strategy. Every check takes a factory: space -> fresh strategy.

The checks run on `TinyBenchmark`, so a strategy is made with its default objective, and scored by
the validation accuracy.
"""

import inspect
import pickle
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.strategy import Strategy
from nascast.core.types import Architecture, Bools, Candidate, Evaluation, Floats, Genes, Trial
from nascast.testing.doubles import TinyBenchmark, TinySpace
from nascast.testing.expectations import untouched_generators

Factory = Callable[[SearchSpace], Strategy]

_BATCHES = (1, 1, 3, 8, 2, 20, 1)  # candidates asked for at a time; chosen, 36 in all
_FULL = 10  # epochs of a full training on `TinyBenchmark`
_TRAININGS = 45  # budget of a comparison, in full trainings; chosen: random search misses the best
_SEEDS = 16  # seeds of a comparison; chosen, so that it takes seconds
_LEVEL = 0.01  # level of the test; chosen


def check_asks_for_valid_candidates(factory: Factory) -> None:
    """`ask(n)` gives 1 to n candidates of the space, before and after it was told trials."""
    strategy = factory(TinySpace())
    for trials in ([], *_batches(factory)):
        strategy.tell(trials)
        for n in (1, 2, 7):
            candidates = strategy.ask(n, _rng(n))
            assert 1 <= len(candidates) <= n, f"ask({n}) gave {len(candidates)} candidates"
            _check_candidates(candidates)


def check_ask_is_a_function_of_its_arguments(factory: Factory) -> None:
    """The same question gets the same answer; asking other things between changes nothing."""
    strategy = factory(TinySpace())
    for trials in ([], *_batches(factory)):
        strategy.tell(trials)
        first = strategy.ask(4, _rng(1))
        strategy.ask(9, _rng(2))
        again = strategy.ask(4, _rng(1))
        assert first == again, f"asked twice, {_genes(first)} became {_genes(again)}"


def check_answers_follow_the_generator(factory: Factory) -> None:
    """All randomness comes from the generator given: numpy's global one is not touched."""
    strategy = factory(TinySpace())
    with untouched_generators():
        answers = {tuple(_genes(strategy.ask(1, _rng(seed)))) for seed in range(20)}
    assert len(answers) > 1, "a fresh strategy asks for the same candidate with every generator"


def check_asking_between_tells_changes_nothing(factory: Factory) -> None:
    """A strategy that was asked all the time ends like one that was only told."""
    asked, told = factory(TinySpace()), factory(TinySpace())
    for trials in _batches(factory):
        asked.ask(5, _rng(3))
        asked.tell(trials)
        told.tell(trials)
    _same(asked, told, "asking changed the strategy")


def check_retelling_restores(factory: Factory) -> None:
    """Told the same trials in the same order, strategies are equal, however they were batched."""
    batches = _batches(factory)
    trials = [trial for batch in batches for trial in batch]
    original, at_once, singly = (factory(TinySpace()) for _ in range(3))
    for batch in batches:
        original.tell(batch)
    at_once.tell(trials)
    for trial in trials:
        singly.tell([trial])
    _same(original, at_once, "telling all trials at once restored something else")
    _same(original, singly, "telling the trials one by one restored something else")


def check_history_is_kept(factory: Factory) -> None:
    """The history holds every trial told, in that order, and `tell` leaves its argument alone."""
    strategy = factory(TinySpace())
    trials = [trial for batch in _batches(factory) for trial in batch]
    given = list(trials)
    strategy.tell(given)
    assert given == trials, "tell changed the list it was given"
    assert strategy.history.trials == trials, "the history is not what was told"


def check_survives_failures(factory: Factory) -> None:
    """After nothing but failed trials there are still valid candidates."""
    strategy = factory(TinySpace())
    for _ in _BATCHES:
        candidates = strategy.ask(4, _rng(len(strategy.history)))
        first = len(strategy.history)
        failed = Evaluation({}, 1.0, "RuntimeError: it failed")
        strategy.tell([Trial(first + i, c, failed, first + i) for i, c in enumerate(candidates)])
        _check_candidates(strategy.ask(4, _rng(first)))


def check_survives_some_failures(factory: Factory) -> None:
    """Failures among successes do not stop it either."""
    strategy = factory(TinySpace())
    for i, trial in enumerate(trial for batch in _batches(factory) for trial in batch):
        bad = Evaluation({"val_accuracy": float("nan")} if i % 2 else {}, 1.0, "it failed")
        strategy.tell([trial if i % 3 else Trial(trial.id, trial.candidate, bad, trial.finished)])
        _check_candidates(strategy.ask(2, _rng(i)))


def check_random_completion_order(factory: Factory) -> None:
    """Asked while others are pending, and told in any order, it goes on asking validly.

    It may ask for nothing, but only while candidates are pending.
    """
    strategy, benchmark = factory(TinySpace()), TinyBenchmark()
    pending: list[Candidate] = []
    rng = _rng(5)
    for step in range(40):
        shown = list(pending)
        candidates = strategy.ask(2, _rng(step), shown)
        assert shown == pending, "ask changed the pending candidates it was given"
        assert len(candidates) <= 2, f"ask(2) gave {len(candidates)} candidates"
        assert candidates or pending, "ask gave nothing while nothing is pending"
        _check_candidates(candidates)
        pending += candidates
        if len(pending) > 6 or not candidates:
            candidate = pending.pop(int(rng.integers(len(pending))))
            strategy.tell([Trial(step, candidate, benchmark.evaluate(candidate), float(step))])


def check_keeps_to_a_restricted_space(factory: Factory) -> None:
    """All candidates are valid in the space given, also where it refuses most rows of another."""

    def narrow(genes: Genes) -> Bools:
        return np.asarray((genes[:, -1] == 0) & (genes[:, :-1] == 0).any(1))

    space = Restricted(TinySpace(), narrow, "the lesser width and a skip")
    strategy, benchmark = factory(space), TinyBenchmark()
    for k in range(60):
        for candidate in strategy.ask(1 + k % 3, _rng(k)):
            row = candidate.arch.row()
            assert space.is_valid(row)[0], f"candidate {row[0].tolist()} has not {space.what}"
            strategy.tell([Trial(k, candidate, benchmark.evaluate(candidate), float(k))])


def check_settings_are_attributes(factory: Factory) -> None:
    """Arguments of the constructor are attributes of the same names, unchanged; so are defaults.

    So a strategy can be recorded, and made again, from its settings.
    """
    made = factory(TinySpace())
    kind = type(made)
    fresh = kind(TinySpace())
    for name, parameter in inspect.signature(kind).parameters.items():
        assert hasattr(made, name), f"the argument {name} is not kept as an attribute"
        if parameter.default is not parameter.empty:
            _kept(name, parameter.default, getattr(fresh, name))
    again = kind(**_arguments(made))
    for name, value in _arguments(made).items():
        _kept(name, value, getattr(again, name))
    _same(made, again, "made again from its attributes, it is another strategy")


def check_presets_are_settings(factory: Factory) -> None:
    """Every preset holds settings of the constructor, with which the strategy can be made."""
    kind = type(factory(TinySpace()))
    for name, preset in kind.presets.items():
        unknown = sorted(preset.keys() - inspect.signature(kind).parameters.keys())
        assert not unknown, f"the preset {name} has {', '.join(unknown)}, which are no settings"
        _check_candidates(kind(TinySpace(), **preset).ask(2, _rng(0)))


def check_pickles(factory: Factory) -> None:
    """Pickled in the middle of a run, a strategy goes on like the one that was not.

    Its class must be importable, as those of a module are.
    """
    strategy = factory(TinySpace())
    batches = _batches(factory)
    for k, trials in enumerate(batches):
        strategy.tell(trials)
        copy = pickle.loads(pickle.dumps(strategy))
        _same(strategy, copy, "pickling changed the strategy")
        for rest in batches[k + 1 :]:
            copy.tell(rest)
        if k == 0:
            first = copy
    _same(strategy, first, "a strategy that was pickled went another way")


def check_diagnostics_are_series(factory: Factory) -> None:
    """Diagnostics are lists of numbers by name, and looking at them changes nothing."""
    strategy, other = factory(TinySpace()), factory(TinySpace())
    for trials in _batches(factory):
        strategy.tell(trials)
        other.tell(trials)
        for name, series in strategy.diagnostics().items():
            fine = all(isinstance(value, int | float) for value in series)
            assert fine, f"the diagnostics {name} are not numbers: {series}"
            series.clear()
    _same(strategy, other, "changing what diagnostics returned changed the strategy")


def check_beats_random_search(factory: Factory) -> None:
    """For the same epochs it finds better architectures than random search, seed by seed.

    Wilcoxon's one-sided test of paired differences, in the accuracy of what each recommends.
    Training on costs the epochs added. A strategy that does not promise it, as one that learns over
    some hundred trials, by when all of the small space is known, says so by `learns_early`.
    """
    if not factory(TinySpace()).learns_early:
        return
    from scipy.stats import wilcoxon

    own = np.asarray([_recommended(factory, seed) for seed in range(_SEEDS)])
    gain = own - _random_search()
    chance = float(wilcoxon(gain, alternative="greater").pvalue) if gain.any() else 1.0
    assert chance < _LEVEL, (
        f"after {_TRAININGS} trainings it is {gain.mean():.2f} percent better than random search "
        f"over {_SEEDS} seeds, which chance does with p = {chance:.3f}; expected p < {_LEVEL}"
    )


@cache
def _random_search() -> Floats:
    random = plugins.resolve("strategy", "random")
    return np.asarray([_recommended(random, seed) for seed in range(_SEEDS)])


def _recommended(factory: Factory, seed: int) -> float:
    """Returns the accuracy, as the mean of all trainings, of the best among those trained longest.

    The same noise is on the records of every seed; what differs are the generators given to `ask`.
    A run ends early with the best architecture there is.
    """
    strategy, benchmark = factory(TinySpace()), TinyBenchmark()
    most = benchmark.query(benchmark.genes(), "val_accuracy", seed=None).max()
    trained: dict[Architecture, int] = {}
    longest = (0, 0.0, 0.0)  # epochs, accuracy as told, accuracy
    spent = 0
    while spent < _TRAININGS * _FULL and longest[2] < most:
        k = len(strategy.history)
        (candidate,) = strategy.ask(1, np.random.default_rng([seed, k]))
        before, epochs = trained.get(candidate.arch, 0), candidate.epochs or _FULL
        spent += epochs - before if before < epochs else epochs
        trained[candidate.arch] = max(before, epochs)
        evaluation = benchmark.evaluate(candidate)
        strategy.tell([Trial(k, candidate, evaluation, float(spent))])
        true = benchmark.query(candidate.arch.row(), "val_accuracy", seed=None)
        longest = max(longest, (epochs, evaluation.metrics["val_accuracy"], float(true[0])))
    return longest[2]


def _batches(factory: Factory) -> list[list[Trial]]:
    """Returns the trials of a run: what a fresh strategy asks for and is told in batches."""
    strategy, benchmark = factory(TinySpace()), TinyBenchmark()
    batches: list[list[Trial]] = []
    for size in _BATCHES:
        first = len(strategy.history)
        batch: list[Trial] = []
        for candidate in strategy.ask(size, _rng(first)):
            k = first + len(batch)
            batch.append(Trial(k, candidate, benchmark.evaluate(candidate), float(k)))
        strategy.tell(batch)
        batches.append(batch)
    return batches


def _check_candidates(candidates: Sequence[Candidate]) -> None:
    space = TinySpace()
    for candidate in candidates:
        assert candidate.arch.space == space.name, f"a candidate of {candidate.arch.space}"
        space.check(candidate.arch.row())
        epochs = candidate.epochs
        assert epochs is None or epochs >= 1, f"a candidate for {epochs} epochs"


def _arguments(strategy: Strategy) -> dict[str, Any]:
    names = inspect.signature(type(strategy)).parameters
    return {name: getattr(strategy, name) for name in names}


def _kept(name: str, given: Any, kept: Any) -> None:
    assert given is kept or given == kept, f"the argument {name} was {given!r} and became {kept!r}"


def _same(one: Strategy, other: Strategy, message: str) -> None:
    for seed in range(5):
        first, second = one.ask(4, _rng(seed)), other.ask(4, _rng(seed))
        assert first == second, f"{message}: {_genes(first)} and {_genes(second)}"


def _genes(candidates: Sequence[Candidate]) -> list[tuple[int, ...]]:
    return [candidate.arch.genes for candidate in candidates]


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
