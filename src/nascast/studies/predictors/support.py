"""What records support of the cells of a study, tried on one architecture before any work."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nascast.core.errors import UnsupportedError
from nascast.core.predictor import Proxy
from nascast.core.spec import Spec
from nascast.core.threads import one_thread
from nascast.core.types import Genes
from nascast.studies.predictors.design import Budget, Cell, predictor_of, proxies_of
from nascast.studies.predictors.evidence import Evidence
from nascast.studies.predictors.scores import Scores

__all__ = ["Support"]

_Kind = tuple[Spec, Budget]  # a predictor, and its settings but for the labels


@dataclass(frozen=True, slots=True)
class Support:
    """Which predictors the records support, and the proxies that each reads there.

    Attributes:
        evidence: evidence of the study.
        scores: scores known, of which those of the architectures are not computed again.
        genes: ``(n, length)`` architectures on which features are tried.
    """

    evidence: Evidence
    scores: Scores
    genes: Genes
    _known: dict[_Kind, list[Proxy] | str] = field(default_factory=dict, init=False)

    def refusals(self, cells: Sequence[Cell]) -> dict[Cell, str]:
        """Returns the cells that cannot have their evidence, with the reason."""
        answers = {cell: self._of(cell) for cell in cells}
        return {cell: answer for cell, answer in answers.items() if isinstance(answer, str)}

    def proxies(self, cell: Cell) -> list[Proxy]:
        """Returns the proxies that a cell reads; a predictor may do without some of its own."""
        answer = self._of(cell)
        return [] if isinstance(answer, str) else answer

    def _of(self, cell: Cell) -> list[Proxy] | str:
        kind = cell.predictor, cell.settings
        if kind not in self._known:
            slow = {module for proxy in proxies_of(cell) for module in proxy.modules}
            with one_thread(*slow):  # one architecture on all cores takes seconds of each
                self._known[kind] = self._try(cell)
        return self._known[kind]

    def _try(self, cell: Cell) -> list[Proxy] | str:
        ledger = self.evidence.ledger(self.scores.of(self.genes))
        try:
            with ledger.phase("query"):
                read = predictor_of(cell).supported(ledger, self.genes)
        except UnsupportedError as error:
            return str(error)
        return [feature for feature in read if isinstance(feature, Proxy)]
