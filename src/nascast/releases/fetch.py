"""Downloading official files: resumed where a connection broke, checked before they get their name.

The bytes that have come are in a file that ends in ``.part``; fetching it again goes on there. A
published checksum decides whether a file is the one, whatever lengths were told. Where none was
published, that of what came is kept beside the file, so that a later change is noticed.
"""

import hashlib
import http.client
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError, StoreError, UnsupportedError
from nascast.releases.catalogue import Download, Progress

__all__ = ["digest_file", "fetch"]

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
        return _checked(target, download, digest_file(target))
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
    _checked(part, download, None)
    if download.sha256 is None:
        _record(part, target)
    part.replace(target)
    _tag(part).unlink(missing_ok=True)
    return target


def digest_file(target: Path) -> Path:
    """Returns where the SHA-256 of a file is kept for which none was published."""
    return target.with_name(target.name + ".sha256")


def _broken(download: Download, part: Path, progress: Progress) -> str | None:
    """Asks once for the missing bytes; returns why the file is not whole then, or None.

    Raises:
        MissingDataError: the server does not have it.
    """
    try:
        whole = _transfer(download, part, progress) or _is_published(part, download)
        return None if whole else "the connection broke"
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
        response = _OPENER.open(request, timeout=_TIMEOUT)
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
        length = _number(response.headers["Content-Length"])
        total = start + length if length else download.size or 0
        _check_room(part.parent, total - start, download)
        with _open(part, "r+b" if start else "wb") as file:
            file.seek(start)
            if not start:
                _remember(response.headers, part)
            done = start
            progress(done, total)
            while chunk := response.read1(_CHUNK):
                done += len(chunk)
                if download.size is not None and done > download.size:
                    raise _too_long(part, download)
                _write(file, chunk, part)
                progress(done, total)
    return not total or done == total


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the web, and from encrypted ones to encrypted ones only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urllib.parse.urlsplit(newurl).scheme.lower() not in allowed:
            raise MissingDataError(
                f"{req.full_url}: the server redirects to {newurl}, which is not encrypted as the "
                "address is; it was not followed"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_Redirects)


def _number(text: str | None) -> int | None:
    """Returns a length that a server tells, or None where it is no number."""
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text.strip()) else None


def _too_long(part: Path, download: Download) -> CorruptDataError:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)
    return CorruptDataError(
        f"{download.url}: more came than the {download.size:,} bytes that are published; what came "
        f"was removed, look for {download.file} at {download.page}"
    )


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
    found = re.fullmatch(r"bytes \*/([0-9]{1,18})", headers.get("Content-Range", ""))
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


def _is_published(path: Path, download: Download) -> bool:
    """Returns whether a file has the published checksum."""
    return download.sha256 is not None and path.exists() and _digest(path) == download.sha256


def _checked(path: Path, download: Download, kept: Path | None) -> Path:
    """Raises, and removes the file, unless it is the published one.

    Args:
        path: the file.
        download: what was published of it.
        kept: the file with its checksum from when it came, or None.
    """
    size, text = _size(path), ""
    if download.sha256 is not None:
        found = _digest(path)
        if found != download.sha256:
            text = f"SHA-256 {found}, published is {download.sha256}"
    elif download.size is not None and size != download.size:
        text = f"{size:,} bytes, published are {download.size:,}"
    elif kept is not None and kept.is_file():
        found, before = _digest(path), kept.read_text(errors="replace").split(" ")[0]
        if found != before:
            text = f"SHA-256 {found}, and had {before[:64]} when it came ({kept.name})"
    if text:
        path.unlink()
        if kept is not None:
            kept.unlink(missing_ok=True)
        raise CorruptDataError(
            f"{path}: it has {text}; it was removed, fetch it again from {download.page}"
        )
    return path


def _record(part: Path, target: Path) -> None:
    """Keeps the checksum of what came, in the form of ``sha256sum``."""
    try:
        digest_file(target).write_text(f"{_digest(part)}  {target.name}\n")
    except OSError as error:
        raise StoreError(f"cannot write {digest_file(target)}: {error.strerror}") from error


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
