"""Feature maps of the blocks of a network of images, for noise as input (AZ-NAS)."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from nascast.core.errors import UnsupportedError
from nascast.core.types import ImageTask
from nascast.networks.forward import device_of
from nascast.proxies.passes.untrained import noise, without_tracking

__all__ = ["blocks", "entropies", "spectral_norms"]

_IMAGES = 32  # of noise; chosen


def blocks(network: nn.Module, task: ImageTask, seed: int) -> list[Tensor]:
    """Returns ``(n, c, h, w)``: the result of each block for standard normal noise, with its graph.

    Blocks are the outermost modules that hold a convolution and return feature maps, in the order
    of calls: the stem, the cells and the reductions between them.

    Raises:
        UnsupportedError: there are fewer than two of them, as in recurrent networks.
    """
    found: list[Tensor] = []

    def note(module: nn.Module, _: object, result: object) -> None:
        if isinstance(result, Tensor) and result.ndim == 4:
            found.append(result)

    generator = torch.Generator().manual_seed(seed)
    images = noise((_IMAGES, *task.input_shape), generator, device_of(network))
    handles = [module.register_forward_hook(note) for module in _outermost(network)]
    try:
        with without_tracking(network):
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    if len(found) < 2:
        raise UnsupportedError("blocks with convolutions are compared, and there are fewer than 2")
    return found


def _outermost(module: nn.Module) -> Iterator[nn.Module]:
    """Yields the blocks of a network; plain containers are none but where they hold layers only."""
    for child in module.children():
        if not any(isinstance(inner, nn.Conv2d) for inner in child.modules()):
            continue
        container = type(child) in (nn.Sequential, nn.ModuleList, nn.ModuleDict)
        if container and any(True for inner in child.children() for _ in inner.children()):
            yield from _outermost(child)
        else:
            yield child


def entropies(found: list[Tensor]) -> list[float]:
    """Returns, for each block, the entropy of the shares of variance along principal axes, in nats.

    It is NaN where the features do not vary.
    """
    out = []
    for features in found:
        rows = features.detach().permute(1, 0, 2, 3).flatten(1)
        values = torch.linalg.eigvalsh(torch.cov(rows.double())).clamp_min(0)
        shares = values / values.sum()
        out.append(torch.special.entr(shares).sum().item())
    return out


def spectral_norms(found: list[Tensor], seed: int) -> list[float]:
    """Returns, for each block that reads the one before, the spectral norm of its Jacobian.

    A random sign for each feature, g, is passed back to the block before as ``Jᵀ g``, and the
    Jacobian between channels is the mean of the products of both over images and positions. Where a
    block reduces the size, each sign counts for all positions that it covers.
    """
    generator = torch.Generator().manual_seed(seed)
    out = []
    for before, after in pairwise(found):
        signs = torch.randint(0, 2, after.shape, generator=generator).to(after.device) * 2.0 - 1
        (back,) = torch.autograd.grad(after, before, signs, retain_graph=True, allow_unused=True)
        if back is None:
            continue
        if signs.shape[2:] != back.shape[2:]:
            signs = nn.functional.interpolate(signs, size=back.shape[2:], mode="nearest")
        rows = [x.permute(1, 0, 2, 3).flatten(1) for x in (signs, back)]
        jacobian = rows[0] @ rows[1].T / rows[0].shape[1]
        out.append(torch.linalg.matrix_norm(jacobian.double(), ord=2).item())
    return out
