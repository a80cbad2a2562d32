"""A page that follows what it shows: served on the loopback address, loaded again on changes."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from nascast.core.errors import NascastError

__all__ = ["LOOPBACK", "Live"]

LOOPBACK = "127.0.0.1"
_HOSTS = (LOOPBACK, "localhost")
_FORBIDDEN = "default-src 'none';"  # of the page, which otherwise may fetch nothing at all
_PLACE = '<div id="now"></div>'  # in the page, for what goes on now
# Loads the page again where it stood, once its state is another one and nothing is enlarged; until
# then only what goes on now.
_FOLLOW = """
<script>
"use strict";
const state = STATE;
scrollTo(0, Number(sessionStorage.getItem("at") || 0));
const ask = (path, otherwise) => fetch(path)
  .then((answer) => (answer.ok ? answer.text() : otherwise)).catch(() => otherwise);
setInterval(async () => {
  const now = await ask("/state", state);
  if (document.querySelector("dialog[open]")) return;
  if (now === state) {
    const place = document.getElementById("now");
    if (!place) return;
    place.innerHTML = await ask("/now", "");
    takeTips();
    return;
  }
  sessionStorage.setItem("at", String(scrollY));
  location.reload();
}, 2000);
</script>
</body>
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *about: Any) -> None:
        """Says nothing of browsers that leave before they were answered."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*about)


class Live:
    """A server of one page, for this machine alone; it reads and changes nothing.

    It answers ``GET /`` with the page, ``GET /state`` with a text that changes with it and
    ``GET /now`` with the part of it that is never kept, and nothing else; requests that name
    another host, as of a page that pretends, are refused.
    """

    def __init__(
        self,
        page: Callable[[], str],
        state: Callable[[], str],
        port: int = 0,
        *,
        now: Callable[[], str] = str,
    ) -> None:
        """Opens the port.

        Args:
            page: function that makes the page.
            state: function that tells the state of what it shows.
            port: port on the loopback address; 0 is any free one.
            now: function that makes the part of the page that tells what goes on now, as HTML;
                empty is none.

        Raises:
            OSError: the port cannot be had.
        """
        self._page, self._state, self._now = page, state, now
        self._made = ("", "")
        live = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                live._answer(self)

            def log_message(self, *_: Any) -> None:
                """Says nothing of requests."""

        self._server = _Server((LOOPBACK, port), Handler)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/"

    def serve(self) -> None:
        """Answers until `close`, or an interrupt."""
        self._server.serve_forever(poll_interval=0.2)

    def close(self) -> None:
        """Ends `serve` and frees the port."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        host = (request.headers.get("Host") or "").rpartition(":")[0]
        if host not in _HOSTS:
            return _send(request, HTTPStatus.FORBIDDEN, "this page is for this machine alone")
        answers = {"/": self._whole, "/state": self._state, "/now": self._now}
        answer = answers.get(request.path)
        if answer is None:
            return _send(request, HTTPStatus.NOT_FOUND, "there is one page here: /")
        try:
            text = answer()
        except NascastError as error:
            return _send(request, HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        kind = "text/plain" if request.path == "/state" else "text/html"
        return _send(request, HTTPStatus.OK, text, kind)

    def _whole(self) -> str:
        """Returns the page with what goes on now."""
        return self._current().replace(_PLACE, f'<div id="now">{self._now()}</div>', 1)

    def _current(self) -> str:
        """Returns the page, made again if the state is another one."""
        state = self._state()
        if self._made[0] != state:
            text = self._page().replace(_FORBIDDEN, f"{_FORBIDDEN} connect-src 'self';", 1)
            before, _, after = text.rpartition("</body>")
            follow = _FOLLOW.replace("STATE", f'"{state}"')
            self._made = state, before + follow + after
        return self._made[1]


def _send(
    request: BaseHTTPRequestHandler, status: HTTPStatus, text: str, kind: str = "text/plain"
) -> None:
    content = text.encode()
    request.send_response(status)
    request.send_header("Content-Type", f"{kind}; charset=utf-8")
    request.send_header("Content-Length", str(len(content)))
    request.send_header("Cache-Control", "no-store")
    request.send_header("X-Content-Type-Options", "nosniff")
    request.end_headers()
    request.wfile.write(content)
