"""Files that are whole at any moment, and records that notice what was changed in them."""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError, StoreError

__all__ = ["read_record", "write_record", "write_whole"]

_SUM = "sha256"  # key of the checksum of all others


def write_whole(path: Path, content: bytes | Iterable[bytes], *, lasting: bool = True) -> None:
    """Writes a file so that it is whole at any moment, the old one or the new one.

    Args:
        path: path of the file.
        content: content of the file, or its parts.
        lasting: whether it is on the disk when this returns, so that it outlasts a power cut, too,
            which takes some milliseconds.

    Raises:
        StoreError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}; choose another place, or free the disk"
        ) from error
    finally:
        with suppress(OSError):  # what cannot be looked at cannot be removed, either
            part.unlink(missing_ok=True)


def write_record(path: Path, record: Mapping[str, Any], *, lasting: bool = True) -> None:
    """Writes a JSON object with its own checksum; see `write_whole`.

    Raises:
        StoreError: it cannot be written.
    """
    plain = json.loads(json.dumps(dict(record)))  # tuples are lists, and keys texts
    write_whole(path, json.dumps({**plain, _SUM: _sum(plain)}, indent=1).encode(), lasting=lasting)


def read_record(path: Path, earlier: Collection[str] | None, advice: str) -> dict[str, Any]:
    """Returns what `write_record` wrote, without its checksum.

    Args:
        path: path of the file.
        earlier: keys of the records that earlier versions wrote without a checksum; None if they
            could be any.
        advice: advice in words, for messages.

    Raises:
        MissingDataError: the file cannot be read.
        CorruptDataError: it is no JSON object, or was changed since.
    """
    if path.is_fifo() or path.is_char_device():  # which may never end
        raise MissingDataError(f"cannot read {path}: it is a pipe or a device, not a file")
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise MissingDataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CorruptDataError(f"{path} is not JSON ({error}); {advice}") from error
    if not isinstance(found, dict):
        raise CorruptDataError(f"{path} is not a JSON object; {advice}")
    kept = found.pop(_SUM, None)
    old = kept is None and (earlier is None or found.keys() <= set(earlier))
    if not old and kept != _sum(found):
        raise CorruptDataError(
            f"{path} was altered, or is damaged: its SHA-256 is not the one in it; {advice}"
        )
    return found


def _sum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
