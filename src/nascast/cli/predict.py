"""``nascast predict``."""

from pathlib import Path
from typing import Annotated

import typer

from nascast.core.document import document
from nascast.core.errors import plain

__all__ = ["predict"]


def predict(
    model: Annotated[
        Path, typer.Argument(help="Folder of the model, or a file that was exported from it.")
    ],
    files: Annotated[list[Path], typer.Argument(help="Pictures: PNG, JPEG …")],
    top: Annotated[int, typer.Option(help="Number of classes for each, the best first.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """Tell the classes of pictures by a trained model.

    Each is turned as its camera noted, reduced to the largest square around its centre and resized,
    as the pictures were that the model was trained on.

    Example: nascast predict models/mine photo.png
    """
    from nascast.training.classify import classify

    answers = classify(model, files, top)
    if as_json:
        told = [
            {
                "file": str(answer.file),
                "classes": [
                    {"name": name, "probability": share}
                    for name, share in zip(answer.classes, answer.probabilities, strict=True)
                ],
            }
            for answer in answers
        ]
        typer.echo(document(told, indent=1))
        return
    for answer in answers:
        pairs = zip(answer.classes, answer.probabilities, strict=True)
        shown = ", ".join(f"{name} ({100 * share:.1f} %)" for name, share in pairs)
        typer.echo(plain(f"{answer.file}: {shown}"))  # names are those of whoever made the file
