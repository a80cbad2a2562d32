"""The authors' surrogates, ``nb_models_1.0``: ensembles of boosted trees, and their inputs.

Zela et al., ICLR 2022, https://arxiv.org/abs/2008.09777, https://github.com/automl/nasbench301.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nascast.benchmarks.nasbench301.archive import FEATURE
from nascast.benchmarks.nasbench301.choices import CHOICES, INACTIVE, choices
from nascast.core.errors import CorruptDataError
from nascast.core.extras import extra
from nascast.core.types import Floats, Genes

__all__ = ["Boosters", "vectors"]

# What ConfigSpace 0.4 makes of a configuration: choices without a condition sorted by name, then
# the others; a constant and the only value of a choice are 0, numbers are scaled into their range,
# whole numbers with ±0.49999 around it. All but the architecture is the same for every row
# (`fixed_hyperparameters` of the release).
_D, _S = "NetworkSelectorDatasetInfo:darts:", "SimpleLearningrateSchedulerSelector:"
_FIXED: dict[str, float] = {
    "CreateImageDataLoader:batch_size": float(np.log(96 / 63.50001) / np.log(128.49999 / 63.50001)),
    "ImageAugmentation:augment": 0,
    "ImageAugmentation:autoaugment": 0,
    "ImageAugmentation:cutout": 0,
    "ImageAugmentation:cutout_holes": 0.49999 / 2.99998,
    "ImageAugmentation:cutout_length": 15.49999 / 49.99998,
    "ImageAugmentation:fastautoaugment": 0,
    "LossModuleSelectorIndices:loss_module": 0,
    f"{_D}auxiliary": 0,
    f"{_D}drop_path_prob": 0,
    f"{_D}init_channels": 31.49999 / 9999.99998,
    f"{_D}layers": 7.49999 / 9999.99998,
    "NetworkSelectorDatasetInfo:network": 0,
    "OptimizerSelector:optimizer": 0,
    "OptimizerSelector:sgd:learning_rate": float(np.log(0.025)),
    "OptimizerSelector:sgd:momentum": 0.8 / 0.89,
    "OptimizerSelector:sgd:weight_decay": float(np.log(0.0003)),
    f"{_S}cosine_annealing:T_max": 99.49999 / 9999.99998,
    f"{_S}cosine_annealing:eta_min": 1e-8 / 1e4,
    f"{_S}lr_scheduler": 0,
    "SimpleTrainNode:batch_loss_computation_technique": 0,
    "SimpleTrainNode:mixup:alpha": float(np.log(20) / np.log(70)),
}
_ALWAYS = {f"{_D}edge_{cell}_{edge}" for cell in ("normal", "reduce") for edge in (0, 1)}
_FIRST = sorted({*_FIXED, *_ALWAYS, *(name for name in CHOICES if "inputs_node" in name)})
_ORDER = [*_FIRST, *sorted(CHOICES.keys() - set(_FIRST))]


def vectors(genes: Genes) -> Floats:
    """Returns ``(n, 56)`` inputs of the boosters for rows of the space darts; inactive is −1."""
    columns = dict(zip(CHOICES, choices(genes).T, strict=True))
    out = np.empty((len(genes), len(_ORDER)))
    for i, name in enumerate(_ORDER):
        out[:, i] = _FIXED[name] if name in _FIXED else columns[name]
    assert INACTIVE == -1  # what the release puts in the place of a missing value
    return out


class Boosters:
    """Two ensembles: accuracies after the last epoch, and the seconds of the whole training."""

    def __init__(self, members: Mapping[str, bytes], where: Path) -> None:
        """Opens members of a converted archive.

        Raises:
            MissingExtraError: XGBoost or LightGBM is not installed.
            CorruptDataError: a member is no booster for these vectors.
        """
        self._ensembles = {
            kind: [
                _open(name, content, where)
                for name, content in sorted(members.items())
                if name.startswith(kind)
            ]
            for kind in ("accuracy", "seconds")
        }
        if not all(self._ensembles.values()):
            raise CorruptDataError(f"{where}: an ensemble has no members; convert it again")

    def accuracy(self, genes: Genes, epochs: tuple[int, ...]) -> Floats:
        """Returns ``(n, k)`` percent, the mean of the ensemble; `epochs` is the last one alone."""
        return np.repeat(self._mean("accuracy", genes)[:, None], len(epochs), axis=1)

    def seconds(self, genes: Genes) -> Floats:
        """Returns ``(n,)`` seconds of the whole training, the mean of the ensemble."""
        return self._mean("seconds", genes)

    def _mean(self, kind: str, genes: Genes) -> Floats:
        if not len(genes):
            return np.empty(0)
        rows = vectors(genes)
        found = [np.asarray(call(rows), dtype=np.float64) for call in self._ensembles[kind]]
        return np.asarray(np.mean(found, axis=0))


def _open(name: str, content: bytes, where: Path) -> Callable[[Floats], Any]:
    """Returns the prediction function of one member."""
    package = "xgboost" if name.endswith(".ubj") else "lightgbm"
    library = extra(package, "boost", FEATURE)
    wrong = library.core.XGBoostError if package == "xgboost" else library.basic.LightGBMError
    try:
        if package == "xgboost":
            booster = library.Booster({"nthread": 1})
            booster.load_model(bytearray(content))
            booster.set_param({"nthread": 1})
            width = booster.num_features()
        else:
            booster = library.Booster(model_str=content.decode())
            width = booster.num_feature()
    except (wrong, ValueError) as error:
        raise CorruptDataError(f"{where}: {name} is no booster; {error}") from error
    if width != len(_ORDER):
        raise CorruptDataError(
            f"{where}: {name} takes {width} columns; the surrogates of the release take "
            f"{len(_ORDER)}"
        )
    if package == "xgboost":
        return booster.inplace_predict  # type: ignore[no-any-return]
    return lambda rows: booster.predict(rows, num_threads=1)
