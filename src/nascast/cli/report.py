"""``nascast report``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nascast.cli._options import check_free

__all__ = ["report"]


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(help="Folders of searches, finished or not, or of comparisons."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="HTML file to write; default: report.html in the first folder, except for several "
            "comparisons, each of which has its own page there."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replacement of a file that exists.")
    ] = False,
) -> None:
    """Write the page of a search or a comparison; of several one, side by side.

    A folder of comparisons on several benchmarks stands for these. A search may still be running:
    the page shows the trials that are stored.

    Example: nascast report runs/ppo runs/evolution --out both.html
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.report.predictors.html import write_report
    from nascast.report.predictors.together import write_together
    from nascast.report.searches.html import write_search_report
    from nascast.studies.predictors.head import HEAD

    if out is not None and out.suffix != ".html":
        raise InvalidSettingError(f"--out: pages end in .html; got {out}")
    if len({os.path.realpath(folder) for folder in folders}) < len(folders):
        raise InvalidSettingError(f"name each folder once; got {', '.join(map(str, folders))}")
    if out is not None:
        check_free(out, force)
    elif force:
        raise InvalidSettingError("--force is for --out")
    target = out or folders[0] / "report.html"
    folders = [part for folder in folders for part in _parts(folder, HEAD)]
    compared = [folder for folder in folders if (folder / HEAD).is_file()]
    if 0 < len(compared) < len(folders):
        raise InvalidSettingError(
            f"{compared[0]} holds a comparison, and others do not; name searches or comparisons"
        )
    if not compared:
        page = write_search_report(*folders, out=out)
    elif len(compared) > 1:
        page = write_together(compared, target)
    else:
        page = write_report(compared[0], target)
    typer.echo(f"written: {page}")


def _parts(folder: Path, head: str) -> list[Path]:
    """Returns the folder, or those of the comparisons in it where it is none itself."""
    if (folder / head).is_file() or not folder.is_dir():
        return [folder]
    return sorted(part.parent for part in folder.glob(f"*/{head}")) or [folder]
