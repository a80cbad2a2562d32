"""The synaptic flow, a pass without data."""

import torch
from torch import Tensor, nn

from nascast.core.types import ImageTask, Task
from nascast.networks.forward import device_of, logits_of
from nascast.networks.language import LanguageNetwork
from nascast.proxies.passes.untrained import altered, weights, without_normalisation

__all__ = ["synflow_terms"]

_WORDS = 4  # that the flow passes through a language model; chosen, so that states matter


def synflow_terms(network: nn.Module, task: Task) -> list[Tensor]:
    """Returns ``|w ∂R/∂w|`` of every weight of a convolution or linear map, in double precision.

    R is the sum of the logits for an input of ones, with all weights made positive and batch
    normalisation left out. Of a language model the input are the embeddings of a few words, since
    the embedding itself is no weight that a flow passes.
    """
    shape = _input_shape(network, task)
    positive = altered(network, lambda _, value: value.abs().contiguous())
    with without_normalisation(positive):
        total = logits_of(
            positive, torch.ones(shape, dtype=torch.float64, device=device_of(network))
        ).sum()
        wanted = weights(positive)
        gradients = torch.autograd.grad(total, wanted, allow_unused=True)
        pairs = zip(wanted, gradients, strict=True)
        return [(weight.detach() * g).abs() for weight, g in pairs if g is not None]


def _input_shape(network: nn.Module, task: Task) -> tuple[int, ...]:
    if isinstance(network, LanguageNetwork):
        words = torch.zeros(_WORDS, 1, dtype=torch.int64, device=device_of(network))
        return tuple(network.embed(words).shape)
    assert isinstance(task, ImageTask)
    return (1, *task.input_shape)
