from pathlib import Path

import numpy as np
import pytest

from nascast.core.errors import CorruptDataError, StoreError
from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Objective
from nascast.studies.artefacts import ArtefactFolder
from nascast.testing.doubles import TinyBenchmark

ARRAYS = {
    "stem.weight": np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32),
    "steps": np.asarray(7),
    "epochs/α": np.arange(4, dtype=np.int64),
}


def test_arrays_and_seconds_come_back_as_they_were(tmp_path: Path) -> None:
    folder = ArtefactFolder(tmp_path / "new" / "folder")
    assert folder.get("supernet") is None
    folder["supernet"] = ARRAYS, 12.25
    found = ArtefactFolder(folder.path).get("supernet")
    assert found is not None
    assert found[1] == 12.25
    assert found[0].keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[0][name].dtype == array.dtype
        assert np.array_equal(found[0][name], array)
    assert folder.get("another") is None


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    folder = ArtefactFolder(tmp_path)
    folder["supernet"] = ARRAYS, 1.0
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for place in (3, 70, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(CorruptDataError, match="is damaged; delete it"):
            folder.get("supernet")
    file.write_bytes(whole[:40])
    with pytest.raises(CorruptDataError):
        folder.get("supernet")


def test_what_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot write to"):
        ArtefactFolder(tmp_path / "file")["supernet"] = ARRAYS, 1.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def used(folder: Path) -> tuple[int, float]:
    """How often the artefact was made by a ledger of its own, and what it was charged."""
    clock, made = Clock(), []

    def make() -> dict[str, Floats]:
        made.append(1)
        clock.now += 30.0
        return {"weights": np.ones(2)}

    kept = ArtefactFolder(folder)
    ledger = Ledger(TinyBenchmark(), Objective("val_accuracy"), artefacts=kept, clock=clock)
    with ledger.phase("init"):
        assert ledger.shared("supernet", make)["weights"].tolist() == [1, 1]
    return len(made), ledger.seconds["init"]


def test_a_ledger_charges_what_another_has_made(tmp_path: Path) -> None:
    assert used(tmp_path) == (1, 30)
    assert used(tmp_path) == (0, 30)
