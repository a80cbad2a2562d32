"""Network morphisms: larger networks that begin as the same function, with inherited weights.

Net2Net (Chen et al., ICLR 2016, https://arxiv.org/abs/1511.05641), network morphism by hill
climbing (Elsken et al., 2017, https://arxiv.org/abs/1711.04528), and LEMONADE (Elsken et al.,
ICLR 2019, https://arxiv.org/abs/1804.09081).

In evaluation mode a child equals its parent up to rounding. In training mode so does a child by
`Widen` or `Connect`: copies of a channel have the statistics of the channel, and an additional
branch begins with zero weights. A child by `Deepen` does not quite: its new batch normalisation
undoes what it would do at the statistics that are expected of its input, and a batch has others.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import InvalidSettingError
from nascast.networks.vertex_cell import ConvNormRelu

__all__ = ["Connect", "Deepen", "Layer", "MorphNetwork", "Move", "Shape", "Widen", "after", "grow"]

State = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Layer:
    """Convolution, batch normalisation and ReLU.

    Attributes:
        stage: number of times that the image has been halved before.
        width: output channels.
        kernel: side of the convolution, odd.
    """

    stage: int
    width: int
    kernel: int = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """The layers of a network, from first to last, and its skip connections.

    Attributes:
        layers: layers, in ascending order of their stages.
        skips: (source, target, kind): the output of layer `source` is also read by layer `target`,
            two or more layers on; kind is ``add`` or ``concat``.
    """

    layers: tuple[Layer, ...]
    skips: frozenset[tuple[int, int, str]] = frozenset()

    def sources(self, target: int, kind: str) -> list[int]:
        """Returns the layers, ascending, with a skip connection of one kind to `target`."""
        return sorted(a for a, b, k in self.skips if (b, k) == (target, kind))

    def reads(self, target: int) -> list[tuple[int, int]]:
        """Returns the (source, channels) that are concatenated for a layer other than the first."""
        sources = [target - 1, *self.sources(target, "concat")]
        return [(source, self.layers[source].width) for source in sources]


@dataclass(frozen=True, slots=True)
class Deepen:
    """Insert a layer of the same width after a layer."""

    layer: int
    kernel: int


@dataclass(frozen=True, slots=True)
class Widen:
    """Multiply the width of a layer."""

    layer: int
    factor: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Add a skip connection."""

    source: int
    target: int
    kind: str


Move = Deepen | Widen | Connect


class MorphNetwork(nn.Module):
    """A chain of layers with skip connections, global pooling and a classifier.

    A layer reads the layer before it, to which ``add`` connections add a 1×1 convolution of the
    outputs of their sources, and with which ``concat`` connections concatenate these outputs. Where
    the stage changes, images are halved by 2×2 max-pooling, rounded up, so any size ≥ 1 works.
    """

    def __init__(self, shape: Shape, input_channels: int, classes: int) -> None:
        super().__init__()
        self.shape, self.input_channels, self.classes = shape, input_channels, classes
        layers = []
        for i, layer in enumerate(shape.layers):
            c_in = sum(width for _, width in shape.reads(i)) if i else input_channels
            layers.append(ConvNormRelu(c_in, layer.width, layer.kernel))
        self.layers = nn.ModuleList(layers)
        widths = [layer.width for layer in shape.layers]
        self.projections = nn.ModuleDict(
            {
                _key(source, target): nn.Conv2d(widths[source], widths[target - 1], 1, bias=False)
                for source, target, kind in sorted(shape.skips)
                if kind == "add"
            }
        )
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, input_channels, h, w)`` images to ``(n, classes)`` logits."""
        outputs = [self.layers[0](x)]
        for i, layer in enumerate(self.layers):
            if i:
                outputs.append(layer(self._input(i, outputs)))
        return self.classifier(outputs[-1].mean((2, 3)))  # type: ignore[no-any-return]

    def _input(self, target: int, outputs: list[Tensor]) -> Tensor:
        total = self._halved(outputs, target - 1, target)
        for source in self.shape.sources(target, "add"):
            projection = self.projections[_key(source, target)]
            total = total + projection(self._halved(outputs, source, target))
        joined = self.shape.sources(target, "concat")
        return torch.cat([total, *(self._halved(outputs, a, target) for a in joined)], dim=1)

    def _halved(self, outputs: list[Tensor], source: int, target: int) -> Tensor:
        x = outputs[source]
        for _ in range(self.shape.layers[source].stage, self.shape.layers[target].stage):
            x = functional.max_pool2d(x, 2, ceil_mode=True)
        return x


def grow(
    parent: MorphNetwork,
    move: Move,
    *,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> MorphNetwork:
    """Returns a larger network that computes what its parent does; the parent stays as it is.

    Deviations from Net2Net: `Widen` copies all channels equally often, not random ones, and its
    noise preserves the function.

    Args:
        parent: network with weights on any device, of any floating-point type.
        move: move that makes the child.
        noise: difference between the contributions of the copies of a channel, as a share of them,
            below 1. Without any, copies stay equal in training by gradient descent.
        generator: generator of the noise, on the CPU; needed if there is any.

    Raises:
        InvalidSettingError: the move does not fit the network, or the noise is out of range.
    """
    if not 0 <= noise < 1 or (noise and generator is None):
        raise InvalidSettingError(f"noise is from 0 to below 1, with a generator; got {noise}")
    state = {name: tensor.detach().clone() for name, tensor in parent.state_dict().items()}
    shape = after(parent.shape, move)
    if isinstance(move, Deepen):
        state = _deepened(state, parent.shape, move)
    elif isinstance(move, Widen):
        shares = torch.ones(move.factor, parent.shape.layers[move.layer].width)
        if noise:
            shares.uniform_(1 - noise, 1 + noise, generator=generator)
        _widen(state, parent.shape, move, shares / shares.sum(0))
    else:
        _connect(state, shape, move)
    with torch.device("meta"):  # draws no random numbers
        child = MorphNetwork(shape, parent.input_channels, parent.classes)
    child.load_state_dict(state, assign=True)
    return child.train(parent.training)


def after(shape: Shape, move: Move) -> Shape:
    """Returns the shape after a move.

    Raises:
        InvalidSettingError: the move does not fit.
    """
    layers, skips, depth = list(shape.layers), shape.skips, len(shape.layers)
    if isinstance(move, Deepen) and 0 <= move.layer < depth and move.kernel % 2:
        layers.insert(move.layer + 1, replace(layers[move.layer], kernel=move.kernel))
        place = [i + (i > move.layer) for i in range(depth)]
        return Shape(tuple(layers), frozenset((place[a], place[b], kind) for a, b, kind in skips))
    if isinstance(move, Widen) and 0 <= move.layer < depth and move.factor > 1:
        old = layers[move.layer]
        layers[move.layer] = replace(old, width=move.factor * old.width)
        return Shape(tuple(layers), skips)
    if isinstance(move, Connect) and move.kind in ("add", "concat"):
        free = all((a, b) != (move.source, move.target) for a, b, _ in skips)
        if free and 0 <= move.source <= move.target - 2 < depth - 2:
            return Shape(shape.layers, skips | {(move.source, move.target, move.kind)})
    raise InvalidSettingError(f"{move} does not fit a network of {depth} layers with {set(skips)}")


def _deepened(state: State, shape: Shape, move: Deepen) -> State:
    """Returns the weights with a new layer that changes nothing, the later ones moved by one.

    The outputs of a layer are not negative, so that another ReLU changes nothing. The channels are
    taken to be rectified normal variables of the layer's mean and deviation before its ReLU.
    """
    out: State = {}
    for name, tensor in state.items():
        group, key, rest = [*name.split(".", 2), ""][:3]
        ends = [int(i) + (int(i) > move.layer) for i in key.split("_") if group != "classifier"]
        out[".".join([group, "_".join(map(str, ends)), rest]) if ends else name] = tensor
    before, behind = f"layers.{move.layer}", f"layers.{move.layer + 1}"
    scale, shift = state[f"{before}.1.weight"].abs(), state[f"{before}.1.bias"]
    ratio = shift / scale.clamp_min(1e-6)
    below = torch.special.ndtr(ratio)
    density = torch.exp(-ratio.square() / 2) / (2 * torch.pi) ** 0.5
    mean = shift * below + scale * density
    variance = (shift.square() + scale.square()) * below + shift * scale * density - mean.square()
    variance = variance.clamp_min(1e-4)  # chosen; it keeps channels that hardly vary as they are
    width = shape.layers[move.layer].width
    weight = state[f"{before}.0.weight"].new_empty(width, width, move.kernel, move.kernel)
    out[f"{behind}.0.weight"] = nn.init.dirac_(weight)
    out[f"{behind}.1.weight"] = (variance + nn.BatchNorm2d(1).eps).sqrt()
    out[f"{behind}.1.bias"] = mean
    out[f"{behind}.1.running_mean"] = mean.clone()
    out[f"{behind}.1.running_var"] = variance
    out[f"{behind}.1.num_batches_tracked"] = state[f"{before}.1.num_batches_tracked"].clone()
    return out


def _widen(state: State, shape: Shape, move: Widen, shares: Tensor) -> None:
    """Copies the channels of a layer, and divides the contribution of each among its copies.

    Args:
        state: weights by name, changed in place.
        shape: shape before the move.
        move: move that names the layer and the factor.
        shares: ``(factor, width)`` shares of the copies; each column sums to 1.
    """
    i, factor = move.layer, move.factor
    width, last = shape.layers[i].width, len(shape.layers) - 1
    for name in ("0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var"):
        copied = state[f"layers.{i}.{name}"]
        state[f"layers.{i}.{name}"] = torch.cat([copied] * factor)

    def divide(name: str, start: int = 0) -> None:
        """Copies the `width` input channels from `start` on, divided by the shares."""
        weight = state[name]
        head, old, tail = weight.tensor_split((start, start + width), dim=1)
        by_copy = shares.to(weight).reshape(factor, 1, width, *[1] * (weight.ndim - 2))
        state[name] = torch.cat([head, *(old * share for share in by_copy), tail], dim=1)

    for target in range(i + 1, last + 1):
        start = 0
        for source, channels in shape.reads(target):
            if source == i:
                divide(f"layers.{target}.0.weight", start)
            start += channels
    for source, target, kind in shape.skips:
        name = f"projections.{_key(source, target)}.weight"
        if kind == "add" and source == i:
            divide(name)
        if kind == "add" and target == i + 1:  # added to the copies
            state[name] = torch.cat([state[name]] * factor)
    if i == last:
        divide("classifier.weight")


def _connect(state: State, shape: Shape, move: Connect) -> None:
    """Adds zero weights for a new connection; `shape` is the one after the move."""
    source, target = move.source, move.target
    name = f"layers.{target}.0.weight"
    weight = state[name]
    width = shape.layers[source].width
    if move.kind == "add":
        shape_of = (shape.layers[target - 1].width, width, 1, 1)
        state[f"projections.{_key(source, target)}.weight"] = weight.new_zeros(shape_of)
        return
    reads = shape.reads(target)
    place = [a for a, _ in reads].index(source)
    start = sum(channels for _, channels in reads[:place])
    head, tail = weight.tensor_split((start,), dim=1)
    zeros = weight.new_zeros(len(weight), width, *weight.shape[2:])
    state[name] = torch.cat([head, zeros, tail], dim=1)


def _key(source: int, target: int) -> str:
    return f"{source}_{target}"
