"""Optional packages, which only some features need."""

import importlib
import importlib.util
from typing import Any

from nascast.core.errors import MissingExtraError

__all__ = ["check_extra", "extra"]


def check_extra(package: str, name: str, feature: str) -> None:
    """Raises unless an optional package is installed; for code that imports it only later.

    Args:
        package: name of the package, such as ``xgboost``.
        name: name of nascast's extra that has the package.
        feature: feature that needs it, in words for the message.

    Raises:
        MissingExtraError: the package is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(_message(package, name, feature))


def extra(module: str, name: str, feature: str) -> Any:
    """Returns a module of an optional package, imported.

    Args:
        module: name of the module, such as ``PIL.Image``.
        name: name of nascast's extra that has the package.
        feature: feature that needs it, in words for the message.

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
