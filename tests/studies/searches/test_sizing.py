"""How large children are, by the time that there is."""

import pytest

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.types import Architecture, ImageTask
from nascast.studies.limits import Limits, TaskNetworks, limited
from nascast.studies.searches.sizing import (
    Rung,
    _kept,
    batch_of,
    chosen_size,
    final_epochs,
    final_size,
    largest_side,
    measured_rungs,
)

RUNGS = [Rung({"filters": 4}, 0.001), Rung({"filters": 8}, 0.004), Rung({"filters": 16}, 0.016)]
BATCH = 4


@pytest.mark.parametrize(
    ("seconds", "filters", "epochs", "images"),
    [
        (0.1, 4, 3, 200),  # nothing fits: 20 images of each of 10 classes
        (1.5, 4, 3, 500),
        (3.0, 4, 3, 1000),
        (23.0, 4, 20, 1000),
        (24.0, 8, 6, 1000),
        (100.0, 16, 6, 1000),
        (1e6, 16, 20, 1000),
    ],
)
def test_what_is_chosen(seconds: float, filters: int, epochs: int, images: int) -> None:
    size = chosen_size(RUNGS, 1000, 10, seconds, BATCH)
    found = size.rung.skeleton["filters"], size.epochs, size.images
    assert found == (filters, epochs, images)
    assert size.seconds == pytest.approx(epochs * images * size.rung.seconds)
    assert size.seconds <= seconds or images == 200


@pytest.mark.parametrize(
    ("images", "seconds", "filters", "epochs", "used"),
    [
        (50_000, 0.1, 4, 3, 2176),  # 34 steps of 64 images in an epoch
        (900, 0.1, 4, 8, 900),
        (900, 28.7, 4, 20, 900),  # 7 epochs with 8 filters would be 98 steps
        (900, 28.9, 8, 8, 900),
        (270, 21.5, 4, 20, 270),  # no more than 80 in the most epochs
        (270, 21.7, 8, 20, 270),
        (30, 0.1, 4, 20, 30),
    ],
)
def test_children_are_trained_for_a_hundred_steps(
    images: int, seconds: float, filters: int, epochs: int, used: int
) -> None:
    """Fewer would leave them near chance, however little time or however few images there are."""
    size = chosen_size(RUNGS, images, 10, seconds, 64)
    assert (size.rung.skeleton["filters"], size.epochs, size.images) == (filters, epochs, used)


@pytest.mark.parametrize(
    ("seconds", "filters", "epochs"),
    [(0.1, 4, 1), (23.9, 4, 23), (24.0, 8, 6), (95.9, 8, 23), (96.0, 16, 6), (1e6, 16, 100)],
)
def test_the_last_network_is_the_largest_for_the_time(
    seconds: float, filters: int, epochs: int
) -> None:
    rung, found = final_size(RUNGS, 1000, seconds, 6)
    assert (rung.skeleton["filters"], found) == (filters, epochs)


def test_likely_architectures_are_measured_where_they_keep_to_the_limits() -> None:
    space = plugins.load("space", "nasbench201")
    large = Architecture("nasbench201", (3, 3, 3, 3, 3, 3))
    small = Architecture("nasbench201", (1, 0, 0, 0, 0, 0))
    bound = Limits(parameters=10_000)
    assert [_kept(space, likely) for likely in ([large, small], [small] * 5)] == [
        [large, small],
        [small] * 3,
    ]
    networks = TaskNetworks(space, ImageTask((1, 8, 8), 10, {"cells": 1, "channels": 4}))
    within = limited(space, networks, bound)
    assert _kept(within, [large, small]) == [small]
    assert len(_kept(within, [large])) == 3
    assert all(within.is_valid(arch.row())[0] for arch in _kept(within, [large]))


@pytest.mark.parametrize(
    ("seconds", "side"),
    [(1.0, 32), (95.9, 32), (383.9, 32), (384.0, 64), (1535.9, 64), (1536.0, 128)],
)
def test_large_images_stay_as_large_as_time_allows(seconds: float, side: int) -> None:
    """16 filters, 6 epochs of 1,000 images take 96 s at 32 pixels, and four times that at 64."""
    assert largest_side(RUNGS, 1000, seconds) == side


def test_few_images_are_trained_on_in_small_steps() -> None:
    found = [batch_of(images) for images in (50_000, 1000, 999, 64, 63, 4, 1)]
    assert found == [(64, 0.05)] * 2 + [(16, 0.025)] * 2 + [(4, 0.0125)] * 2 + [(1, 0.00625)]


def test_few_images_want_more_epochs_before_a_larger_network() -> None:
    assert [final_epochs(n, 64) for n in (10**6, 21_334, 21_333, 6_400, 300)] == [3, 3, 4, 10, 100]


def test_sizes_of_the_best_network_begin_with_its_own_and_keep_to_the_limits() -> None:
    space = plugins.load("space", "nasbench201")
    arch = Architecture("nasbench201", (1, 1, 1, 1, 1, 2))

    def skeletons(skeleton: dict[str, int], limits: Limits) -> list[object]:
        best = arch, skeleton
        asked = "digits", (100, 20), 1e6, "cpu", limits
        return [rung.skeleton for rung in measured_rungs(space, *asked, epochs=1, best=best)]

    sizes = skeletons({"cells": 1, "channels": 16}, Limits(parameters=200_000))
    assert sizes == [{"cells": 1, "channels": 16}, {"cells": 2, "channels": 16}]
    own = {"cells": 1, "channels": 5}
    assert skeletons(own, Limits()) == [own]
    small = {"cells": 1, "channels": 4}  # as the search had it, though now it takes longer
    assert skeletons(small, Limits(latency_ms=1e-6)) == [small]


@pytest.mark.parametrize("seconds", [0.1, 1.5, 3.0, 23.0, 24.0])
def test_more_time_gives_what_is_said(seconds: float) -> None:
    before = chosen_size(RUNGS, 1000, 10, seconds, BATCH)
    assert before.more is not None
    factor, words = before.more
    after = chosen_size(RUNGS, 1000, 10, factor * seconds * 1.001, BATCH)
    if "images" in words:
        assert after.images == 1000 > before.images
    else:
        assert after.rung.skeleton["filters"] == 2 * before.rung.skeleton["filters"]


def test_with_all_the_time_there_is_no_more() -> None:
    assert chosen_size(RUNGS, 1000, 10, 1e6, BATCH).more is None
    factor, words = chosen_size(RUNGS, 1000, 10, 100.0, BATCH).more or (0.0, "")
    assert words == "20 epochs"
    assert chosen_size(RUNGS, 1000, 10, 100.0 * factor * 1.001, BATCH).epochs == 20


def test_children_are_measured_within_the_limits() -> None:
    """Networks of the next size are all larger than those of the first."""
    space = plugins.load("space", "nasbench201")
    asked = "digits", (100, 20), 1e6, "cpu"
    with pytest.raises(UnsupportedError, match="the limit leaves"):
        measured_rungs(space, *asked, Limits(parameters=10))
    (rung,) = measured_rungs(space, *asked, Limits(parameters=18_000))
    assert rung.skeleton == {"cells": 1, "channels": 4}


def test_children_are_measured_on_as_few_images_as_they_can_have() -> None:
    space = plugins.load("space", "nasbench201")
    (rung,) = measured_rungs(space, "digits", (64, 8), 1e-9, "cpu", Limits())
    assert rung.seconds > 0
