"""Tiny images on which networks learn something in milliseconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Write = Callable[..., str]


@pytest.fixture
def images(tmp_path: Path) -> Write:
    """Writes an .npz file of 8×8 images of three classes, one brightness each, and some noise."""

    def write(name: str = "images.npz", colours: int = 0, **arrays: Any) -> str:
        rng = np.random.default_rng(0)
        found = {}
        for part, n in (("train", 60), ("test", 30)):
            labels = rng.permutation(np.arange(n) % 3)
            shape = (n, 8, 8, colours) if colours else (n, 8, 8)
            noise = rng.integers(0, 60, shape)
            bright = 80 * labels.reshape(-1, *[1] * (len(shape) - 1))
            found[f"x_{part}"] = (noise + bright).astype(np.uint8)
            found[f"y_{part}"] = labels.astype(np.uint8)
        path = tmp_path / name
        np.savez(path, **{k: v for k, v in {**found, **arrays}.items() if v is not None})
        return str(path)

    return write
