"""The files of a text: what a source of data is, told before PyTorch is loaded."""

from pathlib import Path

from nascast.core.errors import InvalidSettingError, MissingDataError

__all__ = ["files_of", "is_text"]

_PARTS = (("train",), ("valid", "val", "validation"), ("test",))
_SUFFIXES = (".txt", ".text", ".tokens")


def is_text(source: str) -> bool:
    """Returns whether a source is meant for `open_text`: by its name, or by its files' names."""
    path = Path(source)
    if path.is_dir():
        return bool(_fitting(path, _PARTS[0]))
    return path.suffix.lower() in _SUFFIXES


def files_of(folder: Path) -> list[Path]:
    """Returns the files of a folder for training, validation and test.

    Raises:
        MissingDataError: one of them is missing.
        InvalidSettingError: more than one file fits a part.
    """
    return [_file(folder, names) for names in _PARTS]


def _file(folder: Path, names: tuple[str, ...]) -> Path:
    fits = _fitting(folder, names)
    if not fits:
        raise MissingDataError(f"{folder}: expected a file such as {names[0]}.txt")
    if len(fits) > 1:
        raise InvalidSettingError(
            f"{folder}: several files could be {names[0]}: {', '.join(p.name for p in fits)}"
        )
    return fits[0]


def _fitting(folder: Path, names: tuple[str, ...]) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file()
        and path.suffix.lower() in _SUFFIXES
        and any(name in path.name.lower().split(".")[:-1] for name in names)
    ]
