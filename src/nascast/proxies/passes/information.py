"""The Fisher information of some weights of a network of images (VKDNW)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from nascast.core.errors import UnsupportedError
from nascast.core.types import Floats, ImageTask
from nascast.networks.forward import device_of
from nascast.proxies.passes.untrained import hooked, noise, without_tracking

__all__ = ["fisher_information", "trainable_layers"]

_LAYERS = (nn.Conv2d, nn.Linear, _BatchNorm)


@dataclass(frozen=True, slots=True, eq=False)
class _Slope:
    """How one weight of a layer moves the layer's result.

    Attributes:
        result: result of the layer.
        channel: the only channel of it that moves.
        slope: ``(n, …)``: derivative of that channel by the weight, at each position.
    """

    result: Tensor
    channel: int
    slope: Tensor


def trainable_layers(network: nn.Module) -> int:
    """Returns the number of convolutions, linear maps and batch normalisations with weights."""
    return sum(isinstance(m, _LAYERS) and m.weight is not None for m in network.modules())


def fisher_information(network: nn.Module, task: ImageTask, *, images: int, seed: int) -> Floats:
    """Returns ``(p, p)``: the Fisher information of one random weight of each layer that is run.

    It is the mean over standard normal images of ``Σ_c p_c s_c s_cᵀ``, where p are the class
    probabilities and s_c the gradient of ``log p_c`` by the weights. The gradient of an image is
    what the backward pass of the batch holds at its positions: the batch's statistics are taken as
    constant.

    Raises:
        UnsupportedError: a layer reads several vectors of an image, as in recurrent networks.
    """
    generator = torch.Generator().manual_seed(seed)
    slopes: list[_Slope] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], result: Tensor) -> None:
        if module.weight is not None:
            slopes.append(_slope(module, inputs[0].detach(), result, generator))

    with without_tracking(network), hooked(network, _LAYERS, note):
        logits = network(noise((images, *task.input_shape), generator, device_of(network)))
    shares = logits.detach().softmax(1)
    results = [slope.result for slope in slopes]
    rows = []
    for c in range(shares.shape[1]):
        # The gradient of log p_c by the logits, times √p_c, so that products of rows add up to F.
        seed_of_class = (
            functional.one_hot(torch.tensor(c, device=shares.device), shares.shape[1]) - shares
        )
        seed_of_class = seed_of_class * shares[:, c : c + 1].sqrt()
        gradients = torch.autograd.grad(
            logits, results, seed_of_class, retain_graph=True, materialize_grads=True
        )
        pairs = zip(slopes, gradients, strict=True)
        rows.append(torch.stack([_by_image(slope, g) for slope, g in pairs], dim=1))
    stacked = torch.cat(rows).double()
    return np.asarray((stacked.T @ stacked / images).cpu().numpy())


def _by_image(slope: _Slope, gradient: Tensor) -> Tensor:
    product = gradient[:, slope.channel] * slope.slope
    return product.flatten(1).sum(1) if product.ndim > 1 else product


def _slope(module: nn.Module, x: Tensor, result: Tensor, generator: torch.Generator) -> _Slope:
    """Returns the slope of one weight of a layer, drawn uniformly."""
    assert isinstance(module.weight, Tensor)
    index = int(torch.randint(module.weight.numel(), (), generator=generator))
    place = [int(i) for i in np.unravel_index(index, module.weight.shape)]
    channel = place[0]
    if isinstance(module, nn.Conv2d):
        group = channel // (module.out_channels // module.groups)
        source = group * (module.in_channels // module.groups) + place[1]
        kernel = x.new_zeros(1, 1, *module.kernel_size)
        kernel[0, 0, place[2], place[3]] = 1
        moved = functional.conv2d(
            x[:, source : source + 1],
            kernel,
            None,
            module.stride,
            module.padding,
            module.dilation,
        )
        return _Slope(result, channel, moved[:, 0])
    if isinstance(module, nn.Linear):
        if x.ndim != 2:
            raise UnsupportedError(
                "one weight of each layer is measured, image by image; here a layer reads several "
                "vectors of an image"
            )
        return _Slope(result, channel, x[:, place[1]])
    weight, bias = module.weight.detach(), module.bias.detach()  # type: ignore[operator]
    return _Slope(result, channel, (result.detach()[:, channel] - bias[channel]) / weight[channel])
