"""The families of curves of Domhan et al. (IJCAI 2015), as shapes with two linear coefficients.

Every family is ``c − d·g(x; shape)`` with a decreasing g. Four of the paper's eleven are not listed
since they are the same functions with other names of their parameters: the logarithmic power
function and Hill's function are the Morgan–Mercer–Flodin function with its lower end fixed, the
Janoschek function and the exponential with four parameters are Weibull's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Floats

__all__ = ["FAMILIES", "Shapes", "shapes"]

_Curve = Callable[..., tuple[Floats, Floats]]  # g, and its derivative by log x
_RATIO, _SPREAD = 0.8, 0.4  # chosen on the curves of nb201-mini and NAS-Bench-NLP; see `Shapes`
_STEEP = 10.0  # slopes at the last epoch, most that the mean past one of a shape is; chosen
_FAR = 4.0  # spreads beyond which a shape is left out; chosen, its weight is below 1/2,000


def _pow3(x: Floats, a: float) -> tuple[Floats, Floats]:
    g = x**-a
    return g, -a * g


def _pow4(x: Floats, a: float, b: float) -> tuple[Floats, Floats]:
    g = (x + b) ** -a
    return g, -a * g * x / (x + b)


def _mmf(x: Floats, k: float, d: float) -> tuple[Floats, Floats]:
    power = (k * x) ** d
    return 1 / (1 + power), -d * power / (1 + power) ** 2


def _weibull(x: Floats, k: float, d: float) -> tuple[Floats, Floats]:
    power = (k * x) ** d
    g = np.exp(-power)
    return g, -d * power * g


def _ilog2(x: Floats) -> tuple[Floats, Floats]:
    log = np.log(x + 1)
    return 1 / log, -x / (x + 1) / log**2


def _loglog_linear(x: Floats, r: float) -> tuple[Floats, Floats]:
    inner = 1 + r * np.log(x)
    return -np.log(inner), -r / inner


def _vapor_pressure(x: Floats, b: float, c: float) -> tuple[Floats, Floats]:
    g = -np.exp(-b / x) * x**c
    return g, g * (b / x + c)


# The grids are chosen: neighbours differ by about the noise of real curves. Epochs are in units of
# one, since the paper's are.
FAMILIES: dict[str, tuple[_Curve, tuple[tuple[float, ...], ...]]] = {
    "pow3": (_pow3, ((0.1, 0.3, 0.6, 1.0, 1.7, 3.0),)),
    "pow4": (_pow4, ((0.3, 1.0, 2.0), (2.0, 10.0))),
    "mmf": (_mmf, ((0.02, 0.06, 0.2, 0.6), (0.5, 1.0, 2.0))),
    "weibull": (_weibull, ((0.02, 0.06, 0.2, 0.6), (0.4, 0.7, 1.0, 1.5))),
    "ilog2": (_ilog2, ()),
    "loglog_linear": (_loglog_linear, ((0.1, 1.0, 10.0),)),
    "vapor_pressure": (_vapor_pressure, ((0.5, 2.0), (0.0, 0.1, 0.3))),
}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Curves of unit slope, by log x, at the last of the observed epochs, where they are 0.

    Attributes:
        past: ``(k, m)`` values at the m observed epochs, the last of which is 0.
        gain: ``(k,)`` values at the horizon.
        weight: ``(k,)`` prior weights, which sum to 1. All families begin with the same, and a
            shape has more the nearer its gain is to `_RATIO` times what its slope at the last epoch
            would give, by a log-normal of the deviation `_SPREAD`.
        family: ``(k,)`` numbers of the families they are of, ascending.
    """

    past: Floats
    gain: Floats
    weight: Floats
    family: npt.NDArray[np.intp]


def shapes(names: Sequence[str], epochs: Floats, horizon: float) -> Shapes:
    """Returns the plausible shapes of some families.

    Args:
        names: names of families.
        epochs: ``(m,)`` observed epochs, ascending.
        horizon: epoch to predict, after the last one.

    Raises:
        InvalidSettingError: there is no such family, or none was named.
    """
    check(names)
    x = np.append(epochs, horizon)
    rows, weights, family = [], [], []
    for number, name in enumerate(names):
        curve, grids = FAMILIES[name]
        grid = list(product(*grids))
        rows += [_unit(*curve(x, *point)) for point in grid]
        weights += [-np.log(len(grid))] * len(grid)
        family += [number] * len(grid)
    h = np.asarray(rows)
    distance = (np.log(h[:, -1] / np.log(horizon / epochs[-1])) - np.log(_RATIO)) / _SPREAD
    distance[-h[:, 0] > _STEEP * np.log(epochs[-1] / epochs[0])] += 1e3
    near = np.abs(distance) <= max(_FAR, np.abs(distance).min())
    weight = np.exp(np.asarray(weights) - 0.5 * distance**2)[near]
    numbers = np.unique(np.asarray(family)[near], return_inverse=True)[1]
    return Shapes(h[near, :-1], h[near, -1], weight / weight.sum(), numbers)


def check(names: Sequence[str]) -> None:
    """Raises `InvalidSettingError` unless these are different names of families, at least one."""
    if isinstance(names, str) or not names or not set(names) <= FAMILIES.keys():
        raise InvalidSettingError(
            f"families should be some of {', '.join(FAMILIES)}; got {names!r}"
        )


def _unit(g: Floats, slope: Floats) -> Floats:
    """Returns −g, moved and scaled to be 0 with slope 1 at the last but one point."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        h = (g - g[-2]) / slope[-2]
    fine = np.isfinite(h).all() and h[-1] > 0 and h[-2] == 0
    return h if fine else np.append(np.zeros(len(h) - 1), np.finfo(float).tiny)
