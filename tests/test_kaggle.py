"""`data.download`, from a server that stands in for Kaggle's."""

import base64
import hashlib
import http.server
import io
import json
import os
import random
import shutil
import socket
import stat
import struct
import subprocess
import sys
import tarfile
import threading
import time
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from pictures import save_picture
from processes import CHILDREN, as_root, small_disk, start

from mobilenet_lib import data
from mobilenet_lib.data import kaggle as fetching


@pytest.mark.parametrize("place", ["", ".", "/"])
def test_photos_are_not_downloaded_into_a_folder_without_a_name(place):
    with pytest.raises(ValueError, match="folder must be new or hold all the photos, not"):
        data.download(place)


class Kaggle(http.server.BaseHTTPRequestHandler):
    """Answers with a redirect to the archive, which may be asked for from the middle on."""

    def do_HEAD(self):
        self.reply(b"")

    def do_GET(self):
        if self.server.captive:
            return self.reply(b"<html>Welcome to our hotel</html>", {"Content-Type": "text/html"})
        if self.path == "/api/v1/datasets/download/chetankv/dogs-cats-images":
            return self.reply(b"", {"Location": "/archive"}, status=302)
        content = self.server.archive
        start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        self.server.starts.append(start)
        headers = {"Accept-Ranges": "bytes"} | ({"x-goog-hash": f"md5={self.server.md5}"} if self.server.md5 else {})
        self.reply(content[start:], headers, status=206 if start else 200, cut=self.server.cut)

    def reply(self, content, headers=(), status=200, cut=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:cut])
            self.wfile.flush()
            if self.server.pause and cut:
                self.server.pause.wait(60)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def kaggle(layout, tmp_path, monkeypatch):
    """A server with the photos of `layout`, to be spoiled through `archive`, `cut` and `captive`."""
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(layout.rglob("*.jpg")):
            for place in ("dataset", "dog vs cat/dataset"):  # twice, as some archives have it
                file.write(path, Path(place) / path.relative_to(layout))
        file.writestr("padding", bytes(3 * 2**20))  # whole mebibytes of a broken download are kept
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kaggle)
    server.archive, server.cut, server.captive, server.starts = archive.read_bytes(), None, False, []
    server.pause = server.md5 = None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "KAGGLE_HOST", address)
    monkeypatch.setattr(fetching, "KAGGLE_COUNTS", data.check(layout).counts)
    yield server
    server.shutdown()
    server.server_close()


def test_the_photos_are_downloaded_and_nothing_else_stays(kaggle, tmp_path):
    place = data.download(tmp_path / "data/cats-dogs")
    assert data.load(32, source=place).counts == {"train": 18, "validation": 2, "test": 8}
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["cats-dogs"]


def test_what_is_there_is_not_downloaded_again(kaggle, tmp_path):
    place = data.download(tmp_path / "cats-dogs")
    assert data.download(place) == place
    assert len(kaggle.starts) == 1


def test_a_folder_with_something_else_is_left_alone(kaggle, tmp_path):
    save_picture(tmp_path / "mine/holiday.jpg")
    with pytest.raises(FileExistsError, match="mine"):
        data.download(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["holiday.jpg"]


@pytest.mark.fault("The connection breaks off, or stands still")
def test_a_download_that_broke_off_leaves_no_folder_and_goes_on_where_it_stopped(kaggle, tmp_path, shown):
    kaggle.cut = len(kaggle.archive) // 2
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert not (tmp_path / "cats-dogs").exists()
    kaggle.starts.clear()
    kaggle.cut = None
    assert data.load(32, source=data.download(tmp_path / "cats-dogs")).counts["test"] == 8
    assert kaggle.starts == [0, 2**20]


def test_a_captive_page_is_not_taken_for_an_answer(kaggle, tmp_path):
    kaggle.captive = True
    with pytest.raises(ConnectionError):
        data.download(tmp_path / "cats-dogs")
    assert not (tmp_path / "cats-dogs").exists()


@pytest.mark.fault("The hotel answers in place of Kaggle")
def test_a_page_in_place_of_the_archive_is_not_kept(kaggle, tmp_path, shown):
    archive, kaggle.archive = kaggle.archive, b"<html>Welcome to our hotel</html>"
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    kaggle.archive = archive
    assert data.download(tmp_path / "cats-dogs").is_dir()


@pytest.mark.fault("Photos are missing in the archive")
def test_an_archive_with_a_photo_missing_is_refused(kaggle, layout, tmp_path, shown):
    copy = shutil.copytree(layout, tmp_path / "copy/dataset")
    (copy / "test_set/cats/cat.11.jpg").unlink()
    kaggle.archive = Path(shutil.make_archive(str(tmp_path / "spoiled"), "zip", tmp_path / "copy")).read_bytes()
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert not (tmp_path / "cats-dogs").exists()


@pytest.mark.fault("There is no network")
def test_a_server_that_never_answers_is_not_waited_for(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(fetching, "KAGGLE_HOST", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(fetching, "PATIENCE", 0.5)
        with pytest.raises(ConnectionError, match="is there a network"):
            data.download(tmp_path / "cats-dogs")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault("The connection breaks off, or stands still")
def test_a_connection_that_stands_still_is_given_up(kaggle, tmp_path, monkeypatch, shown):
    monkeypatch.setattr(fetching, "PATIENCE", 1)
    kaggle.cut, kaggle.pause = len(kaggle.archive) // 2, threading.Event()
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    kaggle.pause.set()
    shown(str(raised.value))
    kaggle.cut = kaggle.pause = None
    assert data.download(tmp_path / "cats-dogs").is_dir()


@pytest.mark.fault("What arrives is not what was sent")
def test_an_archive_with_the_wrong_checksum_is_deleted(kaggle, tmp_path, shown):
    kaggle.md5 = base64.b64encode(hashlib.md5(b"another archive").digest()).decode()
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("cats-dogs")]
    kaggle.md5 = base64.b64encode(hashlib.md5(kaggle.archive).digest()).decode()
    assert data.download(tmp_path / "cats-dogs").is_dir()


@pytest.mark.fault("What arrives is not what was sent")
def test_a_byte_changed_on_the_way_is_noticed_even_without_a_checksum(kaggle, tmp_path):
    content = bytearray(kaggle.archive)
    content[1000] ^= 1  # inside the first photo
    kaggle.archive = bytes(content)
    with pytest.raises(ConnectionError, match="CRC"):
        data.download(tmp_path / "cats-dogs")
    assert not (tmp_path / "cats-dogs").exists()


@pytest.mark.fault("The download leads to an address without HTTPS")
def test_a_download_is_not_followed_from_https_to_http(kaggle, tmp_path, monkeypatch, shown):
    def led_on(adapter, request, **_):
        """What a server with a certificate could answer."""
        response = requests.Response()
        response.status_code, response.url, response.request = 302, request.url, request
        response.headers["Location"], response.raw = f"{address}/archive", io.BytesIO()
        return response

    address = fetching.KAGGLE_HOST
    monkeypatch.setattr(fetching, "_reach", lambda url: None)
    monkeypatch.setattr(fetching, "KAGGLE_HOST", "https://www.kaggle.com")
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", led_on)
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "cats-dogs")
    shown(str(raised.value))
    assert kaggle.starts == []


def test_a_download_changes_nothing_of_the_process(kaggle, tmp_path):
    """So that others may go on meanwhile: it used to patch what it did not like in other packages."""
    functions = (requests.Session.send, zipfile.ZipFile.extractall, tarfile.TarFile.extractall)
    before, met = (functions, dict(os.environ), socket.getdefaulttimeout()), []
    reply = Kaggle.reply

    class Watching(Kaggle):
        def reply(self, *args, **options):
            functions = (requests.Session.send, zipfile.ZipFile.extractall, tarfile.TarFile.extractall)
            met.append((functions, dict(os.environ), socket.getdefaulttimeout()))
            reply(self, *args, **options)

    kaggle.RequestHandlerClass = Watching
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(data.download, [tmp_path / "one", tmp_path / "two"]))
    assert met and all(state == before for state in met)


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def packed(*entries: str | zipfile.ZipInfo, content: bytes = b"content") -> bytes:
    archive = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")  # about two of one name, which is the point
        for entry in entries:
            file.writestr(entry, content)
        file.writestr("padding", random.Random(0).randbytes(2000))
    return archive.getvalue()


def refusal(kaggle, tmp_path) -> str:
    """What is said of the archive that `kaggle` has, which must leave nothing anywhere."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConnectionError) as raised:
        data.download(tmp_path / "deep/er/cats-dogs")
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before and path.is_file()] == []
    return str(raised.value)


@pytest.mark.parametrize(
    "name",
    ["../evil", "photos/../../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "C:evil", "\\\\host\\share\\evil"],
)
def test_no_file_of_an_archive_lands_in_another_folder(kaggle, tmp_path, name):
    kaggle.archive = packed("training_set/cats/cat.1.jpg", name)
    assert "not the complete set" in refusal(kaggle, tmp_path)
    assert not Path("/tmp/evil").exists()


def test_no_archive_makes_a_link(kaggle, tmp_path):
    kaggle.archive = packed(link("training_set"), content=b"/etc")
    assert "not the complete set" in refusal(kaggle, tmp_path)


@pytest.mark.fault("The archive would fill the disk")
def test_an_archive_of_too_many_files_is_refused(kaggle, tmp_path, shown):
    kaggle.archive = packed(*map(str, range(fetching.MAX_FILES)), content=b"")
    shown(refusal(kaggle, tmp_path))


@pytest.mark.fault("The archive would fill the disk")
def test_an_archive_of_too_large_files_is_refused(kaggle, tmp_path, shown):
    kaggle.archive = packed("a", "b", "c", content=bytes(2**20))
    said = fetching.MAX_BYTES
    try:
        fetching.MAX_BYTES = 2**21
        assert "the archive holds more than" in refusal(kaggle, tmp_path)
    finally:
        fetching.MAX_BYTES = said


def test_the_sizes_that_an_archive_claims_are_those_that_are_unpacked(tmp_path):
    """So that their sum may be trusted: what goes on after the size claimed is not unpacked."""
    content = bytearray(packed("bomb", content=bytes(2**20)))
    for place in (content.index(struct.pack("<I", 2**20)), content.rindex(struct.pack("<I", 2**20))):
        content[place : place + 4] = struct.pack("<I", 10)
    with zipfile.ZipFile(io.BytesIO(content)) as file, pytest.raises(zipfile.BadZipFile):
        file.extractall(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10


def test_a_tar_archive_is_refused(kaggle, layout, tmp_path):
    kaggle.archive = Path(shutil.make_archive(str(tmp_path / "photos"), "tar", layout)).read_bytes()
    assert "File is not a zip file" in refusal(kaggle, tmp_path)


@pytest.mark.fault("There is no network")
def test_without_a_network_the_command_ends_with_one_sentence(tmp_path, shown):
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    ended = subprocess.run(
        [sys.executable, "-m", "mobilenet_lib.data", "download", str(tmp_path / "cats-dogs")],
        env=os.environ | nowhere | {"NO_PROXY": "", "no_proxy": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(
        "python -m mobilenet_lib.data: https://www.kaggle.com cannot be reached"
    )
    assert list(tmp_path.iterdir()) == []
    shown(ended.stderr)


DOWNLOAD = (
    CHILDREN
    + """
    import json, zipfile
    from tqdm import tqdm
    from mobilenet_lib import data
    from mobilenet_lib.data import kaggle
    address, folder, counts, *steps = sys.argv[1:]
    kaggle.KAGGLE_HOST = address
    kaggle.KAGGLE_COUNTS = json.loads(counts)

    def download(step):
        if step == "fetching":
            tqdm.update = die  # after the first mebibyte
        elif step == "unpacking":
            extract, left = zipfile.ZipFile._extract_member, iter(range(20))
            zipfile.ZipFile._extract_member = lambda *a: extract(*a) if next(left, None) is not None else die()
        elif step == "moving":
            os.replace = die
        elif step == "cleaning":
            replace = os.replace
            os.replace = lambda *a: (replace(*a), die())
        data.download(folder)

    for step in steps:
        before = os.path.exists(folder)
        print(step, before, in_a_child(download, step), flush=True)
"""
)


def downloading(kaggle, folder, *steps):
    return start(DOWNLOAD, f"http://127.0.0.1:{kaggle.server_port}", folder, json.dumps(fetching.KAGGLE_COUNTS), *steps)


@pytest.mark.fault("A download is killed")
def test_a_download_killed_at_any_step_goes_on_and_leaves_nothing_behind(kaggle, tmp_path):
    folder = tmp_path / "data" / "cats-dogs"
    steps = ("fetching", "unpacking", "moving", "cleaning")
    with downloading(kaggle, folder, *steps, "again") as process:
        out, err = process.communicate(timeout=900)
    # Of each step, whether there was a whole folder before, and what ended the process.
    assert [line for line in out.splitlines() if line[-1:].isdigit()] == [
        *(f"{step} False 9" for step in steps),
        "again True 0",
    ], err
    assert kaggle.starts[:3] == [0, 0, 2**20], "it goes on where it stopped"
    assert data.load(32, source=folder).counts == {"train": 18, "validation": 2, "test": 8}
    assert [path.name for path in folder.parent.iterdir()] == ["cats-dogs"]


@pytest.mark.fault("Two downloads run at once")
def test_a_second_download_into_the_same_folder_is_refused(kaggle, tmp_path, shown):
    kaggle.cut, kaggle.pause = len(kaggle.archive) // 2, threading.Event()
    with downloading(kaggle, tmp_path / "cats-dogs", "") as first:
        while not kaggle.starts:
            time.sleep(0.05)
        with pytest.raises(BlockingIOError) as raised:
            data.download(tmp_path / "cats-dogs")
        shown(str(raised.value))
        first.kill()
        kaggle.pause.set()
    kaggle.cut = kaggle.pause = None
    assert data.download(tmp_path / "cats-dogs").is_dir(), "what was killed holds nothing any more"


@as_root
@pytest.mark.fault("The disk is full while photos are downloaded")
def test_a_full_disk_ends_a_download_which_goes_on_when_there_is_room(kaggle, tmp_path, shown):
    with small_disk(tmp_path / "disk", "5m") as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(3 * 2**20))
        with pytest.raises(OSError) as raised:
            data.download(disk / "cats-dogs")
        shown(str(raised.value))
        assert not (disk / "cats-dogs").exists()
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        assert data.download(disk / "cats-dogs").is_dir()
