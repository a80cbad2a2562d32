"""What systems leave in folders and archives beside what people put there."""

from pathlib import PurePath

__all__ = ["is_leftover"]

_FOLDERS = ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found")


def is_leftover(path: str | PurePath) -> bool:
    """Returns whether a file or folder was made by a system, and by no person.

    Such are ``._1.png``, ``.DS_Store``, ``.ipynb_checkpoints`` and ``__MACOSX``, and all that is
    inside of them.

    Args:
        path: name, or path from where people put their files: folders above it do not count.
    """
    parts = PurePath(path).parts
    return any(part.startswith(".") or part.casefold() in _FOLDERS for part in parts)
