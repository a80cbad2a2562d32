"""Every exception nascast raises on purpose.

A message says what was expected, what came and what to do. The command line prints these without a
traceback and exits with status 2; anything else is a bug and keeps its traceback.
"""

import re

__all__ = [
    "CorruptDataError",
    "DataWarning",
    "InvalidArchitectureError",
    "InvalidSettingError",
    "MissingDataError",
    "MissingExtraError",
    "NascastError",
    "SearchWarning",
    "StoreError",
    "UnequalSizesError",
    "UnknownComponentError",
    "UnsupportedError",
    "plain",
]

# Controls but for the end of a line and the tab, and what reorders text: the bidirectional
# characters of https://www.unicode.org/reports/tr9/, section 2. Names of files may hold them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Returns a text whose control characters are shown as escapes."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


class NascastError(Exception):
    """Root of all exceptions raised by nascast; control characters in messages are escapes."""

    def __str__(self) -> str:
        return plain(super().__str__())


class InvalidArchitectureError(NascastError, ValueError):
    """A row of genes, or a text, that is not an architecture of the space."""


class InvalidSettingError(NascastError, ValueError):
    """A setting outside its range, or settings that contradict each other."""


class UnequalSizesError(InvalidSettingError):
    """Images are of unequal size, and no size was given to bring them to."""


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
    """A request that a component cannot meet, such as a learning curve that was not recorded."""


class DataWarning(UserWarning):
    """A remark on data that could be read, but not as a whole."""


class SearchWarning(UserWarning):
    """A remark on a search that goes on otherwise than it was asked to."""
