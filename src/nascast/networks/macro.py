"""Macro skeletons: how cells are stacked into a network."""

from collections.abc import Callable

from torch import Tensor, nn

from nascast.networks.operations import ResidualReduction, pool_reduction

__all__ = ["REDUCTIONS", "StackedCells"]

REDUCTIONS: dict[str, Callable[[int, int], nn.Module]] = {
    "residual": ResidualReduction,
    "pool": pool_reduction,
}


class StackedCells(nn.Module):
    """Stem, stages of equal cells with a reduction between, BN-ReLU, global pooling, classifier.

    Channels double and height and width halve at every reduction; any input size ≥ 1 works.
    """

    def __init__(
        self,
        cell: Callable[[int], nn.Module],
        input_channels: int,
        classes: int,
        *,
        channels: int,
        cells: int,
        stages: int,
        stem_stride: int,
        reduction: str,
    ) -> None:
        """Builds the network.

        Args:
            cell: function that makes a cell of a number of channels.
            input_channels: channels of the images.
            classes: number of classes.
            channels: channels after the stem.
            cells: number of cells in each stage.
            stages: number of stages, between which there are reductions.
            stem_stride: stride of the stem's 3×3 convolution.
            reduction: name of a reduction in `REDUCTIONS`.
        """
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(input_channels, channels, 3, stem_stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        body: list[nn.Module] = []
        for stage in range(stages):
            if stage:
                body.append(REDUCTIONS[reduction](channels, 2 * channels))
                channels *= 2
            body += [cell(channels) for _ in range(cells)]
        self.body = nn.Sequential(*body)
        self.head = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits."""
        features = self.head(self.body(self.stem(x)))
        return self.classifier(features.mean((2, 3)))  # type: ignore[no-any-return]
