"""The frame of a report: one HTML file that needs nothing else, no network and no other files.

Pages are Jinja2 templates in the folder `templates`; every text that they are given is escaped.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.core.errors import StoreError
from nascast.core.extras import extra
from nascast.report.figures import Spec

__all__ = ["Figure", "Tile", "figure", "markup", "page", "write"]


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline result.

    Attributes:
        label: name of the result.
        value: value, in large letters.
        note: line below the value.
        unit: unit of the value, in smaller letters.
        small: text in smaller letters after the value.
        deviation: deviation after `small`, behind a ±; empty for none.
    """

    label: str
    value: str
    note: str
    unit: str = ""
    small: str = ""
    deviation: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that report.js draws.

    Attributes:
        id: id of its place in the page.
        title: title of the figure.
        height: height in pixels.
        json: Plotly specification, as markup in a script element.
    """

    id: str
    title: str
    height: int
    json: Any


def figure(id_: str, spec: Spec, title: str) -> Figure:
    """Returns a figure of a Plotly specification."""
    text = json.dumps(spec, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":  # a script element ends at the first `</script`, also inside a string
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Figure(id_, title, spec["layout"]["height"], markup(text))


def page(template: str, values: dict[str, Any], *, drawn: bool) -> str:
    """Returns the HTML of a page.

    Args:
        template: file in the folder `templates`, which extends ``page.html``.
        values: values that the template shows, by name.
        drawn: whether it has figures, and needs plotly.js.

    Raises:
        MissingExtraError: Jinja2 or Plotly is not installed.
    """
    jinja2 = extra("jinja2", "report", "the report")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    assets = {"css": _asset("report.css"), "js": _asset("report.js"), "plotly": ""}
    if drawn:
        assets["plotly"] = extra("plotly.offline", "report", "the report").get_plotlyjs()
    sources = {name: markup(text) for name, text in assets.items()}
    text: str = environment.get_template(template).render(**values, **sources)
    return text


def write(text: str, out: Path) -> Path:
    """Writes a page whole or not at all, and returns its file.

    Raises:
        StoreError: the file cannot be written.
    """
    part = out.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror}; choose another file") from error
    return out


def markup(text: str) -> Any:
    """Returns a text marked as HTML, which is not escaped."""
    return extra("markupsafe", "report", "the report").Markup(text)


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
