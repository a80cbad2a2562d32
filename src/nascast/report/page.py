"""The frame of a report: one HTML file that needs nothing else, no network and no other files.

Pages are Jinja2 templates in the folder `templates`; every text that they are given is escaped.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.core.errors import StoreError
from nascast.core.extras import extra
from nascast.report.chart import Chart
from nascast.report.svg import mark, render

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
    """A figure of a page.

    Attributes:
        id: id of its chart in the page.
        title: title of the figure.
        svg: its chart, as markup.
    """

    id: str
    title: str
    svg: Any


def figure(id_: str, chart: Chart, title: str) -> Figure:
    """Returns the figure of a chart."""
    return Figure(id_, title, markup(render(chart, title)))


def page(template: str, values: dict[str, Any]) -> str:
    """Returns the HTML of a page.

    Args:
        template: file in the folder `templates`, which extends ``page.html``.
        values: values that the template shows, by name.

    Raises:
        MissingExtraError: Jinja2 is not installed.
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
    environment.globals["mark"] = lambda look: markup(mark(look.symbol, look.colour))
    sources = {name: markup(_asset(f"report.{name}")) for name in ("css", "js")}
    text: str = environment.get_template(template).render(**values, **sources)
    return text


def write(text: str, out: Path) -> Path:
    """Writes a page whole or not at all, and returns its file.

    Raises:
        StoreError: the file cannot be written.
    """
    part = out.with_name(f"{out.name}.{os.getpid()}")
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
