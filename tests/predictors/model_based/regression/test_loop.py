"""The loop against one written out."""

import math

import pytest
import torch

from nascast.core.errors import InvalidSettingError
from nascast.predictors.model_based.regression.loop import train
from nascast.predictors.model_based.regression.members import Linear, Network
from nascast.predictors.model_based.regression.settings import Training

X = torch.randn(10, 3, generator=torch.Generator().manual_seed(0))
Y = X @ torch.tensor([1.0, -2.0, 0.5]) + 0.3


class Line(Network):
    def __init__(self, members: int = 2) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.members, self.map = members, Linear(members, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.map(x[None])[..., 0]
        return scores


def test_full_batches_are_steps_of_adam_with_a_rate_along_a_cosine() -> None:
    network = Line()
    train(network, (X,), Y, Training("squared", 0.1, epochs=20, batch_size=10))
    for i in range(2):  # a member alone
        weight = Line().map.weight[i].detach().clone().requires_grad_()
        bias = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.Adam([weight, bias], lr=0.1)
        for step in range(20):
            optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * step / 20))
            gradients = torch.autograd.grad(
                ((X @ weight)[:, 0] + bias - Y).square().mean(), [weight, bias]
            )
            weight.grad, bias.grad = gradients  # new ones, none is added to an old one
            optimizer.step()
        assert torch.allclose(network.map.weight[i], weight, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 7, 10])
def test_every_row_is_seen_in_every_epoch_however_few(n: int) -> None:
    seen = []

    class Watch(Line):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.extend(x[:, 0].tolist())
            return super().forward(x)

    train(Watch(), (X[:n],), Y[:n], Training("squared", 0.1, epochs=3, batch_size=4))
    assert sorted(seen) == sorted(3 * X[:n, 0].tolist())


def test_networks_are_left_in_evaluation_mode() -> None:
    network = Line()
    train(network, (X,), Y, Training("listwise", 0.1, epochs=1, batch_size=4))
    assert not network.training


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loss": "hinge"}, "squared, absolute, pairwise, listwise; got 'hinge'"),
        ({"epochs": 0}, "epochs is a whole number from 1; got 0"),
        ({"batch_size": 0}, "batch_size is a whole number from 1; got 0"),
        ({"learning_rate": 0.0}, "above 0; got 0.0"),
        ({"learning_rate": float("nan")}, "above 0; got nan"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, object], said: str) -> None:
    settings = {"loss": "squared", "learning_rate": 0.1, "epochs": 5, "batch_size": 8, **changes}
    with pytest.raises(InvalidSettingError, match=said):
        Training(**settings)  # type: ignore[arg-type]
