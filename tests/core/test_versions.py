import platform
from importlib.metadata import version

import nascast
from nascast.core.versions import versions


def test_versions_are_those_of_what_is_installed() -> None:
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["nascast"] == nascast.__version__
    assert found["numpy"] == version("numpy")
    found.clear()  # the caller's own
    assert "numpy" in versions()
