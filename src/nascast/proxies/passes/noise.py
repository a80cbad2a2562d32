"""Feature maps for noise as input: of random weights (Zen) and of single images (MeCo)."""

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nascast.core.errors import UnsupportedError
from nascast.core.types import ImageTask
from nascast.networks.forward import device_of
from nascast.proxies.passes.untrained import hooked, noise, replaced, weights, without_tracking

__all__ = ["least_eigenvalues", "perturbed"]

_POOLING = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)


def perturbed(
    network: nn.Module, task: ImageTask, *, images: int, size: float, seed: int
) -> tuple[float, float]:
    """Returns how far noise moves the features, and what normalisations divided by.

    All weights of convolutions and linear maps are standard normal. The first number is the mean
    over inputs of the Euclidean distance between the last feature maps for x and x + size · ε, with
    x and ε standard normal; the second the sum over batch normalisations of the logarithm of the
    root of the mean variance that each finds in its channels.

    Raises:
        UnsupportedError: no module of the network returns feature maps before global pooling.
    """
    last: list[Tensor] = []
    scales: list[float] = []

    def keep(module: nn.Module, _: object, result: object) -> None:
        if isinstance(result, Tensor) and result.ndim == 4 and not isinstance(module, _POOLING):
            last[:] = [result]

    def measure(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        x = inputs[0].flatten(2) if inputs[0].ndim > 2 else inputs[0][:, :, None]
        scales.append(x.var((0, 2), correction=0).mean().item())

    generator, device = torch.Generator().manual_seed(seed), device_of(network)
    x, change = (noise((images, *task.input_shape), generator, device) for _ in range(2))
    with (
        torch.no_grad(),
        without_tracking(network),
        replaced(weights(network), lambda weight: noise(weight.shape, generator, device)),
        hooked(network, (nn.Module,), keep),
    ):
        with hooked(network, (_BatchNorm,), measure):
            network(x)
        before = last.copy()
        network(x + size * change)
    if not last:
        raise UnsupportedError("the last feature maps are compared, and the network has none")
    distance = (last[0] - before[0]).flatten(1).norm(dim=1).mean().item()
    return distance, sum(math.log(scale) / 2 if scale > 0 else -math.inf for scale in scales)


def least_eigenvalues(network: nn.Module, task: ImageTask, seed: int) -> list[float]:
    """Returns the least eigenvalue of the correlations between channels, of each convolution.

    The input is one standard normal image. A channel that does not vary correlates with none.

    Raises:
        UnsupportedError: the network has no convolutions.
    """
    found: list[Tensor] = []
    generator = torch.Generator().manual_seed(seed)
    image = noise((1, *task.input_shape), generator, device_of(network))
    with (
        torch.no_grad(),
        without_tracking(network),
        hooked(network, (nn.Conv2d,), lambda module, inputs, result: found.append(result[0])),
    ):
        network(image)
    if not found:
        raise UnsupportedError("channels of convolutions are compared, and the network has none")
    out = []
    for features in found:
        rows = features.double().flatten(1)
        rows = rows - rows.mean(1, keepdim=True)
        unit = nn.functional.normalize(rows, dim=1)
        correlation = unit @ unit.T
        correlation.fill_diagonal_(1.0)
        out.append(torch.linalg.eigvalsh(correlation)[0].clamp_min(0).item())
    return out
