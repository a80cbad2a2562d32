"""Packages that only some features need."""

import sys

import pytest

from nascast.core.errors import MissingExtraError
from nascast.core.extras import check_extra, extra


def test_what_is_there_is_imported_or_only_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert extra("json.decoder", "some", "this").JSONDecoder
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    check_extra("wave", "some", "this")
    assert "wave" not in sys.modules


def test_what_is_missing_is_named_with_its_command() -> None:
    message = r'this needs the package no_such_package.*pip install "nascast\[some\]"'
    with pytest.raises(MissingExtraError, match=message):
        extra("no_such_package.part", "some", "this")
    with pytest.raises(MissingExtraError, match=message):
        check_extra("no_such_package", "some", "this")
