"""Settings of encodings are attributes, so that they can be written down and made again."""

import inspect

import pytest

from nascast.core import plugins
from nascast.core.spec import Spec
from nascast.encodings.path import PathEncoding
from nascast.encodings.wl import WeisfeilerLehman


@pytest.mark.parametrize("name", plugins.names("encoding"))
def test_arguments_are_attributes(name: str) -> None:
    encoding = plugins.load("encoding", name)
    for parameter in inspect.signature(type(encoding)).parameters.values():
        assert getattr(encoding, parameter.name) == parameter.default


def test_other_settings_make_the_same_encoding_again() -> None:
    path = Spec.of("encoding", PathEncoding(2))
    assert path.load("encoding").length == 2
    found = Spec.of("encoding", WeisfeilerLehman(3, columns=64)).load("encoding")
    assert (found.depth, found.columns) == (3, 64)
