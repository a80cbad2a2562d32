"""Settings that the macro networks of the cell-based spaces have in common."""

from dataclasses import dataclass, fields
from typing import ClassVar, Self

from nascast.core.errors import InvalidSettingError
from nascast.core.types import ImageTask

__all__ = ["STEMS", "Skeleton"]

STEMS = {"cifar": 1, "imagenet": 32}  # the least height and width of an image


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """Settings of the network around the cells.

    Attributes:
        stem: name of the stem: ``cifar`` keeps the size of the image, ``imagenet`` divides it by 8.
        auxiliary: whether there is an auxiliary head.
        drop_path: probability of dropping an operation when training ends.
    """

    counts: ClassVar[tuple[str, ...]] = ()  # fields that are positive whole numbers
    shares: ClassVar[tuple[str, ...]] = ("drop_path",)  # fields from 0 to below 1
    switches: ClassVar[tuple[str, ...]] = ("auxiliary",)

    stem: str = "cifar"
    auxiliary: bool = False
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        for name in self.counts:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InvalidSettingError(f"{name} is a whole number from 1; got {value!r}")
        for name in self.shares:
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value < 1:
                raise InvalidSettingError(f"{name} is a number from 0 to below 1; got {value!r}")
        if self.stem not in STEMS:
            raise InvalidSettingError(f"stem is one of {', '.join(STEMS)}; got {self.stem!r}")
        for name in self.switches:
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise InvalidSettingError(f"{name} is True or False; got {value!r}")

    @classmethod
    def of(cls, task: ImageTask) -> Self:
        """Returns the skeleton of a task.

        Raises:
            InvalidSettingError: a setting is unknown or out of range, or the images are too small.
        """
        known = [field.name for field in fields(cls)]
        if task.skeleton.keys() - set(known):
            raise InvalidSettingError(
                f"the skeleton takes {', '.join(known)}; got {dict(task.skeleton)}"
            )
        skeleton = cls(**task.skeleton)
        least = STEMS[skeleton.stem]
        if min(task.input_shape[1:]) < least:
            raise InvalidSettingError(
                f"the {skeleton.stem} stem needs images of at least {least}×{least}; "
                f"got {task.input_shape[1]}×{task.input_shape[2]}"
            )
        return skeleton
