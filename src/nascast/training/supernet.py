"""Training a supernet, and scoring the architectures whose weights it holds."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nascast.core.clock import clock_of
from nascast.core.space import SearchSpace
from nascast.core.threads import one_thread
from nascast.core.types import Architecture, Candidate, Evaluation, ImageTask
from nascast.networks.supernet.supernet import Supernet
from nascast.training.data import ImageData
from nascast.training.loop import ImageTraining, evaluate
from nascast.training.placement import placed

__all__ = [
    "Chooser",
    "SharedEvaluator",
    "SupernetTraining",
    "all_paths",
    "one_path",
    "recalibrate",
    "weights_of",
]

# Says what a supernet runs in a step, at a share of the training that is over, by a generator.
Chooser = Callable[[Supernet, float, torch.Generator], None]
_STATISTICS = 20  # batches from which statistics are taken, as many as are there; chosen


def one_path(space: SearchSpace) -> Chooser:
    """Returns the chooser of one random architecture in each step, drawn as the space samples."""

    def choose(supernet: Supernet, progress: float, generator: torch.Generator) -> None:
        seed = torch.randint(2**62, (), generator=generator).item()
        row = space.sample(1, np.random.default_rng(int(seed)))[0]
        supernet.choose(space.architecture(row))

    return choose


def all_paths(rate: float) -> Chooser:
    """Returns the chooser of all operations at once, but for those that path dropout takes.

    Args:
        rate: probability that a vertex loses all its operations when training ends; 0 drops none.
    """

    def choose(supernet: Supernet, progress: float, generator: torch.Generator) -> None:
        supernet.choose_all(rate, progress, generator)

    return choose


class SupernetTraining(ImageTraining):
    """The training of a supernet, of which something else is run in each step.

    What is not run in a step keeps its weights, its momentum included. Nothing is validated after
    an epoch, since there is no one network to validate: the curves have NaN there.
    """

    def __init__(self, network: Supernet, data: ImageData, *, choose: Chooser, **how: Any) -> None:
        """Prepares a training.

        Args:
            network: supernet to train, on the device of `data`.
            data: images to train on.
            choose: function that says what is run in a step.
            how: recipe, generator and others, see `Training`.
        """
        super().__init__(network, data, **how)
        self._supernet, self._choose = network, choose
        self._done = 0  # steps of this epoch

    def _epoch(self, epoch: int) -> float:
        self._done = 0
        return super()._epoch(epoch)

    def _losses(self, batch: Tensor, target: Tensor) -> tuple[Tensor, Tensor | float]:
        gone = len(self.curves.seconds) + self._done / self.steps
        self._choose(self._supernet, gone / self._recipe.epochs, self._generator)
        self._done += 1
        return super()._losses(batch, target)

    def _validate(self) -> tuple[float, float]:
        return float("nan"), float("nan")


@torch.no_grad()
def recalibrate(network: nn.Module, images: Tensor, batch_size: int) -> None:
    """Takes the statistics of batch normalisation anew, as means over batches of images.

    While a supernet is trained they are those of a mixture of architectures, with which each of
    them scores poorly (Guo et al., ECCV 2020, https://arxiv.org/abs/1904.00420, section 3.3).
    Statistics of what is not run are left empty.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean over all batches
    network.train()
    batch_size = min(batch_size, len(images))
    for start in range(0, len(images) - batch_size + 1, batch_size):
        network(images[start : start + batch_size])


@dataclass(frozen=True, slots=True, eq=False)
class SharedEvaluator:
    """Scores an architecture with the weights that a trained supernet has for it.

    Nothing is trained: the statistics of its batch normalisations are taken anew, from training
    images in a fixed order, and the validation images are classified. So a score depends on the
    weights and the architecture alone, and never on what was scored before. The metrics are
    ``val_accuracy`` in percent and ``val_loss`` in nats.

    Attributes:
        space: search space of the candidates.
        network: trained supernet of the space.
        images: data that it was trained on.
        task: task of the supernet.
        batch_size: number of images in a batch.
    """

    space: SearchSpace
    network: Supernet
    images: ImageData
    task: ImageTask
    batch_size: int

    @classmethod
    def of(
        cls,
        space: SearchSpace,
        task: ImageTask,
        images: ImageData,
        weights: Mapping[str, npt.NDArray[Any]],
        batch_size: int = 64,
    ) -> "SharedEvaluator":
        """Returns the evaluator of weights by name, as `weights_of` returns them."""
        with torch.random.fork_rng([]), torch.no_grad():
            network = space.supernet(task)
            for name, parameter in network.named_parameters():
                parameter.copy_(torch.from_numpy(weights[name]))
        network = placed(network.requires_grad_(False), images.device.type)
        assert isinstance(network, Supernet)
        return cls(space, network, images, task, batch_size)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that are measured."""
        return ("val_accuracy", "val_loss")

    def settings(self) -> dict[str, Any]:
        """Returns the settings that decide the answers, as JSON values; weights by a checksum."""
        digest = hashlib.sha256()
        for array in weights_of(self.network).values():
            digest.update(np.ascontiguousarray(array).tobytes())
        return {
            "space": self.space.name,
            "task": repr(self.task),
            "fingerprint": self.images.fingerprint,
            "weights": digest.hexdigest(),
            "batch_size": self.batch_size,
        }

    def score(self, arch: Architecture) -> tuple[float, float]:
        """Returns the loss in nats and the accuracy in percent on the validation images."""
        self.network.choose(arch)
        recalibrate(
            self.network, self.images.train[0][: _STATISTICS * self.batch_size], self.batch_size
        )
        return evaluate(self.network, *self.images.validation)

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the evaluation of a candidate; its epochs and the seed are not used."""
        clock = clock_of(self.images.device.type)
        with one_thread():
            began = clock()
            loss, accuracy = self.score(candidate.arch)
        return Evaluation({"val_accuracy": accuracy, "val_loss": loss}, clock() - began)


def weights_of(network: nn.Module) -> dict[str, npt.NDArray[Any]]:
    """Returns the parameters of a network as arrays, by name."""
    return {name: p.detach().cpu().numpy().copy() for name, p in network.named_parameters()}
