"""One process at a time, so that two of them do not spoil each other's work."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which opens no folder: there two at once are left to take care of themselves
    fcntl = None


@contextmanager
def alone(path: str | os.PathLike, doing: str) -> Iterator[None]:
    """Hold `path`, an existing file or folder, while the block runs. Raises `BlockingIOError` if another process does.

    The system forgets the lock when the process ends, however it ends. `doing` says what for.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever finishes removes the path; then what was opened here is no longer what others will open.
            held = Path(path).exists() and os.path.samestat(os.fstat(handle), os.stat(path))
        except BlockingIOError:
            held = False
        except OSError:  # a file system without locks
            held = True
        if not held:
            raise BlockingIOError(f"another process is {doing}; wait until it is done")
        yield
    finally:
        os.close(handle)
