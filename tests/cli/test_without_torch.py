"""Commands on records, where PyTorch is not installed."""

import subprocess
import sys
from pathlib import Path

import pytest

_BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from nascast.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "words",
    [
        "search --benchmark nb201_mini --evaluations 6",
        "compare --benchmark nb201_mini --predictors sotl_e,xgboost --trials 1 --test-size 20"
        " --train-sizes 20 --epochs 4 --executor serial --workers 1",
    ],
)
def test_records_need_no_torch(words: str, tmp_path: Path) -> None:
    call = [sys.executable, "-c", _BLOCKED, *words.split(), "--out", str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.html").is_file()
