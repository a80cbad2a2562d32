"""The frame of a report: one HTML file that needs nothing else, no network and no other files."""

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path

from nascast.core.errors import StoreError
from nascast.core.extras import extra
from nascast.report.figure_parts import Spec

__all__ = ["page", "plot", "plotly_source", "tile", "write"]

# Nothing may be fetched, whatever the data or the plotting library ask for.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)


def page(title: str, body: Iterable[str], plotly: str) -> str:
    """Returns the whole file.

    Args:
        title: as HTML.
        body: HTML of the sections.
        plotly: source of plotly.js; empty for a page without figures.
    """
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>\n{_asset('report.css')}</style>\n</head>\n<body>\n<main>",
            *body,
            f"</main>\n<script>\n{plotly}\n</script>" if plotly else "</main>",
            f"<script>\n{_asset('report.js')}</script>\n</body>\n</html>\n",
        ]
    )


def write(text: str, out: Path) -> Path:
    """Writes a page whole or not at all, and returns its file.

    Raises:
        StoreError: it cannot be written.
    """
    part = out.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror}; choose another file") from error
    return out


def plotly_source() -> str:
    """Returns the source of plotly.js.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    source: str = extra("plotly.offline", "report", "the report").get_plotlyjs()
    return source


def tile(label: str, value: str, note: str) -> str:
    """Lays out one tile; `value` is HTML, the others are text."""
    return (
        f'<div class="tile"><h2>{escape(label)}</h2><p class="value">{value}</p>'
        f'<p class="note">{escape(note)}</p></div>'
    )


def plot(id_: str, spec: Spec, title: str) -> str:
    """Returns a place for a figure and its specification, which report.js draws there."""
    text = json.dumps(spec, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":  # a script element ends at the first `</script`, also inside a string
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    height = spec["layout"]["height"]
    return (
        f'<div class="plot" id="{id_}" role="img" aria-label="{escape(title)}" '
        f'style="height:{height}px"></div>'
        f'<script type="application/json" data-plot="{id_}">{text}</script>'
    )


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
