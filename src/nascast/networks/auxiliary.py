"""Auxiliary heads: a second classifier half-way, which helps deep networks train."""

import torch
from torch import Tensor, nn

__all__ = ["AuxiliaryHead", "AuxiliaryNetwork", "halved"]

_WINDOW = 5  # side of the average pooling
_BOTTLENECK, _WIDTH = 128, 768


def halved(side: int, times: int = 1) -> int:
    """Returns the side of a feature map after `times` layers of stride 2: ⌈side / 2**times⌉."""
    step: int = 2**times
    return -(-side // step)


class AuxiliaryHead(nn.Module):
    """The head of NASNet and DARTS: pooling, a 1×1 convolution, one over the whole map, classifier.

    A map smaller than the pooling window is pooled whole.
    """

    def __init__(
        self, c_in: int, classes: int, *, size: tuple[int, int], stride: int = 3, norm: bool = True
    ) -> None:
        """Builds the head.

        Args:
            c_in: channels of the feature map that it reads.
            classes: number of classes.
            size: height and width of that map.
            stride: stride of the 5×5 average pooling.
            norm: whether the convolution over the whole map is normalised.
        """
        super().__init__()
        window = (min(_WINDOW, size[0]), min(_WINDOW, size[1]))
        left = ((size[0] - window[0]) // stride + 1, (size[1] - window[1]) // stride + 1)
        layers = [
            nn.ReLU(),
            nn.AvgPool2d(window, stride),
            nn.Conv2d(c_in, _BOTTLENECK, 1, bias=False),
            nn.BatchNorm2d(_BOTTLENECK),
            nn.ReLU(),
            nn.Conv2d(_BOTTLENECK, _WIDTH, left, bias=False),
            *([nn.BatchNorm2d(_WIDTH)] if norm else []),
            nn.ReLU(),
        ]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(_WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c_in, *size)`` to ``(n, classes)`` logits."""
        return self.classifier(torch.flatten(self.features(x), 1))  # type: ignore[no-any-return]


class AuxiliaryNetwork(nn.Module):
    """A network that may have an auxiliary head.

    Calling it gives the logits alone, in training mode too; the head costs nothing unless a
    training loop asks for it with `forward_auxiliary`.

    Attributes:
        head: module from the last features to logits.
        auxiliary: module from the features half-way to logits; None without an auxiliary head.
    """

    head: nn.Module
    auxiliary: AuxiliaryHead | None

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the last feature map and the one that the auxiliary head reads."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits."""
        return self.head(self.features(x)[0])  # type: ignore[no-any-return]

    def forward_auxiliary(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Returns the logits and the auxiliary logits, both ``(n, classes)``, in one pass.

        The second is None if there is no auxiliary head.
        """
        last, midway = self.features(x)
        return self.head(last), None if self.auxiliary is None else self.auxiliary(midway)
