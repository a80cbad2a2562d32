"""Boosters in XGBoost's first binary format; what they predict is tested with NAS-Bench-301."""

import fnmatch
import zipfile
from pathlib import Path

from nascast.core.errors import CorruptDataError
from nascast.releases.formats.xgboost_binary import to_json

SMALL = Path(__file__).parents[1] / "nasbench301/nb_models_small.zip"


def test_a_booster_cut_off_anywhere_is_refused() -> None:
    """Also where the pickle around it is whole."""
    with zipfile.ZipFile(SMALL) as archive:
        names = fnmatch.filter(archive.namelist(), "*/xgb_v1.0/*/surrogate_model.model")
        content = archive.read(names[0])
    start = content.index(b"binf")
    size = int.from_bytes(content[start - 8 : start], "little")
    model = content[start : start + size]
    whole = to_json(model, 56, "x")
    assert whole == to_json(content[start - 22 : start + size], 56, "x")  # with its header
    refused = 0
    for length in range(0, len(model), 97):
        try:
            assert (
                to_json(model[:length], 56, "x") == whole
            )  # behind the trees stands what is not read
        except CorruptDataError:
            refused += 1
    assert refused > 40
