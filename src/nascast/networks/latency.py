"""The latency of a network for one input."""

import statistics
import time

import torch
from torch import Tensor, nn

from nascast.core.threads import one_thread

__all__ = ["latency_ms"]

_WARM_UP, _RUNS = 3, 20  # chosen


@torch.no_grad()
def latency_ms(network: nn.Module, example: Tensor) -> float:
    """Returns the median milliseconds of a forward pass; on a CPU, of one core.

    Args:
        network: network on the device of `example`; it is in evaluation mode afterwards.
        example: batch of one input.
    """
    network.eval()
    times = []
    with one_thread():
        for _ in range(_WARM_UP + _RUNS):
            began = time.perf_counter()
            network(example)
            if example.is_cuda:
                torch.cuda.synchronize(example.device)
            times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times[_WARM_UP:])
