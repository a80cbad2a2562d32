"""OMNI's features, read by SemiNAS's networks."""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.predictor import ModelPredictor, Proxy, Regressor, joined
from nascast.core.spec import Spec, component_of
from nascast.core.types import Genes
from nascast.encodings.gcn import GcnEncoding
from nascast.predictors.hybrid.omni.statistics import statistics
from nascast.predictors.model_based.nao import Nao
from nascast.predictors.model_based.regression.settings import Training
from nascast.predictors.model_based.seminas import SemiNas

__all__ = ["OmniSemiNas"]


class OmniSemiNas(ModelPredictor):
    """SemiNAS on the graph, statistics of the learning curve and zero-cost proxies.

    The sequence of vertices goes on with a step for each score, which is cut into up to ten bins at
    the quantiles of the training rows. Architectures without labels are learned from only where no
    curve is read, as in the study: their curves would have to be paid for.

    The preset ``study`` has the study's features and networks. Deviations are those of `SemiNas`,
    and the bins of the proxy: the study has them from up to 1,000 random architectures.
    """

    axes = frozenset({"train_size", "epochs"})
    precision = Nao.precision
    modules = (*Nao.modules, "nascast.predictors.hybrid.omni_seminas.network")
    presets = MappingProxyType(
        {"study": {"curves": ("sotl_e",), "model": Spec("seminas", SemiNas.presets["study"])}}
    )

    def __init__(
        self,
        epochs: int = 5,
        *,
        proxies: Sequence[str | Spec | Proxy] = ("jacov",),
        curves: Sequence[str | Spec] = ("sotl_e", "early_stop_accuracy"),
        model: str | Spec | Nao = "seminas",
    ) -> None:
        """Chooses features and networks.

        Args:
            epochs: number of epochs of training at query, of which all statistics are.
            proxies: zero-cost proxies.
            curves: predictors that read curves alone, whose predictions are statistics of them.
            model: ``seminas``, or ``nao``, with the settings of the networks.
        """
        made = component_of("predictor", model)
        if not isinstance(made, Nao):
            raise InvalidSettingError(f"model should be seminas or nao; got {model}")
        super().__init__(
            [
                GcnEncoding(),
                *statistics(curves, epochs),
                *(component_of("proxy", proxy) for proxy in proxies),
            ]
        )
        self.epochs, self.proxies, self.curves, self.model = epochs, proxies, curves, model
        self._networks: Nao = made
        if isinstance(made, SemiNas) and proxies and not curves:
            self.reference = made.factor

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        graph = ledger.space.graphs(train[:0])
        self._layout = self._networks.layout(graph.labels.shape[1], len(graph.vocabulary))
        self._others = None
        if isinstance(self._networks, SemiNas) and not self.curves:
            others = ledger.sample(self._networks.factor * len(train), rng)
            self._others = joined(self.features, ledger, others)
        super().initialize(ledger, train, rng)
        self._others = None

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.hybrid.omni_seminas.network import scored
        from nascast.predictors.model_based.regression.regressor import regressor

        own = self._networks
        scores = len(self.curves) + len(self.proxies)
        make = scored(self._layout, scores, own.members, own.width)
        how = Training(own.loss, own.learning_rate, own.epochs, own.batch_size)
        others = None if self._others is None else self._repair(self._others)
        return regressor(make, own.members, int(rng.integers(2**31)), how, others)
