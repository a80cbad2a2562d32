"""What follows from networks whose convolutions are all normalised: their size has no effect."""

import torch
from torch import nn
from torch.nn import functional

from nascast.core.types import Batch
from nascast.networks.forward import forward
from nascast.proxies.passes.traced import Labelled, Traced, inner
from nascast.proxies.passes.untrained import normalising, replaced, without_tracking

__all__ = ["curvature_by_scale", "head_of", "is_scale_free"]

_IMAGES = 4  # enough to show a difference


def head_of(found: Traced) -> nn.Linear | None:
    """Returns the linear map that gives the logits; None where there are others, too."""
    linear = [(m, result) for m, result in found.layers if isinstance(m, nn.Linear)]
    if len(linear) == 1 and linear[0][1] is found.passed.logits:
        return linear[0][0]
    return None


def is_scale_free(network: nn.Module, batch: Batch) -> bool:
    """Returns whether twice the weights of all convolutions give the same logits for some images.

    What normalisation adds to variances is left out: then they are equal to the last bit.
    """
    kernels = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d)]
    some = Batch(batch.inputs[:_IMAGES], batch.labels[:_IMAGES], batch.source)
    tiny = normalising(network, "eps", 1e-30)  # constant channels still have no 0 / 0
    with torch.no_grad(), without_tracking(network), tiny:
        before = forward(network, some).logits
        with replaced(kernels, lambda kernel: 2 * kernel):
            after = forward(network, some).logits
    return torch.allclose(before, after, rtol=1e-3, atol=1e-3 * before.std().item())


def curvature_by_scale(found: Traced, loss: Labelled, head: nn.Linear) -> float:
    """Returns ``Σ w · (H g)`` of a scale-free network by one backward pass.

    For any loss L, ``H w = ∇(w · ∇L) − ∇L``. Where the size of convolutions has no effect,
    ``w · ∇L`` is what the head has of it: ``Σ (z − b) ∂L/∂z`` with logits z and biases b. What
    normalisation adds to variances is taken as 0.
    """
    logits, labels = found.passed.logits, found.passed.labels
    bias = 0 if head.bias is None else head.bias.detach()
    slopes = logits.softmax(1) - functional.one_hot(labels, logits.shape[1])
    growth = ((logits - bias) * slopes).sum() / len(logits)
    changes = torch.autograd.grad(growth, loss.weights, retain_graph=True, materialize_grads=True)
    return inner(loss.gradients, changes) - inner(loss.gradients, loss.gradients)
