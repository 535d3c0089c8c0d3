"""The weights that Google trained on ImageNet: from the cache of Keras or from the network, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request

import keras

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
    for folder in (home, Path("/tmp/.keras")):  # noqa: S108 - Keras' second choice, where it may not write into the first
        if _whole(folder / "models" / name, alpha):
            return folder / "models" / name
    try:
        with _careful():
            # A name of its own until it is whole: Keras would take what a killed download has left for all there is.
            path = Path(keras.utils.get_file(f"{name}.{os.getpid()}", ADDRESS + name, cache_subdir="models"))
        if not _whole(path, alpha):
            path.unlink()
            raise OSError("what came has another checksum")
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise OSError(
            f"the ImageNet weights for alpha={alpha} are not cached in KERAS_HOME and could not be downloaded: {error}"
        ) from error
    return path.replace(path.with_name(name))


def _whole(path: Path, alpha: float) -> bool:
    """Whether the file is there and, where the checksum is known, what it should be."""
    try:
        return SHA256.get(alpha) in (None, hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError:
        return False


@contextmanager
def _careful() -> Iterator[None]:
    """Within, connections that stand still are given up, and none is followed to where it could be listened in on."""
    before, follow = socket.getdefaulttimeout(), HTTPRedirectHandler.redirect_request

    def followed(handler: HTTPRedirectHandler, *args: Any) -> Request | None:
        if urlsplit(args[-1]).scheme != urlsplit(ADDRESS).scheme:
            raise ValueError(f"they are offered at {args[-1]}, where they could be changed on the way")
        return follow(handler, *args)

    socket.setdefaulttimeout(PATIENCE)
    try:
        with mock.patch.object(HTTPRedirectHandler, "redirect_request", followed):
            yield
    finally:
        socket.setdefaulttimeout(before)
