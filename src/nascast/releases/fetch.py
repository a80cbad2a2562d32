"""Downloading official files: resumed where a connection broke, checked before they get their name.

The bytes that have come are in a file that ends in ``.part``; fetching it again goes on there.
"""

import hashlib
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError, StoreError, UnsupportedError
from nascast.releases.catalogue import Download, Progress

__all__ = ["fetch"]

_CHUNK = 2**20  # bytes, chosen
_TIMEOUT = 60.0  # seconds without a byte until a connection counts as broken; chosen
_TRIES = 5  # in a row without a new byte; chosen, with pauses of 1, 2, 4 and 8 seconds
_SPARE = 2**26  # bytes left free on the disk; chosen
_LATER = (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS)
_BROKEN = (OSError, http.client.HTTPException)  # urllib's own errors are OSErrors


def fetch(
    download: Download,
    folder: Path,
    progress: Progress,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Path:
    """Downloads a file into a folder and returns its path; a file that is there is only checked.

    Args:
        download: file to download, with a `url`.
        folder: folder to write into, which exists.
        progress: function called with bytes done and in all; the latter are 0 if unknown.
        wait: function called with the seconds to wait between two tries.

    Raises:
        UnsupportedError: there is no address to fetch it from.
        MissingDataError: the server does not answer, or does not have it.
        CorruptDataError: the file that came is not the published one.
        StoreError: there is no room for it, or the folder cannot be written.
    """
    if download.url is None:
        raise UnsupportedError(
            f"{download.file} is not at an address of its own; fetch it from {download.page}"
        )
    target = folder / download.file
    if target.exists():
        return _checked(target, download)
    part = target.with_name(target.name + ".part")
    fruitless = 0
    while True:
        before = _size(part)
        reason = _broken(download, part, progress)
        if reason is None:
            break
        fruitless = 0 if _size(part) > before else fruitless + 1
        if fruitless == _TRIES:
            kept = f"; {_size(part):,} bytes are kept, the same command goes on after them"
            raise MissingDataError(
                f"cannot fetch {download.url}: {reason}{kept if _size(part) else ''}"
            )
        wait(2.0 ** max(0, fruitless - 1))
    _checked(part, download)
    part.replace(target)
    _tag(part).unlink(missing_ok=True)
    return target


def _broken(download: Download, part: Path, progress: Progress) -> str | None:
    """Asks once for the missing bytes; returns why the file is not whole then, or None.

    Raises:
        MissingDataError: the server does not have it.
    """
    try:
        return None if _transfer(download, part, progress) else "the connection broke"
    except urllib.error.HTTPError as error:
        if error.code < 500 and error.code not in _LATER:
            raise MissingDataError(
                f"{download.url}: the server answers {error.code} {error.reason}; "
                f"look for {download.file} at {download.page}"
            ) from error
        return f"the server answers {error.code}"
    except _BROKEN as error:
        return str(error) or type(error).__name__


def _transfer(download: Download, part: Path, progress: Progress) -> bool:
    """Asks once for the missing bytes; returns whether the file is whole then."""
    assert download.url is not None
    start = _size(part)
    request = urllib.request.Request(download.url, headers={"User-Agent": "nascast"})
    if start:
        request.add_header("Range", f"bytes={start}-")
        if _tag(part).exists():  # the server sends all of it if the file has changed since
            request.add_header("If-Range", _tag(part).read_text())
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        if _total(error.headers) == start:  # there is no more of it: it is whole
            return True
        part.unlink()
        return False
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            start = 0  # this server sends all of it again
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)  # another part than asked for: begin again
            return False
        length = response.headers["Content-Length"]
        total = start + int(length) if length else download.size or 0
        _check_room(part.parent, total - start, download)
        with _open(part, "r+b" if start else "wb") as file:
            file.seek(start)
            if not start:
                _remember(response.headers, part)
            done = start
            progress(done, total)
            while chunk := response.read1(_CHUNK):
                _write(file, chunk, part)
                done += len(chunk)
                progress(done, total)
    return not total or done == total


def _tag(part: Path) -> Path:
    """Returns the file with the version of the file that the part is of."""
    return part.with_name(part.name + ".tag")


def _remember(headers: Message, part: Path) -> None:
    tag = headers.get("ETag", "")
    known = headers.get("Last-Modified", "") if tag.startswith("W/") or not tag else tag
    _tag(part).unlink(missing_ok=True)
    if known:
        _tag(part).write_text(known)


def _total(headers: Message) -> int | None:
    found = re.fullmatch(r"bytes \*/(\d+)", headers.get("Content-Range", ""))
    return int(found.group(1)) if found else None


def _check_room(folder: Path, needed: int, download: Download) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise StoreError(
            f"{download.file} takes {needed / 1e6:,.0f} MB more; {folder} has {free / 1e6:,.0f} MB "
            "free. Make room, or set NASCAST_DATA to a folder on another disk"
        )


def _open(part: Path, mode: str) -> Any:
    try:
        return open(part, mode)
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror}") from error


def _write(file: Any, chunk: bytes, part: Path) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise StoreError(f"cannot write {part}: {error.strerror}") from error


def _checked(path: Path, download: Download) -> Path:
    """Returns the path; raises, and removes the file, unless it has the published size and sum."""
    size = _size(path)
    wrong = download.size is not None and size != download.size
    text = f"{size:,} bytes, published are {download.size or 0:,}"
    if not wrong and download.sha256 is not None:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        wrong = found != download.sha256
        text = f"SHA-256 {found}, published is {download.sha256}"
    if wrong:
        path.unlink()
        raise CorruptDataError(
            f"{path}: it has {text}; it was removed, fetch it again from {download.page}"
        )
    return path


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
