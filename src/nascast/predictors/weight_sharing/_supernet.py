"""What predictors by weight sharing have in common: a supernet, trained once and kept."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.extras import check_extra
from nascast.core.kept import Artefact
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Genes, ImageTask

if TYPE_CHECKING:
    from nascast.training.data import ImageData
    from nascast.training.recipe import Recipe
    from nascast.training.supernet import Chooser, SharedEvaluator

__all__ = ["STUDY", "SupernetPredictor"]

_MODULE = "nascast.training.supernet"  # takes long to import
# What the 2021 study trained for, and what this leaves as in the benchmark.
STUDY: Mapping[str, Any] = MappingProxyType(
    {"epochs": 50, "learning_rate": 0.025, "repeats": None, "filters": None, "size": None}
)
_LEAST = {"epochs": 1, "repeats": 1, "filters": 1, "size": 1, "batch_size": 2, "seed": 0}


@dataclass(eq=False)
class SupernetPredictor(PerformancePredictor):
    """Validation accuracy of an architecture with weights that it has from a supernet.

    Initialization trains one supernet on images, or finds it among the artefacts of the ledger, and
    pays for it either way; it reads no labels. A query runs the architecture alone, with the
    statistics of batch normalisation taken anew from training images, on the images held out.

    The images are all those of the ledger's source, of which a tenth is held out unless the source
    has a validation part. Where the space has no repeats or filters to choose, those settings are
    not used; other settings of the skeleton are those of the benchmark.

    Attributes:
        epochs: number of passes over the training images.
        learning_rate: learning rate at the first step, of which a 25th is left at the last.
        repeats: number N of normal cells in each stage; None is that of the benchmark.
        filters: number F of filters of the first stage; None is that of the benchmark.
        size: height and width of the images; None is that of the benchmark.
        batch_size: number of images in a step.
        seed: seed of the initial weights and of the training, which are the same in all trials.

    Raises:
        InvalidSettingError: a number is out of range.
    """

    ranks_only = True
    ranks_alone = False  # after the few steps of a check
    modules = (_MODULE,)

    epochs: int = 20
    _: KW_ONLY
    learning_rate: float = 0.1
    repeats: int | None = 1
    filters: int | None = 8
    size: int | None = 16
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        check_extra("torch", "torch", type(self).__name__)
        if not self.learning_rate > 0:
            raise InvalidSettingError(f"learning_rate is above 0; got {self.learning_rate}")
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise InvalidSettingError(f"{name} is at least {least}; got {value}")
        self._weights: Artefact | None = None

    @abstractmethod
    def chooser(self, ledger: Ledger) -> "Chooser":
        """Returns what is run of the supernet in each step of its training."""

    def recipe(self) -> "Recipe":
        """Returns the recipe by which the supernet is trained.

        The study has it from DARTS. Deviations: the settings of the predictor, Nesterov's momentum,
        and no crop, since images are small.
        """
        from nascast.training.recipe import Recipe

        return Recipe(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            final_rate=self.learning_rate / 25,  # as from .025 to .001
            momentum=0.9,
            weight_decay=3e-4,
            grad_clip=5.0,
        )

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        images, task = self._opened(ledger)
        space = [ledger.space.name, list(map(int, ledger.space.cardinalities))]
        key = json.dumps([str(Spec.of("predictor", self)), space, repr(task), images.fingerprint])
        self._weights = ledger.shared(key, lambda: self._trained(ledger, images, task))

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        ledger.space.check(genes)
        evaluator = self.evaluator(ledger)
        archs = [ledger.space.architecture(row) for row in ledger.space.canonical(genes)]
        return Prediction(np.array([evaluator.score(arch)[1] for arch in archs], dtype=np.float64))

    def evaluator(self, ledger: Ledger) -> "SharedEvaluator":
        """Returns the evaluator of candidates by the trained supernet, for a search with it."""
        from nascast.training.supernet import SharedEvaluator

        if self._weights is None:
            raise InvalidSettingError("initialize a predictor by weight sharing before its query")
        images, task = self._opened(ledger)
        return SharedEvaluator.of(ledger.space, task, images, self._weights, self.batch_size)

    def _opened(self, ledger: Ledger) -> "tuple[ImageData, ImageTask]":
        """Returns the images, and the task for the supernet."""
        from nascast.training.data import Split, task_of

        task = ledger.space.expect_task(ledger.task, ImageTask)
        size = self.size or task.input_shape[1]
        images = ledger.data()(Split(size=size))
        scales = ledger.space.scales
        repeats, filters = (
            value if own else None
            for own, value in zip(scales, (self.repeats, self.filters), strict=True)
        )
        own = ledger.space.scaled(repeats, filters)
        return images, task_of(images, {**task.skeleton, **own})

    def _trained(self, ledger: Ledger, images: "ImageData", task: ImageTask) -> Artefact:
        import torch

        from nascast.training.placement import placed
        from nascast.training.supernet import SupernetTraining, weights_of

        with torch.random.fork_rng([]):
            torch.manual_seed(self.seed)
            network: Any = placed(ledger.space.supernet(task), "cpu")
            training = SupernetTraining(
                network,
                images,
                choose=self.chooser(ledger),
                recipe=self.recipe(),
                generator=torch.Generator().manual_seed(self.seed),
            )
            for _ in training.epochs():
                pass
        return weights_of(network)
