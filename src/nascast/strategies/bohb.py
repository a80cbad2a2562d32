"""BOHB: Bayesian optimisation with Hyperband (Falkner et al. 2018).

https://arxiv.org/abs/1807.01774
"""

from dataclasses import dataclass

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Genes
from nascast.strategies._categorical_density import CategoricalDensity
from nascast.strategies.hyperband import Hyperband

__all__ = ["Bohb"]

_GOOD = 0.15  # share of the observations that are good; section 4.2 and the authors' code
_SAMPLES = 64  # N_s, rows of which the best by l(x) / g(x) is taken; section 4.2


@dataclass(eq=False, kw_only=True)
class Bohb(Hyperband):
    """Hyperband whose first rungs are filled by Algorithm 2 instead of at random.

    Two kernel densities over genes, of good and of bad architectures, are fitted to what was told
    for the largest number of epochs that has enough of both; of rows drawn from the good one, those
    with the largest ratio of the densities are proposed. A failed candidate is a bad one.

    Deviations:
        - All genes are unordered; see `CategoricalDensity` for their kernel and its width.
        - Samples that are not valid rows are dropped, and what was met is passed over.
        - For several candidates at once, that many samples are the best of one draw.

    Attributes:
        random_share: share ρ of candidates sampled from the space; 1/3 as in the paper.

    Raises:
        InvalidSettingError: a setting is out of range.
    """

    random_share: float = 1 / 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.random_share <= 1:
            raise InvalidSettingError(f"random_share is from 0 to 1; got {self.random_share}")

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        groups = self._groups()
        at_random = n if groups is None else int(rng.binomial(n, self.random_share))
        rows = self.space.sample(at_random, rng)
        if groups is None or at_random == n:
            return rows
        good, bad = (CategoricalDensity(genes, self.space.cardinalities) for genes in groups)
        samples = good.sample(max(_SAMPLES, n), rng)
        samples = np.unique(samples[self.space.is_valid(samples)], axis=0)
        ratios = good.log(samples) - bad.log(samples)
        return np.concatenate([rows, samples[np.argsort(-ratios, kind="stable")]])

    def _groups(self) -> tuple[Genes, Genes] | None:
        """Returns the rows of good and of bad architectures, if some number of epochs has enough.

        Equations 4 and 5: at least N_min + 2 observations, and at least N_min rows in each group,
        so that few observations may be in both. N_min is d + 1 for d genes.
        """
        least = self.space.length + 1
        for epochs in reversed(self.levels):
            at = np.flatnonzero(self.history.epochs == epochs)
            scores = self.history.scores[at, 0]
            if len(at) < least + 2 or (~np.isnan(scores)).sum() < least:
                continue
            order = at[np.argsort(-scores, kind="stable")]  # best first, NaN last
            good = max(least, min(int(_GOOD * len(at)), int((~np.isnan(scores)).sum())))
            bad = max(least, len(at) - good)
            return self.history.genes[order[:good]], self.history.genes[order[-bad:]]
        return None
