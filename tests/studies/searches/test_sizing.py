"""How large children are, by the time that there is."""

import pytest

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.studies.limits import Limits
from nascast.studies.searches.sizing import Rung, chosen_size, measured_rungs

RUNGS = [Rung({"filters": 4}, 0.001), Rung({"filters": 8}, 0.004), Rung({"filters": 16}, 0.016)]


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
    size = chosen_size(RUNGS, 1000, 10, seconds)
    found = size.rung.skeleton["filters"], size.epochs, size.images
    assert found == (filters, epochs, images)
    assert size.seconds == pytest.approx(epochs * images * size.rung.seconds)
    assert size.seconds <= seconds or images == 200


@pytest.mark.parametrize("seconds", [0.1, 1.5, 3.0, 23.0, 24.0])
def test_more_time_gives_what_is_said(seconds: float) -> None:
    before = chosen_size(RUNGS, 1000, 10, seconds)
    assert before.more is not None
    factor, words = before.more
    after = chosen_size(RUNGS, 1000, 10, factor * seconds * 1.001)
    if "images" in words:
        assert after.images == 1000 > before.images
    else:
        assert after.rung.skeleton["filters"] == 2 * before.rung.skeleton["filters"]


def test_with_all_the_time_there_is_no_more() -> None:
    assert chosen_size(RUNGS, 1000, 10, 1e6).more is None
    factor, words = chosen_size(RUNGS, 1000, 10, 100.0).more or (0.0, "")
    assert words == "20 epochs"
    assert chosen_size(RUNGS, 1000, 10, 100.0 * factor * 1.001).epochs == 20


def test_children_are_measured_within_the_limits() -> None:
    """Networks of the next size are all larger than those of the first."""
    space = plugins.load("space", "nasbench201")
    asked = "digits", (100, 20), 1e6, "cpu"
    with pytest.raises(UnsupportedError, match="the limit leaves"):
        measured_rungs(space, *asked, Limits(parameters=10))
    (rung,) = measured_rungs(space, *asked, Limits(parameters=18_000))
    assert rung.skeleton == {"cells": 1, "channels": 4}
