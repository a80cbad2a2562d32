"""The folder for what can be made again."""

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Returns the folder that ``NASCAST_CACHE`` names, or ``~/.cache/nascast``; it may not exist.

    Everything in it can be made again, and may be deleted.
    """
    return Path(os.environ.get("NASCAST_CACHE", Path.home() / ".cache" / "nascast"))
