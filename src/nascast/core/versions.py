"""The versions of packages that every run stores."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

__all__ = ["versions"]

_PACKAGES = (
    *("nascast", "numpy", "scipy", "scikit-learn", "torch", "xgboost-cpu", "ngboost", "lightgbm"),
    *("onnxruntime", "ray"),
)


def versions() -> dict[str, str]:
    """Returns the version of Python and of each package that could matter and is installed."""
    return dict(_installed())


@cache  # reading them takes longer than many a cell of a study
def _installed() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
