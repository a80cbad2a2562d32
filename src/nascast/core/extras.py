"""Packages that only some features need."""

import importlib
import importlib.util
from typing import Any

from nascast.core.errors import MissingExtraError

__all__ = ["check_extra", "extra"]


def check_extra(package: str, name: str, feature: str) -> None:
    """Looks whether an optional package is there, for what imports it only when it is used.

    Args:
        package: such as ``xgboost``.
        name: of nascast's extra with the package.
        feature: what needs it, for the message.

    Raises:
        MissingExtraError: the package is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(_message(package, name, feature))


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
        raise MissingExtraError(_message(package, name, feature)) from error


def _message(package: str, name: str, feature: str) -> str:
    return (
        f"{feature} needs the package {package}, which is not installed; "
        f'install it with: pip install "nascast[{name}]"'
    )
