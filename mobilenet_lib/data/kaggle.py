"""The photos fetched from Kaggle."""

import base64
import hashlib
import os
import re
import shutil
import zipfile
from http.client import PARTIAL_CONTENT
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from tqdm import tqdm

from mobilenet_lib.data.files import data_folder, expanded
from mobilenet_lib.data.folder import photos_in
from mobilenet_lib.locks import alone

KAGGLE = "chetankv/dogs-cats-images"
KAGGLE_HOST = "https://www.kaggle.com"
KAGGLE_COUNTS = {"training_set/cats": 4000, "training_set/dogs": 4000, "test_set/cats": 1000, "test_set/dogs": 1000}
PATIENCE = 10  # seconds to wait for an answer
MAX_FILES, MAX_BYTES = 50_000, 2**31  # in the archive, which has 10,000 photos of 0.2 GB, perhaps twice


def download(folder: str | os.PathLike | None = None) -> Path:
    """Fetch the photos from Kaggle into `folder`, by default `data/cats-dogs`, and return it.

    Shows a progress bar. What has arrived is kept beside `folder`, and after an interruption the same call goes on
    from there; `folder` itself appears when everything is there and checked. If it is there already, nothing happens.

    Raises `ConnectionError` if there is no network, or what comes is not the photos; `OSError` if they cannot be
    written; `BlockingIOError` if another process is at it; `FileExistsError` if `folder` holds something else.
    """
    folder = data_folder() if folder is None else expanded(folder)
    if not folder.name:
        raise ValueError(f"folder must be new or hold all the photos, not {str(folder)!r}")
    part = folder.with_name(f"{folder.name}.part")
    if folder.exists():
        if not _complete(folder):
            raise FileExistsError(f"folder must be new or hold all the photos; {str(folder)!r} does not hold them all")
        shutil.rmtree(part, ignore_errors=True)  # of a process that was killed at the very end
        return folder
    _reach(KAGGLE_HOST)
    try:
        part.mkdir(parents=True, exist_ok=True)
        with alone(part, f"downloading into {str(folder)!r}"):
            arrived = _fetch(part)
            # Kaggle's archive has the photos some folders down, and perhaps twice.
            photos = next((path.parent for path in sorted(arrived.rglob("training_set")) if path.is_dir()), arrived)
            if not _complete(photos):
                shutil.rmtree(part)
                raise ConnectionError("what came from Kaggle is not the complete set of photos; try again later")
            os.replace(photos, folder)
            shutil.rmtree(part)
    except (ConnectionError, BlockingIOError):
        raise
    except OSError as error:
        raise OSError(
            f"the photos cannot be written to {str(folder)!r} ({error.strerror or error}); once they can, the same "
            "command goes on from here"
        ) from error
    return folder


def _complete(folder: Path) -> bool:
    """Whether `folder` has as many photos in each of its folders as Kaggle's."""
    try:
        return photos_in(folder).counts == KAGGLE_COUNTS
    except (OSError, ValueError):
        return False


def _reach(url: str) -> None:
    """Raise `ConnectionError` unless `url` answers."""
    try:
        requests.head(url, timeout=PATIENCE)
    except requests.RequestException:
        raise ConnectionError(
            f"{url} cannot be reached: is there a network? By hand: download https://www.kaggle.com/datasets/{KAGGLE} "
            "and name the unzipped folder in the environment variable CATS_DOGS_DIR"
        ) from None


def _fetch(part: Path) -> Path:
    """Download and unpack the archive in `part`; what is there of it already is not asked for again."""
    archive, unpacked = part / "archive.zip", part / "unpacked"
    try:
        with requests.Session() as session:
            session.hooks["response"].append(_refuse_unencrypted)
            _receive(session, archive)
        with zipfile.ZipFile(archive) as file:
            entries = file.infolist()
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise ValueError(f"the archive holds more than {MAX_FILES:,} files or {MAX_BYTES / 2**30:.0f} GB")
            shutil.rmtree(unpacked, ignore_errors=True)
            file.extractall(unpacked)  # which makes no links, and writes nothing outside
        return unpacked
    except requests.RequestException as error:
        raise ConnectionError(
            f"the download from Kaggle broke off; the same command goes on from here ({error})"
        ) from error
    except OSError:  # the disk's, not the network's
        raise
    except Exception as error:
        shutil.rmtree(part)
        reason = " ".join(str(error).split())
        raise ConnectionError(f"what came from Kaggle is not the photos; try again later ({reason})") from error


def _receive(session: requests.Session, archive: Path) -> None:
    """Write the archive, or what is missing of it. Raises `ValueError` if it is not the one that was sent."""

    def ask(url: str, **headers: str) -> requests.Response:
        # As it is stored: only then do the bytes have the places that are asked for below.
        headers = {"Accept-Encoding": "identity", **headers}
        response = session.get(url, headers=headers, stream=True, timeout=PATIENCE)
        response.raise_for_status()
        return response

    response = ask(f"{KAGGLE_HOST}/api/v1/datasets/download/{KAGGLE}")
    size, sums = int(response.headers.get("Content-Length", 0)), response.headers.get("X-Goog-Hash", "")
    there = archive.stat().st_size if archive.exists() else 0
    if 0 < there < size and response.headers.get("Accept-Ranges") == "bytes":
        response.close()
        response = ask(response.url, Range=f"bytes={there}-")
    if there != size or not size:
        there = there if response.status_code == PARTIAL_CONTENT else 0
        bar = {"total": size or None, "initial": there, "unit": "B", "unit_scale": True, "desc": "Downloading"}
        with open(archive, "ab" if there else "wb") as file, tqdm(**bar) as progress:
            for chunk in response.iter_content(2**20):
                file.write(chunk)
                progress.update(len(chunk))
    response.close()
    if size and (arrived := archive.stat().st_size) != size:
        raise requests.ConnectionError(f"{arrived:,} of {size:,} bytes arrived")
    if md5 := re.search(r"md5=([\w+/=]+)", sums):
        with open(archive, "rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
        if digest != base64.b64decode(md5[1]):
            raise ValueError(f"its MD5 checksum is {digest.hex()}, not {base64.b64decode(md5[1]).hex()}")


def _refuse_unencrypted(response: requests.Response, **_: Any) -> None:
    """Raise `ValueError` if the answer leads from an encrypted address to one that is not."""
    target = urljoin(response.url, response.headers.get("Location", ""))
    if response.url.startswith("https:") and not target.startswith("https:"):
        raise ValueError(f"it is offered at {target}, where it could be changed on the way")
