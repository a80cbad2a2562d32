"""Packages that only some features need."""

import importlib
from typing import Any

from nascast.core.errors import MissingExtraError

__all__ = ["extra"]


def extra(module: str, name: str, feature: str) -> Any:
    """Imports a module of an optional package.

    Args:
        module: such as ``PIL.Image``.
        name: of nascast's extra with the package.
        feature: what needs it, for the message.

    Raises:
        MissingExtraError: the package is not installed.
    """
    package = module.split(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != package:
            raise  # the package is there, and something that it needs is not
        raise MissingExtraError(
            f"{feature} needs the package {package}, which is not installed; "
            f'install it with: pip install "nascast[{name}]"'
        ) from error
