import pytest

from nascast.core.errors import StoreError
from nascast.stores.memory import Memory


def test_an_unknown_run_lists_the_known_ones() -> None:
    store = Memory()
    with pytest.raises(StoreError, match="no run 'a'; there are none"):
        store.read("a")
    store.begin("b", {})
    store.begin("c", {})
    with pytest.raises(StoreError, match="no run 'a'; there are b, c"):
        store.info("a")


def test_two_stores_share_nothing() -> None:
    one, other = Memory(), Memory()
    one.begin("a", {"seed": 1})
    assert other.runs() == []
    other.begin("a", {"seed": 2})
    assert one.info("a") == {"seed": 1}


def test_settings_inside_settings_are_compared() -> None:
    store = Memory()
    store.begin("a", {"objectives": [{"metric": "loss", "minimize": True}]})
    store.begin("a", {"objectives": [{"metric": "loss", "minimize": True}]})
    with pytest.raises(StoreError, match="objectives was"):
        store.begin("a", {"objectives": [{"metric": "loss", "minimize": False}]})
