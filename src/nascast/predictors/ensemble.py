"""Several predictors of one kind (deep ensembles: Lakshminarayanan et al., NeurIPS 2017).

https://arxiv.org/abs/1612.01474; bootstrap: Breiman, Machine Learning 1996.
"""

import inspect

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor, labels_of
from nascast.core.types import Genes
from nascast.predictors._combinator import Combinator, Part, part_of

__all__ = ["Ensemble"]

DEVIATIONS = ("mixture", "means")


class Ensemble(Combinator):
    """The mean of members that differ in their randomness.

    Members of a `deterministic` predictor would be equal: each of them learns from a bootstrap
    sample of the labelled rows instead. A predictor that has a setting ``members`` itself, such as
    networks that are trained as one batch, is given the number. Members with a setting ``seed``,
    such as proxies, have it one after the other; one that neither learns nor has a seed is alone.
    The deviation is that of the mixture of the members: their own deviations, where they have any,
    and that of their means. With ``deviation="means"`` it is the latter alone: how far the members
    disagree, without the noise of a label, and not how far they are wrong.
    """

    def __init__(
        self,
        predictor: Part = "xgboost",
        members: int = 5,
        *,
        bootstrap: bool | None = None,
        epochs: int | None = None,
        deviation: str = "mixture",
    ) -> None:
        """Chooses the predictor and the number of members.

        Args:
            predictor: predictor of which there are several.
            members: number of them.
            bootstrap: whether each learns from rows drawn with replacement; None does so where the
                predictor is deterministic.
            epochs: number of epochs at query, of a predictor that has such a setting; None leaves
                it.
            deviation: ``mixture``, or ``means`` for that of the members' means alone.

        Raises:
            InvalidSettingError: there is no member, or no such deviation.
        """
        if members < 1:
            raise InvalidSettingError(f"an ensemble has at least one member; got {members}")
        if deviation not in DEVIATIONS:
            raise InvalidSettingError(
                f"the deviation of an ensemble is {' or '.join(DEVIATIONS)}; got {deviation!r}"
            )
        part = part_of(predictor, epochs)
        super().__init__(*_members(part, members))
        self.predictor, self.members = predictor, members
        self.bootstrap, self.epochs, self.deviation = bootstrap, epochs, deviation

    @property
    def calibrated(self) -> bool:  # type: ignore[override]
        """Whether the deviation has in it what calibrated members claim."""
        return self.deviation == "mixture" and super().calibrated

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        first = self._parts[0]
        bootstrap = first.deterministic if self.bootstrap is None else self.bootstrap
        if "train_size" in first.axes:
            labels_of(ledger, train)  # all of them, whichever the members draw
        for part, seed in zip(self._parts, rng.integers(2**63, size=len(self._parts)), strict=True):
            own = np.random.default_rng(seed)
            rows = train[own.integers(len(train), size=len(train))] if bootstrap else train
            part.initialize(ledger, rows, own)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        found = [member.query(ledger, genes) for member in self._parts]
        means = np.stack([one.mean for one in found])
        if len(found) == 1:
            return found[0]
        variance = means.var(axis=0, ddof=1)
        own = [one.deviation**2 for one in found if one.deviation is not None]
        if own and self.deviation == "mixture":
            variance += np.mean(own, axis=0)
        return Prediction(means.mean(axis=0), np.sqrt(variance))


def _members(part: PerformancePredictor, count: int) -> list[PerformancePredictor]:
    """Returns members that differ in their seeds, or will once they are initialized."""
    settings = inspect.signature(type(part)).parameters
    if "members" in settings:
        return [part.like(members=count)]
    if "seed" in settings:
        first: int = getattr(part, "seed")  # noqa: B009 — not every predictor has one
        return [part.like(seed=first + i) for i in range(count)]
    return [part.like() for _ in range(count if "train_size" in part.axes else 1)]
