"""Where things are: the house itself, and the shared samples that lie beside a developer's checkout."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


def shared_data(name: str) -> Path:
    """A sample file or folder from the shared data, or a skipped test where an outsider's clone has none."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"The shared sample {name} is not beside this clone.")
    return path
