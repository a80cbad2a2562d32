"""The versions of packages that every run stores."""

import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["versions"]

_PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "torch", "xgboost-cpu", "ngboost", "lightgbm"),
    *("onnxruntime", "ray"),
)


def versions() -> dict[str, str]:
    """Returns the versions of Python, nascast and all installed packages that could matter."""
    return dict(_installed())


@cache  # reading them takes longer than many a cell of a study
def _installed() -> dict[str, str]:
    own = str(sys.modules["nascast"].__version__)  # which it has also where it is not installed
    found = {"python": platform.python_version(), "nascast": own}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
