"""The pages in a real browser, headless Chromium, at the widths of a desktop and a phone."""

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from html import unescape
from itertools import count
from pathlib import Path

import pytest

from nascast.report.live import Live
from nascast.report.searches.html import write_search_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")
# Tells of the page in frames of two widths what reaches beyond them, and where nothing hints at it.
MEASURE = """<body><script>
"use strict";
const told = {};
for (const width of [390, 1200]) {
  const frame = document.createElement("iframe");
  Object.assign(frame.style, { width: `${width}px`, height: "900px" });
  frame.src = "report.html";
  frame.onload = () => {
    const page = frame.contentDocument, view = frame.contentWindow;
    const hidden = [...page.querySelectorAll(".wide")].filter(
      (part) => part.scrollWidth > part.clientWidth + 1
        && !view.getComputedStyle(part).backgroundImage.includes("gradient"));
    told[width] = {
      over: page.documentElement.scrollWidth - page.documentElement.clientWidth,
      tables: page.querySelectorAll(".wide").length,
      hidden: hidden.length,
      enlargers: page.querySelectorAll(".enlarge").length,
      hint: view.getComputedStyle(page.querySelector(".wide"), "::before").content,
    };
    if (Object.keys(told).length === 2) document.title = JSON.stringify(told);
  };
  document.body.append(frame);
}
</script></body>"""


def shown(url: str, milliseconds: int = 4000) -> str:
    """Returns the page as the browser has it after a time of its own clock."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,2000"]
    words = [CHROMIUM, *options, f"--virtual-time-budget={milliseconds}", "--dump-dom", url]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture
def folder(cli: Callable[..., tuple[int, str, str]], tmp_path: Path) -> Path:
    words = ("--strategy", "random", "--evaluations", "6", "--out", tmp_path)
    assert cli("search", "--benchmark", "nb201-mini", *words)[0] == 0
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    """The folder, with a page that measures the report in two widths."""
    (folder / "measure.html").write_text(MEASURE)
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing of requests."""


def test_nothing_is_hidden_at_the_width_of_a_phone(served: str) -> None:
    found = re.search("<title>(.*?)</title>", shown(f"{served}/measure.html"))
    assert found is not None
    told = json.loads(unescape(found[1]))
    for width in ("390", "1200"):
        assert told[width]["over"] == 0
        assert told[width]["tables"] >= 2
        assert told[width]["hidden"] == 0
        assert told[width]["enlargers"] >= 5  # the script of the page has run
    assert "Move sideways" in told["390"]["hint"]
    assert told["1200"]["hint"] == "none"


def test_what_goes_on_is_followed(folder: Path) -> None:
    text, asked = write_search_report(folder).read_text(), count(1)
    live = Live(lambda: text, lambda: "the same", now=lambda: f"<p>asked {next(asked)}</p>")
    thread = threading.Thread(target=live.serve)
    thread.start()
    try:
        page = shown(live.url, 9000)
    finally:
        live.close()
        thread.join()
    found = re.search("<p>asked ([0-9]+)</p>", page)
    assert found is not None
    assert int(found[1]) > 1
