"""The drawings that are kept: the files are what the script draws with the packages of the lock."""

import drawings
import pytest


@pytest.mark.parametrize("name", drawings.DRAWINGS)
def test_the_file_is_what_the_script_draws(name):
    kept = (drawings.FOLDER / f"{name}.svg").read_bytes()
    assert kept == drawings.content(drawings.DRAWINGS[name]()), "python scripts/drawings.py"
