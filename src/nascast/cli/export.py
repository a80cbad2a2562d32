"""``nascast export``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nascast.cli._options import check_free
from nascast.core.document import document

__all__ = ["export"]


def export(
    model: Annotated[Path, typer.Argument(help="Folder of the model, as nascast train wrote it.")],
    form: Annotated[
        str, typer.Option("--format", help="Format: onnx, torch-export or safetensors.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: model.onnx, … in that folder.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replacement of a file that exists.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """Write a trained model in a format that needs no nascast, and check what was written.

    The file of a classifier takes images from 0 to 1, any number at a time, and gives logits; the
    normalisation is in it. That of a language model takes a word of each of any number of texts and
    the states before, and gives the logits of the next words and the states after. Logits are
    compared with the model's for test data and random ones.

    Example: nascast export models/mine --format onnx
    """
    from nascast.training.export import FORMATS, TOLERANCE, check_format
    from nascast.training.export import export as write
    from nascast.training.model import FILES, load_model

    check_format(form)
    path = model / FORMATS[form] if out is None else out
    check_free(path, force, [model / name for name in FILES])
    found = load_model(model)
    written = write(found, form, path)
    unit = "words" if found.description["kind"] == "language model" else "images"
    if as_json:
        told = {**asdict(written), "path": str(path), "tolerance": TOLERANCE}
        typer.echo(document(told, indent=1))
        return
    typer.echo(
        f"written: {path}\nLargest difference of the logits for {written.examples} {unit}: "
        f"{written.difference:.3g} (largest logit {written.largest:.3g})"
    )
