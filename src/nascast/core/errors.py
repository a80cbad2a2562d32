"""Every exception nascast raises on purpose.

A message says what was expected, what came and what to do. The command line prints these without a
traceback and exits with status 2; anything else is a bug and keeps its traceback.
"""

__all__ = [
    "CorruptDataError",
    "InvalidArchitectureError",
    "InvalidSettingError",
    "MissingDataError",
    "MissingExtraError",
    "NascastError",
    "StoreError",
    "UnknownComponentError",
    "UnsupportedError",
]


class NascastError(Exception):
    """Root of all exceptions raised by nascast."""


class InvalidArchitectureError(NascastError, ValueError):
    """A row of genes, or a text, that is not an architecture of the space."""


class InvalidSettingError(NascastError, ValueError):
    """A setting outside its range, or settings that contradict each other."""


class UnknownComponentError(NascastError, LookupError):
    """A name that no component of that kind has; the message lists the known ones."""


class MissingExtraError(NascastError, ImportError):
    """An optional package that is not installed; the message names the install command."""


class MissingDataError(NascastError, FileNotFoundError):
    """A file or folder that a component needs and that is not there."""


class CorruptDataError(NascastError, ValueError):
    """A file that is truncated, altered, or holds a row that cannot be right."""


class StoreError(NascastError, RuntimeError):
    """A store or folder that cannot be written, read back, or used with these settings."""


class UnsupportedError(NascastError):
    """Something this component cannot do, such as a learning curve that was not recorded."""
