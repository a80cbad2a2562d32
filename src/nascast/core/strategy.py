"""The search strategy, which proposes what to evaluate next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nascast.core.evidence import Records
from nascast.core.history import History
from nascast.core.met import Met
from nascast.core.space import SearchSpace
from nascast.core.types import Candidate, Genes, Objective, Task, Trial

__all__ = ["Strategy"]


@dataclass(eq=False)
class Strategy:
    """Proposes candidates and learns from trials.

    `ask` changes nothing and depends on its arguments and on what was told; `tell` is the only
    thing that changes a strategy. So telling a fresh strategy the stored trials resumes a run.

    A subclass writes `propose`; the base class does the rest: `ask` leaves out networks that were
    told or are pending. A strategy that chooses epochs, or waits, writes `ask` instead, and finds
    the networks told in `met`. One that learns trial by trial does so in `learn`.

    Settings are the fields of a dataclass, ``@dataclass(eq=False, kw_only=True)``, so that every
    argument of the constructor is an attribute of the same name, and stays what was given;
    `__post_init__` checks them and makes what the strategy learns into. A strategy can be pickled.

    Attributes:
        space: search space whose valid rows are proposed.
        objectives: objectives of the search, the first of which most strategies look at alone.
        seed: seed of what is drawn once, such as the initial weights of a controller. All other
            randomness comes with `ask`.
        history: trials told, as columns.
        met: networks told, to propose others.
        task: task that children are trained for, which whoever runs the strategy sets before the
            first trial is told; None is the usual one of the space. Networks for zero-cost proxies
            are built for it.
        presets: settings for a purpose, by its name; ``small`` is for a few hundred trials.
        multi_objective: whether a search may have several objectives: it weighs them all, or none.
        learns_early: whether it promises to be better than random search after a few dozen trials.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    multi_objective: ClassVar[bool] = False
    learns_early: ClassVar[bool] = True

    space: SearchSpace
    objectives: Sequence[Objective] = (Objective("val_accuracy"),)
    _: KW_ONLY
    seed: int = 0
    task: Task | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.objectives = tuple(self.objectives)
        self.history = History(self.space.length, self.objectives)
        self.met = Met(self.space)

    def check(self, records: Records, genes: Genes) -> None:
        """Raises where records lack what the strategy reads of them; here it reads its objectives.

        Args:
            records: records that a search is on.
            genes: ``(n, length)`` rows of them to look at; one is enough.

        Raises:
            UnsupportedError: something was not recorded; the message names what was.
        """
        return

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns valid rows, ``(n, length)`` or more, preferred ones first.

        They may have been told before. It may be called several times for one `ask`; if it finds
        too few new rows, others are drawn from the whole space.
        """
        raise NotImplementedError(f"{type(self).__name__} writes neither propose nor ask")

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        """Returns 1 to n valid candidates, given those that are being evaluated.

        A strategy that cannot go on before pending candidates are finished returns none.
        """
        return self.met.others(n, rng, self.propose, pending=pending)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Adds finished trials to the history, failed ones included, and learns from each."""
        for trial in trials:
            self.history.extend([trial])
            self.met.add([trial])
            self.learn(len(self.history) - 1)

    def learn(self, index: int) -> None:
        """Learns from one trial of the history; called for each, in order, however many are told.

        Args:
            index: position of the trial in the history, of which it is the last.
        """

    def learned(self) -> Mapping[str, npt.NDArray[Any]]:
        """Returns what it learned beside its history, as arrays by name, if learning takes long.

        Here there is none: telling a fresh strategy the trials is quick.
        """
        return {}

    def recall(self, trials: Sequence[Trial], learned: Mapping[str, npt.NDArray[Any]]) -> None:
        """Restores a fresh strategy from trials and what an equal one had `learned` of them.

        The strategy is then what telling it the trials would have made it, bit by bit. A subclass
        that says what it `learned` takes it in here.
        """
        self.history.extend(trials)
        self.met.add(trials)

    def diagnostics(self) -> Mapping[str, list[float]]:
        """Returns series that describe the strategy's state over trials, by name; here none."""
        return {}
