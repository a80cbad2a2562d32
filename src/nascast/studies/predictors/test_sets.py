"""Designs of test and training sets, by name.

``uniform``
    Both are drawn at random. No training architecture computes the same function as a test
    architecture, as far as is known, see `SearchSpace.networks`. Two that do may stand in one
    set, since each has its own record.
``rows``
    As published splits are: canonical rows differ, but the same network may stand in both.
``top``
    As ``uniform``, but the test set is drawn from the tenth of the rows that is best on average
    over recorded trainings.
``mutation``
    The test set is the best 5 of 10 random architectures, and descendants of them by 1 to 3
    mutations; training architectures are single mutations of test architectures (White et al.
    2021, section 3.3). Again no network is in both. Where only some rows are recorded, a
    mutation leads to a recorded row, and where these do not suffice the sets are filled with
    the recorded rows that differ from the parents in the fewest decisions.

For a benchmark without a list of rows they are canonical rows, drawn from its space.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes
from nascast.studies.records import among, recorded_space

__all__ = ["DESIGNS", "Wanted"]

_ROUNDS = 50  # of mutations, before recorded rows nearby are taken instead; chosen
_NEAR = 200  # parents to which these are compared; chosen, it bounds the memory
_WITHIN = " with recorded scores of the proxies (`--images random` computes those of others)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Sets of architectures that are asked for, and what they are drawn from.

    Attributes:
        benchmark: records.
        metric: metric that predictors are to predict.
        test: number of test architectures.
        train: number of training architectures.
        seed: seed of the trial.
        within: canonical rows to which all are restricted, ``(m, length)``; None are all.
    """

    benchmark: Benchmark
    metric: str
    test: int
    train: int
    seed: tuple[int, int]
    within: Genes | None = None

    def pool(self, need: int) -> Genes:
        """Returns rows of different canonical form in random order.

        They are all that there are; of a benchmark without a list of rows they are canonical rows,
        drawn from its space until there are `need`.
        """
        space, rng = self.benchmark.space, np.random.default_rng(self.seed)
        try:
            pool = rng.permutation(self._among(self.benchmark.measured(self.metric)))
        except UnsupportedError:
            pool = _distinct(space, need, rng)
        return pool[np.sort(space.distinct(space.canonical(pool)))]

    def _among(self, rows: Genes) -> Genes:
        """Returns the rows whose canonical ones are among those of `within`."""
        if self.within is None:
            return rows
        return rows[among(self.within, self.benchmark.space.canonical(rows))]

    def scores(self, genes: Genes) -> Floats:
        """Returns ``(n,)`` recorded scores, larger is better: means over trainings."""
        values = self.benchmark.query(genes, self.metric, seed=None)
        return -values if self.benchmark.describe(self.metric).minimize else values


def _uniform(wanted: Wanted) -> tuple[Genes, Genes]:
    return _parted(wanted, wanted.benchmark.space.networks)


def _rows(wanted: Wanted) -> tuple[Genes, Genes]:
    return _parted(wanted, lambda genes: np.arange(len(genes)))


def _top(wanted: Wanted) -> tuple[Genes, Genes]:
    return _parted(wanted, wanted.benchmark.space.networks, first=partial(_best_first, wanted))


def _best_first(wanted: Wanted, pool: Genes) -> Genes:
    """Returns the rows with those in front that are the test set, of the best tenth."""
    order = np.argsort(-wanted.scores(pool), kind="stable")
    best = np.zeros(len(pool), dtype=bool)
    best[order[: -(-len(pool) // 10)]] = True
    if best.sum() < wanted.test:
        raise InvalidSettingError(
            f"{wanted.test} test architectures asked for; the best tenth of "
            f"{wanted.benchmark.name} has {best.sum()}; ask for that many with --test-size"
        )
    chosen = np.flatnonzero(best)[: wanted.test]
    return np.concatenate([pool[chosen], np.delete(pool, chosen, axis=0)])


def _parted(
    wanted: Wanted, keys_of: Callable[[Genes], Any], first: Callable[[Genes], Genes] | None = None
) -> tuple[Genes, Genes]:
    """Returns the first rows as test set, and after them those of other keys as training set."""
    known, need = -1, wanted.test + wanted.train
    while True:  # ends when a benchmark has no more rows to give
        pool = wanted.pool(10 * need if first else need)
        pool = first(pool) if first else pool
        drawn = pool[: 2 * need]  # keys of a whole large table would take seconds
        keys = keys_of(drawn)
        test, rest = drawn[: wanted.test], drawn[wanted.test :]
        train = rest[~np.isin(keys[wanted.test :], keys[: wanted.test])]
        if len(test) == wanted.test and len(train) >= wanted.train:
            return test, train[: wanted.train]
        if len(drawn) == known:
            raise InvalidSettingError(
                f"{wanted.test} test and {wanted.train} training architectures asked for; "
                f"{wanted.benchmark.name} has {len(pool)} distinct ones"
                f"{'' if wanted.within is None else _WITHIN}, of which {len(test)} and "
                f"{len(train)} are left for them; ask for fewer with --test-size or --train-sizes"
            )
        known, need = len(drawn), 2 * need


def _mutation(wanted: Wanted) -> tuple[Genes, Genes]:
    space = recorded_space(wanted.benchmark, [wanted.metric], wanted.within)
    rng = np.random.default_rng([*wanted.seed, 1])
    drawn = wanted.pool(10)[:10]
    parents = drawn[np.argsort(-wanted.scores(drawn), kind="stable")[: min(5, wanted.test)]]
    met = set(space.networks(parents).tolist())
    test = _descendants(wanted, space, parents, wanted.test - len(parents), 3, met=met, rng=rng)
    test = np.concatenate([parents, test])
    return test, _descendants(wanted, space, test, wanted.train, 1, met=met, rng=rng)


def _descendants(
    wanted: Wanted,
    space: SearchSpace,
    parents: Genes,
    count: int,
    most_steps: int,
    *,
    met: set[Any],
    rng: np.random.Generator,
) -> Genes:
    """Returns rows that come from the parents by 1 to `most_steps` mutations.

    None computes what was met before, and `met` is extended by all of them.
    """
    found = [parents[:0]]
    for _ in range(_ROUNDS):
        missing = count - sum(map(len, found))
        if missing < 1:
            return np.concatenate(found)
        new = parents[rng.integers(len(parents), size=missing)]
        steps = rng.integers(1, most_steps + 1, size=missing)
        for step in range(most_steps):
            new[steps > step] = space.mutate(new[steps > step], rng)
        found.append(_new(space, new, missing, met))
    near = wanted.pool(0)
    apart = (near[:, None] != parents[:_NEAR]).sum(-1).min(1)
    found.append(_new(space, near[np.argsort(apart, kind="stable")], missing, met))
    if len(found[-1]) < missing:
        raise InvalidSettingError(
            f"{count} architectures by mutation asked for; {wanted.benchmark.name} has "
            f"{count - missing + len(found[-1])} that are in no other set; "
            "ask for fewer with --test-size or --train-sizes"
        )
    return np.concatenate(found)


def _new(space: SearchSpace, rows: Genes, count: int, met: set[Any]) -> Genes:
    """Returns the canonical rows, `count` at most, that compute what was not met; marks it met."""
    rows = space.canonical(rows)
    fresh: list[int] = []
    for i, key in enumerate(space.networks(rows).tolist()):
        if key not in met and len(fresh) < count:
            met.add(key)
            fresh.append(i)
    return rows[fresh]


def _distinct(space: SearchSpace, need: int, rng: np.random.Generator) -> Genes:
    """Returns canonical rows, drawn until `need` are different or no new ones come."""
    pool = np.empty((0, space.length), dtype=np.int16)
    while len(pool) < need:
        drawn = space.canonical(space.sample(2 * need, rng))
        grown = np.concatenate([pool, drawn])
        first = space.distinct(grown)
        if len(first) == len(pool):
            break
        pool = grown[np.sort(first)]
    return pool


DESIGNS: Mapping[str, Callable[[Wanted], tuple[Genes, Genes]]] = {
    "uniform": _uniform,
    "rows": _rows,
    "top": _top,
    "mutation": _mutation,
}
