"""How a network is trained, as a value."""

from dataclasses import dataclass

from nascast.core.errors import InvalidSettingError

__all__ = ["Recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """SGD with Nesterov momentum and a learning rate that falls to zero along a cosine.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step; a smaller last batch is left out.
        learning_rate: at the first step.
        momentum: Nesterov.
        weight_decay: on all parameters.
        flip: mirror each training image with probability one half.
        grad_clip: largest gradient norm, or None.
    """

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    flip: bool = True
    grad_clip: float | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2 or self.learning_rate <= 0:
            raise InvalidSettingError(
                "a recipe needs at least 1 epoch, a batch of at least 2 and a positive learning "
                f"rate; got {self.epochs}, {self.batch_size} and {self.learning_rate}"
            )
