"""What tests of several folders need."""

import os
from pathlib import Path

# One thread: tests use tiny tensors, and other work may run beside them. Read when torch starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

_SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public records, which are not part of the repository."""
    if not _SHARED.is_dir():
        pytest.skip("the folder ../shared/data with public benchmark records is not there")
    return _SHARED
