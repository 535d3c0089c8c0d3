"""Tests and notebooks run without what the reader has set for other programs. Fixtures are in `tests/conftest.py`."""

import tempfile
from pathlib import Path

from sealing import seal

SEALED = tempfile.TemporaryDirectory(prefix="sealed-")  # deletes itself when the tests end
seal(Path(SEALED.name))
