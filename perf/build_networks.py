"""How much longer a network takes to build than PyTorch takes to initialise its layers.

For some random architectures of every space: `space.build` for the standard task, against making
the same layers of PyTorch with the same arguments, and filling the parameters of recurrent cells,
without the cells and networks around them. Processor time of one thread.

Run: OMP_NUM_THREADS=1 python perf/build_networks.py [SPACE …]
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import nn

import nascast
from nascast.core import plugins
from nascast.core.types import ImageTask

ARCHITECTURES = 10
REPEATS = 7
GOAL = 1.3

Make = Callable[[], object]


ARGUMENTS: dict[type[nn.Module], tuple[str, ...]] = {  # of the constructors, as attributes
    nn.Conv2d: (
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"),
        *("groups", "bias"),
    ),
    nn.BatchNorm2d: ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    nn.Linear: ("in_features", "out_features", "bias"),
    nn.Embedding: ("num_embeddings", "embedding_dim"),
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"),
    nn.AvgPool2d: ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad"),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.Dropout: ("p",),
    nn.ReLU: (),
    nn.Identity: (),
    nn.Flatten: (),
}


def makers(network: nn.Module) -> Iterator[Make]:
    """Yields what makes each layer of PyTorch anew, and each other parameter, with new values."""
    for module in network.modules():
        if type(module) in ARGUMENTS:
            values = {name: getattr(module, name) for name in ARGUMENTS[type(module)]}
            if isinstance(module, nn.Conv2d | nn.Linear):
                values["bias"] = module.bias is not None
            yield partial(type(module), **values)
        else:
            for parameter in module.parameters(recurse=False):
                yield partial(uniform, tuple(parameter.shape))


def make_all(calls: list[Make]) -> list[object]:
    """Makes all layers, which stay alive together as those of a network do."""
    return [call() for call in calls]


def uniform(shape: tuple[int, ...]) -> nn.Parameter:
    """Returns a parameter as recurrent layers have it."""
    parameter = nn.Parameter(torch.empty(shape))
    nn.init.uniform_(parameter, -1, 1)
    return parameter


def seconds(*calls: Make) -> list[float]:
    """Returns the least processor time of each call, taken by turns so that all have the same."""
    least = [math.inf] * len(calls)
    for _ in range(REPEATS):
        for i, call in enumerate(calls):
            began = time.process_time()
            call()
            least[i] = min(least[i], time.process_time() - began)
    return least


def main() -> None:
    """Prints a line for each space."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spaces", nargs="*", default=plugins.names("space"))
    torch.set_num_threads(1)
    for name in parser.parse_args().spaces:
        space = nascast.load("space", name)
        ratios, built, layers = [], [], 0
        for row in space.sample(ARCHITECTURES, np.random.default_rng(0)):
            arch = space.architecture(row)
            calls = list(makers(space.build(arch, ImageTask())))
            whole, parts = seconds(
                partial(space.build, arch, ImageTask()), partial(make_all, calls)
            )
            ratios.append(whole / parts)
            built.append(whole)
            layers += len(calls)
        over = f"  over {GOAL}" if np.median(ratios) > GOAL else ""
        print(
            f"{name:15}{layers // ARCHITECTURES:5} layers {np.median(built) * 1e3:8.1f} ms   "
            f"ratio: median {np.median(ratios):.2f}, largest {max(ratios):.2f}{over}",
            flush=True,
        )


if __name__ == "__main__":
    main()
