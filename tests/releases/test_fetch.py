"""Downloads from a small server that breaks off, forgets, lies and refuses."""

import hashlib
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nascast.core.errors import CorruptDataError, MissingDataError, StoreError, UnsupportedError
from nascast.releases.catalogue import Download
from nascast.releases.fetch import _Redirects, digest_file, fetch

CONTENT = bytes(range(256)) * 20_000  # five megabytes
SUM = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """What it does wrong is set by a test; `asked` keeps the Range of every request."""

    ranges = True
    breaks: tuple[int, ...] = ()  # the n-th answer stops after so many bytes
    statuses: tuple[int, ...] = ()  # the n-th answer has this status instead
    tags: tuple[str, ...] = ()  # the n-th answer is of this version of the file
    tag = ""  # of the last answer
    lengths = True
    told: str | None = None  # what is said to be the length
    more = b""  # follows the file
    shift = 0  # answers with a range that begins so much later

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, number = self.server, len(self.server.asked)
        wanted = self.headers["Range"]
        server.asked.append(wanted)
        if number < len(server.statuses) and server.statuses[number] != 200:
            self.send_error(server.statuses[number])
            return
        if server.tags:
            server.tag = server.tags[number]
        if self.headers["If-Range"] not in (None, server.tag):
            wanted = None
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if start >= len(CONTENT):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start += server.shift if start else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.lengths:
            length = str(len(CONTENT) - start) if server.told is None else server.told
            self.send_header("Content-Length", length)
        self.end_headers()
        stop = server.breaks[number] if number < len(server.breaks) else len(CONTENT)
        self.wfile.write(CONTENT[start : start + stop] + server.more)

    def log_message(self, *_: Any) -> None:
        return


class Setup(NamedTuple):
    server: Server
    file: Download
    folder: Path


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Setup(
            server, Download("file.bin", "", server.url, SUM, len(CONTENT), "the page"), tmp_path
        )
        server.shutdown()
        thread.join()


def get(setup: Setup, **changes: Any) -> Path:
    from dataclasses import replace

    return fetch(
        replace(setup.file, **changes), setup.folder, lambda *_: None, wait=lambda seconds: None
    )


def test_a_file_arrives_whole_and_is_not_fetched_twice(setup: Setup) -> None:
    told: list[tuple[int, int]] = []
    path = fetch(setup.file, setup.folder, lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert list(setup.folder.iterdir()) == [path]
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    get(setup)
    assert setup.server.asked == [None]


def test_broken_connections_are_resumed(setup: Setup) -> None:
    setup.server.breaks = (1_000_000, 5, 2_000_000)
    assert get(setup).read_bytes() == CONTENT
    assert setup.server.asked == [
        *(None, "bytes=1000000-"),
        *("bytes=1000005-", "bytes=3000005-"),
    ]


def test_what_an_earlier_run_left_is_not_fetched_again(setup: Setup) -> None:
    (setup.folder / "file.bin.part").write_bytes(CONTENT[:4_000_000])
    assert get(setup).read_bytes() == CONTENT
    assert setup.server.asked == ["bytes=4000000-"]


def test_a_server_without_ranges_begins_again(setup: Setup) -> None:
    setup.server.ranges = False
    setup.server.breaks = (1_000_000,)
    assert get(setup).read_bytes() == CONTENT


def test_a_server_with_other_ranges_is_asked_for_all(setup: Setup) -> None:
    setup.server.shift = 7
    setup.server.breaks = (1_000_000,)
    assert get(setup).read_bytes() == CONTENT
    assert setup.server.asked == [None, "bytes=1000000-", None]


def test_a_part_that_is_whole_only_gets_its_name(setup: Setup) -> None:
    (setup.folder / "file.bin.part").write_bytes(CONTENT)
    assert get(setup).read_bytes() == CONTENT


def test_a_part_that_is_too_long_is_dropped(setup: Setup) -> None:
    (setup.folder / "file.bin.part").write_bytes(CONTENT + b"more")
    assert get(setup).read_bytes() == CONTENT


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"size": 17}])
def test_a_file_that_is_not_the_published_one_is_removed(
    setup: Setup, changes: dict[str, Any]
) -> None:
    with pytest.raises(
        CorruptDataError, match=r"(published is 000|the 17 bytes that are published).*the page"
    ):
        get(setup, **changes)
    assert list(setup.folder.iterdir()) == []


def test_a_file_that_is_there_is_checked(setup: Setup) -> None:
    (setup.folder / "file.bin").write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(CorruptDataError, match="published"):
        get(setup)
    assert setup.server.asked == []


def test_without_a_sum_or_size_the_length_is_checked(setup: Setup) -> None:
    setup.server.breaks = (1_000_000,)
    assert get(setup, sha256=None, size=None).read_bytes() == CONTENT


def test_a_server_that_breaks_off_for_ever(setup: Setup) -> None:
    setup.server.breaks = (1_000_000, *[0] * 9)
    waits: list[float] = []
    with pytest.raises(MissingDataError, match="1,000,000 bytes are kept"):
        fetch(setup.file, setup.folder, lambda *_: None, wait=waits.append)
    assert waits == [1.0, 1.0, 2.0, 4.0, 8.0]
    assert (setup.folder / "file.bin.part").read_bytes() == CONTENT[:1_000_000]
    setup.server.breaks = ()
    assert get(setup).read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(setup: Setup) -> None:
    setup.server.statuses = (503, 429, 200)
    assert get(setup).read_bytes() == CONTENT


def test_a_file_the_server_does_not_have(setup: Setup) -> None:
    setup.server.statuses = (404,)
    with pytest.raises(MissingDataError, match=r"answers 404 .*look for file\.bin at the page"):
        get(setup)
    assert len(setup.server.asked) == 1


def test_nobody_answers(setup: Setup) -> None:
    with pytest.raises(MissingDataError, match="cannot fetch http://127"):
        get(setup, url="http://127.0.0.1:1/file.bin")


def test_no_room(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9, 8, 10**6))
    with pytest.raises(StoreError, match=r"takes 5 MB more; .* has 1 MB free"):
        get(setup)
    assert list(setup.folder.iterdir()) == []


def test_a_folder_that_cannot_be_written(setup: Setup) -> None:
    (setup.folder / "file.bin.part").mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        get(setup)


def test_no_address(setup: Setup) -> None:
    with pytest.raises(UnsupportedError, match="fetch it from the page"):
        get(setup, url=None)


@pytest.mark.parametrize(("tags", "again"), [(("a", "a"), 1), (("a", "b"), 2), (("W/a", "b"), 1)])
def test_a_file_that_changed_is_fetched_anew(
    setup: Setup, tags: tuple[str, ...], again: int
) -> None:
    """A weak tag says nothing of the bytes; only a published sum can tell then."""
    setup.server.breaks, setup.server.tags = (1_000_000,), tags
    told: list[int] = []
    path = fetch(
        setup.file, setup.folder, lambda done, total: told.append(done), wait=lambda seconds: None
    )
    assert path.read_bytes() == CONTENT
    assert setup.server.asked == [None, "bytes=1000000-"]
    assert told.count(0) == again  # how often it began at the first byte
    assert list(setup.folder.iterdir()) == [path]


def test_a_break_is_noticed_without_the_servers_length(setup: Setup) -> None:
    setup.server.lengths, setup.server.breaks = False, (1_000_000,)
    assert get(setup).read_bytes() == CONTENT
    assert setup.server.asked == [None, "bytes=1000000-"]


@pytest.mark.parametrize("told", ["abc", "-5", "5e6", "١٢", "", "9" * 400])
def test_a_length_that_is_no_number_is_none(setup: Setup, told: str) -> None:
    setup.server.told = told.encode().decode("latin-1")
    assert get(setup).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [None, len(CONTENT), len(CONTENT) + 1000])
def test_a_wrong_length_with_the_right_checksum(setup: Setup, size: int | None) -> None:
    """The connection ends before what the server announced, and all is there."""
    setup.server.told = str(len(CONTENT) + 1000)
    assert get(setup, size=size).read_bytes() == CONTENT
    assert len(setup.server.asked) == 1


def test_no_more_than_was_published_is_taken(setup: Setup) -> None:
    setup.server.lengths = False
    setup.server.more = bytes(3_000_000)
    for sha256 in (SUM, None):
        with pytest.raises(CorruptDataError, match="more came than the 5,120,000 bytes"):
            get(setup, sha256=sha256)
        assert list(setup.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("first", "second", "followed"),
    [
        ("https://a.org/x", "https://b.org/x", True),
        ("http://a.org/x", "https://b.org/x", True),
        ("http://a.org/x", "http://b.org/x", True),
        ("https://a.org/x", "http://a.org/x", False),
        ("https://a.org/x", "HTTP://a.org/x", False),
        ("https://a.org/x", "ftp://a.org/x", False),
        ("http://a.org/x", "file:///etc/passwd", False),
    ],
)
def test_redirects_stay_encrypted(first: str, second: str, followed: bool) -> None:
    request, headers = urllib.request.Request(first), Message()
    if followed:
        found = _Redirects().redirect_request(request, None, 302, "", headers, second)
        assert found is not None
        assert found.full_url == second
    else:
        with pytest.raises(MissingDataError, match="not followed"):
            _Redirects().redirect_request(request, None, 302, "", headers, second)


def test_without_a_published_checksum_that_of_what_came_is_kept(setup: Setup) -> None:
    path = get(setup, sha256=None)
    kept = digest_file(path)
    assert kept.read_text() == f"{SUM}  file.bin\n"
    assert get(setup, sha256=None) == path
    content = bytearray(CONTENT)
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptDataError, match=rf"had {SUM} when it came"):
        get(setup, sha256=None)
    assert not path.exists()
    assert get(setup, sha256=None).read_bytes() == CONTENT
