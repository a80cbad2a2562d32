"""The networks of NASNet (Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012).

Three times N normal cells with two reduction cells between. What the paper leaves open is as in the
authors' released code, slim's ``nasnet.py`` and ``nasnet_utils.py``.

Deviations: any input size; the last convolution of the auxiliary head covers the map it gets. The
first cell of the CIFAR network reads the stem through ReLU, 1×1 convolution and batch normalisation
as its previous output, which gives NASNet-A (6 @ 768) 3,328,234 parameters; the released code seems
to pass it on as it is, as it does in the ImageNet stem, which would give 3,346,538.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from nascast.core.errors import InvalidSettingError
from nascast.core.types import ImageTask
from nascast.networks.auxiliary import AuxiliaryHead, AuxiliaryNetwork, halved
from nascast.networks.nasnet_cell import Block, CellPlan, NasNetCell, Shape
from nascast.networks.skeleton import Skeleton

__all__ = ["NASNET_A", "CellPair", "NasNetSkeleton", "NasNetwork", "Place", "layout", "nasnet_a"]


@dataclass(frozen=True, slots=True)
class CellPair:
    """The two cells of an architecture."""

    normal: CellPlan
    reduction: CellPlan


# The outputs are those of the authors' code. They are not the unread states: the normal cell also
# outputs its previous input, and the reduction cell block 3, although both are read.
NASNET_A = CellPair(
    normal=CellPlan(
        (
            Block(("sep_conv_5x5", 0), ("sep_conv_3x3", 1)),
            Block(("sep_conv_5x5", 1), ("sep_conv_3x3", 1)),
            Block(("avg_pool_3x3", 0), ("identity", 1)),
            Block(("avg_pool_3x3", 1), ("avg_pool_3x3", 1)),
            Block(("sep_conv_3x3", 0), ("identity", 0)),
        ),
        output=(1, 2, 3, 4, 5, 6),
    ),
    reduction=CellPlan(
        (
            Block(("sep_conv_5x5", 0), ("sep_conv_7x7", 1)),
            Block(("max_pool_3x3", 0), ("sep_conv_7x7", 1)),
            Block(("avg_pool_3x3", 0), ("sep_conv_5x5", 1)),
            Block(("identity", 3), ("avg_pool_3x3", 2)),
            Block(("sep_conv_3x3", 2), ("max_pool_3x3", 0)),
        ),
        output=(3, 4, 5, 6),
    ),
)


@dataclass(frozen=True, kw_only=True)
class NasNetSkeleton(Skeleton):
    """Settings of the macro network; the defaults are NASNet-A's (6 @ 768) for CIFAR-10.

    Attributes:
        repeats: number N of normal cells in each of the three stages.
        filters: number F of filters of a block in the first stage; it doubles at each reduction.
        stem_multiplier: filters of the stem, in units of F for CIFAR and of 32 for ImageNet.
        dropout: probability of dropping a feature before the classifier.
        skip_reduction: whether the cell after a reduction reads, as its previous output, the one
            that the reduction cell itself has as previous, instead of the reduction cell's input.
    """

    counts: ClassVar[tuple[str, ...]] = ("repeats", "filters", "stem_multiplier")
    shares: ClassVar[tuple[str, ...]] = ("drop_path", "dropout")
    switches: ClassVar[tuple[str, ...]] = ("auxiliary", "skip_reduction")

    repeats: int = 6
    filters: int = 32
    stem_multiplier: int = 3
    dropout: float = 0.0
    skip_reduction: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a cell in the macro network.

    Attributes:
        reduces: whether it is a reduction cell.
        filters: number of filters of its blocks.
        lag: number of outputs that its previous output is back; 1 is that of the cell before it.
    """

    reduces: bool
    filters: int
    lag: int = 2


def layout(skeleton: NasNetSkeleton) -> list[Place]:
    """Returns the places of all cells in order, those of the ImageNet stem first."""
    filters = skeleton.filters
    places = []
    if skeleton.stem == "imagenet":
        places = [Place(True, max(filters // share, 1)) for share in (4, 2)]
    for i in range(3 * skeleton.repeats):
        after_reduction = i in (skeleton.repeats, 2 * skeleton.repeats)
        if after_reduction:
            filters *= 2
            places.append(Place(True, filters))
        skips = after_reduction and skeleton.skip_reduction
        places.append(Place(False, filters, 3 if skips else 2))
    return places


class NasNetwork(AuxiliaryNetwork):
    """Stem, three stages of normal cells with a reduction cell between, pooling, classifier.

    The ImageNet stem ends in two reduction cells of a quarter and half of the filters; the first
    of them has no previous output. In the CIFAR network the stem is the previous output too. The
    auxiliary head reads the last normal cell of the second stage. Drop path is stronger the deeper
    a cell lies and grows with training: the authors' version 3.
    """

    def __init__(self, cells: CellPair, task: ImageTask, skeleton: NasNetSkeleton) -> None:
        """Builds the network of two cells for the images and classes of a task."""
        super().__init__()
        self.imagenet = skeleton.stem == "imagenet"
        width = skeleton.stem_multiplier * (32 if self.imagenet else skeleton.filters)
        self.stem = _stem(task.input_shape[0], width, self.imagenet)
        shapes = [Shape(width, 0)] * (1 if self.imagenet else 2)
        places = layout(skeleton)
        self.lags = [place.lag for place in places]
        self.midway = 2 * skeleton.repeats + (2 if self.imagenet else 0)
        self.auxiliary = None
        self.cells = nn.ModuleList()
        for i, place in enumerate(places):
            cell = NasNetCell(
                cells.reduction if place.reduces else cells.normal,
                place.filters,
                current=shapes[-1],
                previous=shapes[-place.lag] if len(shapes) >= place.lag else None,
                stride=2 if place.reduces else 1,
                drop_path=skeleton.drop_path * (i + 1) / len(places),
            )
            self.cells.append(cell)
            shapes.append(cell.shape)
            if skeleton.auxiliary and i == self.midway:
                self.auxiliary = _auxiliary(cell.shape, task, self.imagenet)
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(skeleton.dropout),
            nn.Linear(shapes[-1].filters, task.classes),
        )

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        outputs = [self.stem(x)] * (1 if self.imagenet else 2)
        midway = outputs[-1]
        for i, (cell, lag) in enumerate(zip(self.cells, self.lags, strict=True)):
            previous = outputs[-lag] if len(outputs) >= lag else None
            outputs = [*outputs[-2:], cell(outputs[-1], previous)]  # no cell reads further back
            if i == self.midway:
                midway = outputs[-1]
        return outputs[-1], midway


def _stem(c_in: int, c_out: int, imagenet: bool) -> nn.Module:
    stride, padding = (2, 0) if imagenet else (1, 1)
    convolution = nn.Conv2d(c_in, c_out, 3, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(c_out))


def _auxiliary(shape: Shape, task: ImageTask, imagenet: bool) -> AuxiliaryHead:
    sides = [(side - 1) // 2 if imagenet else side for side in task.input_shape[1:]]
    height, width = (halved(side, shape.halvings) for side in sides)
    return AuxiliaryHead(shape.filters, task.classes, size=(height, width))


_PUBLISHED = {
    "cifar": ImageTask((3, 32, 32), 10, {"repeats": 6, "filters": 32, "stem_multiplier": 3}),
    "mobile": ImageTask(
        (3, 224, 224),
        1000,
        {"repeats": 4, "filters": 44, "stem_multiplier": 1, "stem": "imagenet"},
    ),
    "large": ImageTask(
        (3, 331, 331),
        1000,
        {
            **{"repeats": 6, "filters": 168, "stem_multiplier": 3, "stem": "imagenet"},
            "skip_reduction": True,
        },
    ),
}


def nasnet_a(variant: str, task: ImageTask | None = None) -> NasNetwork:
    """Returns NASNet-A as published.

    Args:
        variant: name of the variant: ``cifar`` (6 @ 768), ``mobile`` (4 @ 1056) or ``large``
            (6 @ 4032).
        task: task with images and classes, and settings of the skeleton that replace the variant's;
            None is the task that the variant was published for.

    Raises:
        InvalidSettingError: the variant or a setting is unknown.
    """
    if variant not in _PUBLISHED:
        raise InvalidSettingError(
            f"NASNet-A has the variants {', '.join(_PUBLISHED)}; got {variant!r}"
        )
    published = _PUBLISHED[variant]
    task = task or published
    merged = ImageTask(task.input_shape, task.classes, {**published.skeleton, **task.skeleton})
    network = NasNetwork(NASNET_A, merged, NasNetSkeleton.of(merged))
    if variant != "cifar":
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps, module.momentum = 1e-3, 3e-4
    return network
