"""Conformance checks for components of every kind, and small doubles to run them on.

Every promise of a kind is one function ``check_*`` in the module named after the kind. It takes the
component first (the module says whether an object or a factory) and raises ``AssertionError``
saying which promise is broken. The tests of an external package can read::

    @pytest.mark.parametrize("check", nascast.testing.checks("space"))
    def test_my_space_keeps_its_promises(check):
        check(MySpace())
"""

import importlib
from collections.abc import Callable

from nascast.core.errors import UnknownComponentError
from nascast.core.plugins import KINDS

__all__ = ["checks"]


def checks(kind: str) -> list[Callable[..., None]]:
    """Returns the checks of a kind, such as ``space``, in the order in which they are written.

    Raises:
        UnknownComponentError: there is no such kind; the message lists the known ones.
    """
    if kind not in KINDS:
        raise UnknownComponentError(f"unknown kind {kind!r}; known are {', '.join(KINDS)}")
    module = importlib.import_module(f"{__name__}.{KINDS[kind].rpartition('.')[2]}")
    return [value for name, value in vars(module).items() if name.startswith("check_")]
