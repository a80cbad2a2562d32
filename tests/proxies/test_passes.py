import torch

from nascast.core.ledger import Ledger
from nascast.core.types import Architecture, Objective
from nascast.proxies.passes import fresh_network
from nascast.testing.doubles import TinyBenchmark, TinySpace

ARCH = Architecture("tiny", (2, 1, 0, 2, 1))
LEDGER = Ledger(TinyBenchmark(), Objective("val_accuracy"))


def test_the_weights_are_those_of_the_seed() -> None:
    torch.manual_seed(5)
    expected = TinySpace().build(ARCH, LEDGER.task)
    torch.manual_seed(77)
    found = fresh_network(LEDGER, ARCH, 5)
    assert found.training
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    fresh_network(LEDGER, ARCH, 0)
    assert torch.equal(before, torch.get_rng_state())
