"""An ensemble of networks from architectures to learning curves, as one tensor program."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import softplus

from nascast.core.types import Floats

__all__ = ["Members", "curves", "fit"]

Members = Sequence[npt.NDArray[np.float64]]  # weights of all members, by layer

_BASIS = 4
_OUT = 2 * _BASIS + 3  # weights and parameters of basis functions, end, and two of the noise
_RATE, _DECAY = 0.01, 3.0  # of AdamW; chosen, with less decay few curves are overfitted


@dataclass(frozen=True, slots=True)
class _Curves:
    """Predicted curves of m members for n architectures: ``(m, n, k)`` at k points of time."""

    mean: Tensor
    log_variance: Tensor


def fit(
    x: Floats, y: Floats, time: Floats, folds: npt.NDArray[np.bool_], *, steps: int, seed: int
) -> tuple[Members, Floats]:
    """Trains the members, all in one batch; returns their weights and their curves.

    Args:
        x: ``(n, d)`` standardised features.
        y: ``(n, k)`` standardised curves.
        time: ``(k,)`` points of time in (0, 1].
        folds: ``(m, n)`` rows that each of m members learns from.
        steps: number of steps, each on all rows.
        seed: seed of the initial weights.

    Returns:
        Weights, and ``(m, n, k)`` predicted means for all rows, also those not learnt from.
    """
    rows, target, t = torch.as_tensor(x), torch.as_tensor(y), torch.as_tensor(time)
    share = torch.as_tensor(folds / folds.sum(1, keepdims=True))
    weights = _initial(len(folds), x.shape[1], seed)
    optimizer = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        found = _forward(weights, rows, t)
        loss = (target - found.mean) ** 2 * torch.exp(-found.log_variance) + found.log_variance
        optimizer.zero_grad()
        (loss.mean(2) * share).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    members = [weight.detach().numpy() for weight in weights]
    return members, curves(members, x, time)


def curves(members: Members, x: Floats, time: Floats) -> Floats:
    """Returns ``(m, n, k)``: the mean curves of m members for ``(n, d)`` features."""
    weights = [torch.as_tensor(weight) for weight in members]
    with torch.no_grad():
        return _forward(weights, torch.as_tensor(x), torch.as_tensor(time)).mean.numpy()


def _initial(members: int, d: int, seed: int, width: int = 64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weights = []
    for n, out in ((d, width), (width, width), (width, _OUT)):
        weight = torch.randn(members, n, out, generator=generator, dtype=torch.float64)
        bias = torch.zeros(members, 1, out, dtype=torch.float64)
        weights += [(weight / n**0.5).requires_grad_(), bias.requires_grad_()]
    return weights


def _forward(weights: Sequence[Tensor], x: Tensor, time: Tensor) -> _Curves:
    w1, b1, w2, b2, w3, b3 = weights
    hidden = torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2)
    out = (hidden @ w3 + b3)[..., None]  # (m, n, out, 1)
    factor, shape = out[:, :, :_BASIS], softplus(out[:, :, _BASIS : 2 * _BASIS]) + 0.01
    end, level, slope = out[:, :, -3], out[:, :, -2], out[:, :, -1]
    rise = _basis(shape, time) - _basis(shape, torch.ones(1, dtype=time.dtype))
    noise = (level + slope * (1 - time)).clamp(-10, 3)
    return _Curves(end + (factor * rise).sum(2), noise)


def _basis(shape: Tensor, time: Tensor) -> Tensor:
    """Returns basis functions of time, ``(m, n, basis, k)``, with parameters ``(m, n, basis, 1)``.

    They are an exponential, a hyperbola, a logarithm and a power, as in the paper each with a
    parameter that depends on the architecture.
    """
    fast, slow, log, power = shape.unbind(2)
    return torch.stack(
        [
            torch.exp(-10 * fast * time),
            1 / (1 + 10 * slow * time),
            torch.log1p(10 * log * time),
            time**power,
        ],
        dim=2,
    )
