"""The recipe: how a network is trained, as a value."""

import math
from dataclasses import dataclass
from typing import Any

from nascast.core.errors import InvalidSettingError

__all__ = ["OPTIMIZERS", "SCHEDULES", "Recipe"]

OPTIMIZERS = ("sgd", "adam", "rmsprop")
SCHEDULES = ("cosine", "step", "constant")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training; by default SGD with a rate that falls to 0 along a cosine.

    Published recipes are in `nascast.training.recipes`.

    Attributes:
        epochs: number of passes over the training data.
        batch_size: number of images in a step; a smaller last batch is left out.
        learning_rate: learning rate at the first step.
        momentum: momentum: Nesterov's for ``sgd``, β₁ for ``adam``, plain for ``rmsprop``.
        weight_decay: factor of the weight that is added to its gradient, for all parameters.
        flip: whether each training image is mirrored with probability one half.
        grad_clip: largest norm of the gradient, or None.
        optimizer: name of the optimiser: ``sgd``, ``adam`` or ``rmsprop``.
        square_decay: decay of the mean of squared gradients: β₂ of ``adam``, α of ``rmsprop``.
        epsilon: number added to the root of that mean.
        schedule: schedule of the learning rate: ``cosine``, ``step`` or ``constant``. It is laid
            over all `epochs` and moves with every step, ``step`` at multiples of `step_epochs`.
        final_rate: learning rate that the cosine ends with.
        step_factor: factor by which ``step`` multiplies the rate.
        step_epochs: number of epochs between two changes by ``step``; may be a fraction.
        decay_norms: whether weight decay acts on biases and normalisation too: all parameters of
            one dimension.
        label_smoothing: share of the target that is spread over all classes.
        auxiliary_weight: weight of the auxiliary head's loss; above 0 the network needs such a
            head.
        drop_path: probability of dropping an operation at the end; it grows linearly with each
            step. Above 0 the network needs drop path.
        crop: pixels by which a random crop may move in each direction; 0 is no crop.
        crop_upsampled: whether the crop is from the image enlarged by `crop` on each side, and not
            from the image with a border of zeros.
        cutout: side of a square at a random place that is set to zero, as far as it lies inside the
            image; 0 is none.
        ema: decay of the mean of weights that is scored in their place; 0 is no mean.
        mixed_precision: whether to use bfloat16 where safe on CUDA; a CPU trains in float32.
    """

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    flip: bool = True
    grad_clip: float | None = None
    optimizer: str = "sgd"
    square_decay: float = 0.999
    epsilon: float = 1e-8
    schedule: str = "cosine"
    final_rate: float = 0.0
    step_factor: float = 0.97
    step_epochs: float = 1.0
    decay_norms: bool = True
    label_smoothing: float = 0.0
    auxiliary_weight: float = 0.0
    drop_path: float = 0.0
    crop: int = 0
    crop_upsampled: bool = False
    cutout: int = 0
    ema: float = 0.0
    mixed_precision: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or not self.learning_rate > 0:
            raise InvalidSettingError(
                "a recipe needs at least 1 epoch, a batch of at least 2 and a positive learning "
                f"rate; got {self.epochs}, {self.batch_size} and {self.learning_rate}"
            )
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in known:
                raise InvalidSettingError(
                    f"{name} is one of {', '.join(known)}; got {getattr(self, name)!r}"
                )
        shares = ("momentum", "square_decay", "label_smoothing", "drop_path", "ema")
        for name in shares:
            if not 0 <= getattr(self, name) < 1:
                raise InvalidSettingError(
                    f"{name} is a number from 0 to below 1; got {getattr(self, name)!r}"
                )
        for name in ("weight_decay", "final_rate", "auxiliary_weight", "crop", "cutout"):
            if not getattr(self, name) >= 0:
                raise InvalidSettingError(f"{name} is not below 0; got {getattr(self, name)!r}")
        for name in ("epsilon", "step_factor", "step_epochs", "grad_clip"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidSettingError(f"{name} is above 0; got {value!r}")

    def rate(self, epoch: float) -> float:
        """Returns the learning rate after `epoch` epochs, which may be a fraction."""
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "step":
            return self.learning_rate * self.step_factor ** math.floor(epoch / self.step_epochs)
        gone = 0.5 * (1 + math.cos(math.pi * (epoch / self.epochs)))
        return self.final_rate + (self.learning_rate - self.final_rate) * gone

    def skeleton(self) -> dict[str, Any]:
        """Returns the settings of a network's skeleton that training by this recipe needs."""
        needed: dict[str, Any] = {}
        if self.auxiliary_weight:
            needed["auxiliary"] = True
        if self.drop_path:
            needed["drop_path"] = self.drop_path
        return needed
