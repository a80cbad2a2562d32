import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import InvalidSettingError
from nascast.strategies._levels import levels


def test_levels_fall_from_the_largest_by_eta() -> None:
    assert levels(1, 9, 3) == (1, 3, 9)
    assert levels(1, 81, 3) == (1, 3, 9, 27, 81)
    assert levels(5, 200, 3) == (7, 22, 67, 200)
    assert levels(7, 7, 3) == (7,)


@given(st.integers(1, 50), st.integers(0, 500), st.integers(2, 6))
def test_levels_are_within_their_bounds_and_none_is_missing(
    least: int, more: int, eta: int
) -> None:
    found = levels(least, least + more, eta)
    assert found[-1] == least + more
    assert list(found) == sorted(set(found))
    assert found[0] >= least
    assert round((least + more) / eta ** len(found)) < least or found[0] == 1


@pytest.mark.parametrize(("least", "most", "eta"), [(0, 9, 3), (10, 9, 3), (1, 9, 1)])
def test_settings_out_of_range_are_refused(least: int, most: int, eta: int) -> None:
    with pytest.raises(InvalidSettingError, match=f"max_epochs {most}, eta {eta}"):
        levels(least, most, eta)
