"""What systems leave beside people's files."""

import pytest

from nascast.core.leftovers import is_leftover


@pytest.mark.parametrize(
    ("path", "left"),
    [
        *((p, True) for p in ("._0.png", ".DS_Store", "a/.ipynb_checkpoints/0.png", "__MACOSX/a")),
        *((p, True) for p in ("__macosx", "$RECYCLE.BIN/S-1/0.png", "a/@eaDir/0.png")),
        *((p, False) for p in ("0.png", "a/b.c/0.png", "macosx/0.png", "logs.zip", "")),
    ],
)
def test_what_nobody_put_there(path: str, left: bool) -> None:
    assert is_leftover(path) is left
