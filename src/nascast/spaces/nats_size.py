"""The size space of NATS-Bench (Dong et al., TPAMI 2021, https://arxiv.org/abs/2009.00437).

The topology is fixed; each of 5 stages has 8, 16, …, or 64 channels. Gene i stands for
8 · (gene + 1) channels in stage i. The official notation is the channels joined by colons.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.literal import Literal, LiteralError, parse_literal
from nascast.core.notation import OFFICIAL_INDEX, Notation, shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Genes, ImageTask, Task

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NatsSize"]

_STAGES = 5
_CHANNELS = (8, 16, 24, 32, 40, 48, 56, 64)
_SKELETON: dict[str, Any] = {"stem_stride": 1}


def _read_list(text: str) -> list[int]:
    genes = []
    if re.fullmatch(_APART, text):
        text = ",".join(re.findall(r"([0-9]+)(?:\.0*)?", text))
    whole = parse_literal(text)
    for item in _by_stage(whole).items(_STAGES, "the channels of the stages"):
        channels = item.whole("a number of channels")
        if channels not in _CHANNELS:
            raise LiteralError(
                f"{channels} channels; allowed are {', '.join(map(str, _CHANNELS))}", item.at
            )
        genes.append(_CHANNELS.index(channels))
    return genes


def _by_stage(whole: Literal) -> Literal:
    """Returns the list of a dictionary whose keys end with the numbers of the stages."""
    if whole.keyed is None:
        return whole
    found = {}
    for key, value in whole.keyed:
        number = re.fullmatch(r"(?:.*\D)?([0-9])", str(key))
        if number is None or int(number[1]) in found:
            raise LiteralError(f"expected a key for each stage, such as stage_1; got {key}", key.at)
        found[int(number[1])] = value
    if sorted(found) not in (list(range(_STAGES)), list(range(1, _STAGES + 1))):
        raise LiteralError(f"expected the stages 1 to {_STAGES}", whole.at)
    return Literal(whole.at, tuple(found[stage] for stage in sorted(found)))


def _write_list(row: Sequence[int]) -> str:
    return str([_CHANNELS[gene] for gene in row])


def _read_index(text: str) -> list[int]:
    written = re.fullmatch(OFFICIAL_INDEX, text)
    if not written:
        raise LiteralError("expected a number, such as 284 or arch_index: 284")
    index = int(written["index"])
    if index >= len(_CHANNELS) ** _STAGES:
        raise LiteralError(f"expected an index from 0 to {len(_CHANNELS) ** _STAGES - 1}")
    return [index // 8**place % 8 for place in reversed(range(_STAGES))]


def _write_index(row: Sequence[int]) -> str:
    return str(sum(gene * 8**place for place, gene in enumerate(reversed(row))))


_APART = (  # such as 8-16-24-32-64, 8|16|24|32|64 and 8.0:16.0:24.0:32.0:64.0
    r"\s*[0-9]{1,2}(?:\.0*)?(?:(?:\s+|\s*(?:->|[-x×*_/|;:→>])\s*)[0-9]{1,2}(?:\.0*)?){4}[\s:;|]*"
)
_DIALECTS = (
    Notation(
        "official_index",  # not shuffled: `traverse_net` of the authors' main-sss.py
        "the official index, 0 to 32767",
        re.compile(OFFICIAL_INDEX),
        _read_index,
        _write_index,
    ),
    Notation(
        "list",
        "the channels as a list",
        re.compile(
            rf"\s*(\w+\s*=\s*)?([\[(]|[0-9]+(\.0*)?[)\s]*,)|{_APART}"
            r"|\s*[\w{].*?[0-9]['\"]?\s*[:=]\s*['\"]?[0-9]"
        ),
        _read_list,
        _write_list,
    ),
)


class NatsSize(SearchSpace):
    """The 32,768 networks of different widths, all distinct.

    Attributes:
        channels: numbers of channels by gene value.
    """

    name = "nats_size"
    tasks = (ImageTask,)
    cardinalities = (len(_CHANNELS),) * _STAGES
    own = ("channels", "the official string of channels", r"\s*[0-9]+\s*:")
    channels = _CHANNELS

    def graphs(self, genes: Genes) -> Graph:
        """Returns chains: input, a vertex for each stage labelled with its channels, output."""
        self.check(genes)
        vertices = _STAGES + 2
        chain = np.eye(vertices, k=1, dtype=bool)
        labels = np.empty((len(genes), vertices), dtype=np.int16)
        labels[:, 0], labels[:, -1] = 0, 1
        labels[:, 1:-1] = genes + 2
        adjacency = np.broadcast_to(chain, (len(genes), vertices, vertices))
        return Graph(adjacency, labels, ("input", "output", *map(str, _CHANNELS)))

    def to_text(self, genes: Genes) -> list[str]:
        """Returns the official strings, such as ``8:16:24:64:64``."""
        self.check(genes)
        return [":".join(str(_CHANNELS[gene]) for gene in row) for row in genes.tolist()]

    def dialects(self) -> Sequence[Notation]:
        about = "a configuration of the official API, which has the official string as channels"
        looks = re.compile(r"\s*(\w+\s*=\s*)?(\{|dict\().*\bchannels\b", re.DOTALL)
        return (*_DIALECTS, Notation("network_config", about, looks, self._read_config))

    def _read_config(self, text: str) -> list[int]:
        channels = parse_literal(text).field("channels")
        if channels.listed:
            return _read_list(",".join(str(item) for item in channels.items()))
        return self._parse(channels.word("an official string"))

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of an official string.

        Raises:
            InvalidArchitectureError: a number of channels or the form is wrong; the message says
                which.
        """
        if not re.fullmatch(r"[0-9]+(:[0-9]+){4}", text):
            raise InvalidArchitectureError(
                f"{self.name}: expected {_STAGES} numbers of channels like '8:16:24:64:64'; "
                f"got {shown(text)}"
            )
        known = {str(channels): gene for gene, channels in enumerate(_CHANNELS)}
        for part in text.split(":"):
            if part not in known:
                raise InvalidArchitectureError(
                    f"{self.name}: {part} channels in {shown(text)}; allowed are {', '.join(known)}"
                )
        return [known[part] for part in text.split(":")]

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network of NATS-Bench.

        A stem of the first stage's channels; then the stages: cell, residual block of stride 2,
        cell, residual block, cell, each ending in the channels of its stage; then BN-ReLU, global
        pooling and classifier. The cell is the one of NAS-Bench-201 with the best accuracy on
        CIFAR-100: a skip from input to output and 3×3 convolutions on all other edges. (The
        authors' ``InferTinyCellNet.py`` and ``main-sss.py``,
        https://github.com/D-X-Y/AutoDL-Projects.)

        The skeleton's only setting is ``stem_stride``, 1 in the benchmark.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown.
        """
        from nascast.networks.sized_stages import sized_stages

        task = self.expect_task(task, ImageTask)
        row = self.row(arch)[0]
        settings = {**_SKELETON, **task.skeleton}
        stride = settings["stem_stride"]
        if settings.keys() != _SKELETON.keys() or type(stride) is not int or stride < 1:
            raise InvalidSettingError(
                f"{self.name}: the skeleton takes stem_stride, a positive integer; "
                f"got {dict(task.skeleton)}"
            )
        channels = [_CHANNELS[gene] for gene in row]
        return sized_stages(channels, task.input_shape[0], task.classes, stem_stride=stride)
