"""`locks`: one process at a time."""

import os

from mobilenet_lib import locks
from mobilenet_lib.locks import alone


def test_windows_opens_no_folder_and_knows_no_such_lock_so_what_is_held_there_is_not_opened(tmp_path, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(os, "open", refuse)
    held = []
    with alone(tmp_path, "working"):
        held.append(tmp_path)
    assert held == [tmp_path]
