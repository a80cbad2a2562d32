"""Converted surrogates: a ZIP file with ``head.json`` and models as they are.

Every member carries its CRC-32, so that a damaged file is noticed when it is read.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError

__all__ = ["FEATURE", "read_archive", "write_archive"]

FEATURE = "this surrogate of nasbench301"  # what needs an optional package, for messages
_FORMAT = "nascast surrogate 1"


def write_archive(path: Path, head: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    """Writes a surrogate; the file appears whole or not at all, the same for the same content."""
    text = json.dumps({"format": _FORMAT, **head}, sort_keys=True, indent=1).encode()
    part = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {"head.json": text, **members}.items():
                info = zipfile.ZipInfo(name)  # with the format's first date, not today's
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Returns the head and the other members by name.

    Raises:
        CorruptDataError: the file is damaged, or was not written by `write_archive`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        head = json.loads(members.pop("head.json"))
        if head.pop("format") != _FORMAT:
            raise ValueError(f"its format is not {_FORMAT!r}")
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError),
        *(KeyError, ValueError, RuntimeError, AttributeError),  # NotImplementedError is one
    ) as error:
        raise CorruptDataError(
            f"{path}: not a converted surrogate, or damaged ({error}); convert it again"
        ) from error
    return head, members
