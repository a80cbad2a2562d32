"""The optimiser of a recipe, and the running mean of weights."""

import copy
from typing import Any

import torch
from torch import nn

from nascast.training.recipe import Recipe

__all__ = ["WeightAverage", "optimizer_of"]


def optimizer_of(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Returns a recipe's optimiser for a network; weight decay is added to the gradient."""
    groups: Any = network.parameters()
    if not recipe.decay_norms:
        every = list(network.parameters())
        groups = [
            {"params": [p for p in every if p.ndim > 1]},
            {"params": [p for p in every if p.ndim <= 1], "weight_decay": 0.0},
        ]
    shared: dict[str, Any] = {
        "lr": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "foreach": True,
    }
    momentum, squares, epsilon = recipe.momentum, recipe.square_decay, recipe.epsilon
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, betas=(momentum, squares), eps=epsilon, **shared)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, alpha=squares, eps=epsilon, momentum=momentum, **shared)
    return torch.optim.SGD(groups, momentum=momentum, nesterov=momentum > 0, **shared)


class WeightAverage:
    """An exponential moving mean of a network's weights and statistics.

    After k updates its decay is at most (1 + k) / (10 + k), as in TensorFlow's
    ``ExponentialMovingAverage``: otherwise a short training would score its initial weights.

    Attributes:
        network: copy of the network with the mean weights; it is never trained.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Moves the mean towards the weights of the network; counters are copied."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        means, values = self.network.state_dict(), network.state_dict()
        # A weight that two layers share has two names, and moves once.
        names = {value.data_ptr(): name for name, value in values.items() if value.numel()}
        floating = [name for name in names.values() if values[name].is_floating_point()]
        old = [means[name] for name in floating]
        torch._foreach_lerp_(old, [values[name] for name in floating], 1 - decay)
        for name, value in values.items():
            if not value.is_floating_point():
                means[name].copy_(value)

    def state(self) -> dict[str, Any]:
        """Returns the mean as `restore` takes it."""
        return {"updates": self.updates, "network": self.network.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Sets the mean to an earlier one."""
        self.updates = state["updates"]
        self.network.load_state_dict(state["network"])
