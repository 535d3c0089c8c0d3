"""The weights that Google trained on ImageNet: from the cache of Keras or from the network, whole or not at all."""

import hashlib
import os
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
# The weights do not depend on the resolution. Keras, too, takes those of 224 pixels for others.
NAMES = {
    0.25: "mobilenet_2_5_224_tf_no_top.h5",
    0.5: "mobilenet_5_0_224_tf_no_top.h5",
    0.75: "mobilenet_7_5_224_tf_no_top.h5",
    1.0: "mobilenet_1_0_224_tf_no_top.h5",
}
SHA256 = {0.25: "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf"}  # of those that the book uses
PATIENCE = 10  # seconds in which a server must send something


def fetched(alpha: float) -> Path:
    """The file with the weights of the network without its classifier, downloaded if it is not in the cache of Keras.

    Raises `ValueError` unless `alpha` is one of the published 0.25, 0.5, 0.75 and 1, `OSError` if the weights are
    neither cached nor to be had.
    """
    if alpha not in NAMES:
        raise ValueError(f"alpha must be 0.25, 0.5, 0.75 or 1 (what was published), not {alpha!r}")
    name = NAMES[alpha]
    home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))
    folders = (home / "models", Path("/tmp/.keras/models"))  # noqa: S108 - Keras' second choice, if it may not write there
    for folder in folders:
        if _whole(folder / name, alpha):
            return folder / name
    try:
        with build_opener(_Followed).open(ADDRESS + name, timeout=PATIENCE) as response:
            content = response.read()
        if SHA256.get(alpha, _sha256(content)) != _sha256(content):
            raise OSError("what came has another checksum")
        return _kept(content, name, folders)
    except (OSError, ValueError, HTTPException) as error:
        raise OSError(
            f"the ImageNet weights for alpha={alpha} are not cached in KERAS_HOME and could not be downloaded: {error}"
        ) from error


def _whole(path: Path, alpha: float) -> bool:
    """Whether the file is there and, where the checksum is known, what it should be."""
    try:
        return SHA256.get(alpha) in (None, _sha256(path.read_bytes()))
    except OSError:
        return False


def _kept(content: bytes, name: str, folders: tuple[Path, ...]) -> Path:
    """The file of that name with `content`, in the first of `folders` that can be written to."""
    folder, *others = folders
    # A name of its own until it is whole: Keras would take what a killed download has left for all there is.
    part = folder / f"{name}.{os.getpid()}.{threading.get_ident()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        return part.replace(folder / name)
    except OSError:
        if not others:
            raise
        return _kept(content, name, tuple(others))
    finally:
        with suppress(OSError):
            part.unlink()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Followed(HTTPRedirectHandler):
    """Follows a download wherever it leads, but not to where it could be listened in on."""

    def redirect_request(self, request: Request, *args: Any) -> Request | None:
        if urlsplit(args[-1]).scheme != urlsplit(ADDRESS).scheme:
            raise ValueError(f"they are offered at {args[-1]}, where they could be changed on the way")
        return super().redirect_request(request, *args)
