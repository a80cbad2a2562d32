"""The page that follows: what the server answers, and to whom."""

import http.client
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from nascast.core.errors import StoreError
from nascast.report.live import Live

PAGE = (
    "<meta content=\"default-src 'none'; script-src 'unsafe-inline'\"><body>{}"
    '<div id="now"></div></body>'
)


class Shown:
    """What is shown, and how often it was made."""

    state, made, epoch = "one", 0, 1

    def page(self) -> str:
        self.made += 1
        if self.state == "broken":
            raise StoreError("the trials cannot be read")
        return PAGE.format(self.state)


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def live(shown: Shown) -> Iterator[Live]:
    opened = Live(shown.page, lambda: shown.state, now=lambda: f"epoch {shown.epoch}")
    thread = threading.Thread(target=opened.serve)
    thread.start()
    yield opened
    opened.close()
    thread.join()


def ask(live: Live, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, str]:
    address = live.url.removeprefix("http://").rstrip("/")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_the_page_is_made_again_when_its_state_changes(live: Live, shown: Shown) -> None:
    status, text = ask(live)
    assert status == 200
    assert "<body>one" in text
    assert 'const state = "one"' in text
    assert "default-src 'none'; connect-src 'self';" in text
    assert ask(live)[1] == text
    assert shown.made == 1
    assert ask(live, "/state") == (200, "one")
    shown.state = "two"
    assert ask(live, "/state") == (200, "two")
    assert "<body>two" in ask(live)[1]
    shown.state = "broken"
    assert ask(live) == (500, "the trials cannot be read")


def test_what_goes_on_now_is_never_kept(live: Live, shown: Shown) -> None:
    assert '<div id="now">epoch 1</div>' in ask(live)[1]
    shown.epoch = 2
    assert ask(live, "/now") == (200, "epoch 2")
    assert '<div id="now">epoch 2</div>' in ask(live)[1]
    assert shown.made == 1


def test_it_answers_this_machine_alone_and_changes_nothing(live: Live) -> None:
    assert live.url.startswith("http://127.0.0.1:")
    assert ask(live, Host="evil.example:80")[0] == 403
    assert ask(live, "/../../etc/passwd")[0] == 404
    assert ask(live, method="POST")[0] == 501
    assert ask(live, method="DELETE")[0] == 501


def test_browsers_that_leave_are_no_fault(capfd: pytest.CaptureFixture[str]) -> None:
    asked, left, at_once = threading.Event(), threading.Event(), struct.pack("ii", 1, 0)

    def page() -> str:
        asked.set()
        left.wait(10)
        return PAGE.format("x" * 10_000_000)  # more than what waits on its way

    live = Live(page, lambda: "one")
    thread = threading.Thread(target=live.serve)
    thread.start()
    with socket.create_connection(("127.0.0.1", int(live.url[:-1].rpartition(":")[2]))) as browser:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        browser.sendall(b"GET / HTTP/1.0\r\nHost: localhost:80\r\n\r\n")
        assert asked.wait(10)
    left.set()
    for each in threading.enumerate():
        if "process_request" in each.name:
            each.join(10)
    live.close()
    thread.join()
    assert capfd.readouterr().err == ""
