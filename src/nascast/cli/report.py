"""``nascast report``."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(help="Folders of searches, or of one comparison, finished or not."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="HTML file to write; default: report.html in the first folder."),
    ] = None,
) -> None:
    """Write the page of a search or a comparison; of several searches one, side by side.

    A search may still be running: the page shows the trials that are stored.

    Example: nascast report runs/ppo runs/evolution --out both.html
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.report.predictors.html import write_report
    from nascast.report.searches.html import write_search_report
    from nascast.studies.predictors.head import HEAD

    if out is not None and out.suffix != ".html":
        raise InvalidSettingError(f"--out: pages end in .html; got {out}")
    compared = [folder for folder in folders if (folder / HEAD).is_file()]
    if compared and len(folders) > 1:
        raise InvalidSettingError(
            f"{compared[0]} holds a comparison, which has a page of its own; name searches, or it "
            "alone"
        )
    page = write_report(folders[0], out) if compared else write_search_report(*folders, out=out)
    typer.echo(f"written: {page}")
