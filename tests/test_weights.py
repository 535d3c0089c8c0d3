"""Google's weights, from a server on this machine, which can be spoiled."""

import hashlib
import http.server
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from processes import NOBODY, anyone, as_nobody, run, start

from mobilenet_lib import models, weights

NAME = "mobilenet_2_5_224_tf_no_top.h5"
FETCH = """
    import sys
    from mobilenet_lib import weights
    weights.ADDRESS, weights.SHA256[0.25] = sys.argv[1:3]
    print(weights.fetched(0.25))
"""


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.silent:
            self.server.over.wait(60)
        if self.server.leads_to:
            self.send_response(302)
            self.send_header("Location", self.server.leads_to)
            return self.end_headers()
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[: self.server.cut])
        self.wfile.flush()
        if self.server.stands_still:
            self.server.sent.set()
            self.server.over.wait(60)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A file in the format of Google's, with other weights."""
    keras.utils.set_random_seed(7)
    path = tmp_path_factory.mktemp("weights") / "weights.h5"
    keras.applications.MobileNet((224, 224, 3), 0.25, include_top=False, weights=None).save(path)
    return path.read_bytes()


@pytest.fixture
def server(content, tmp_path, monkeypatch):
    """Serves `content` in place of Google; there is no cache of Keras yet."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.content, server.cut, server.stands_still, server.asked = content, None, False, []
    server.silent, server.leads_to = False, None
    server.sent, server.over = threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_port}/"
    server.sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "ADDRESS", server.address)
    monkeypatch.setitem(weights.SHA256, 0.25, server.sha256)
    monkeypatch.setattr(weights, "PATIENCE", 1)
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def kept(home):
    return sorted(path.name for path in (home / "models").glob("*"))


def test_weights_are_downloaded_once_and_are_those_of_the_model(server, content, tmp_path):
    backbone = models.imagenet_backbone(0.25, 64)
    (tmp_path / "same.h5").write_bytes(content)
    theirs = keras.applications.MobileNet((224, 224, 3), 0.25, include_top=False, weights=str(tmp_path / "same.h5"))
    for ours, expected in zip(backbone.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)
    models.imagenet_backbone(0.25, 32)
    assert server.asked == [f"/{NAME}"] and kept(tmp_path) == [NAME]


def test_threads_may_fetch_them_at_once(server, content, tmp_path):
    with ThreadPoolExecutor(4) as threads:
        paths = set(threads.map(weights.fetched, [0.25] * 8))
    assert [path.read_bytes() for path in paths] == [content] and kept(tmp_path) == [NAME]


def test_an_alpha_without_published_weights_is_refused():
    with pytest.raises(ValueError, match=r"alpha must be 0.25, 0.5, 0.75 or 1 .*, not 0.3"):
        models.imagenet_backbone(0.3)


def test_the_files_of_keras_are_asked_for(server, monkeypatch):
    """As `keras.applications` names them, for each alpha."""
    names = []
    monkeypatch.setattr(
        "keras.src.applications.mobilenet.file_utils.get_file", lambda name, *_, **__: names.append(name)
    )
    monkeypatch.setattr(keras.Model, "load_weights", lambda *_: None)
    for alpha in weights.NAMES:
        keras.applications.MobileNet((224, 224, 3), alpha, include_top=False)
    assert names == list(weights.NAMES.values())
    from keras.src.applications import mobilenet

    assert mobilenet.BASE_WEIGHT_PATH.endswith("googleapis.com/tensorflow/keras-applications/mobilenet/")


def stands_still(server):
    server.cut, server.stands_still = 1000, True


def never_answers(server):
    server.silent = True


def is_not_there(server):
    server.shutdown(), server.server_close()


@pytest.mark.fault("Google's weights cannot be fetched")
@pytest.mark.parametrize("spoil", [stands_still, never_answers, is_not_there])
def test_a_server_that_gives_no_weights_is_given_up_and_nothing_is_kept(server, tmp_path, spoil, shown):
    spoil(server)
    with pytest.raises(OSError) as error:
        models.imagenet_backbone(0.25)
    shown(str(error.value))
    assert kept(tmp_path) == []


@pytest.mark.fault("Google's weights cannot be fetched")
def test_a_page_in_place_of_the_weights_is_not_kept(server, tmp_path, shown):
    server.content = b"<html>Welcome to our hotel</html>"
    with pytest.raises(OSError, match="another checksum") as error:
        models.imagenet_backbone(0.25)
    shown(str(error.value))
    assert kept(tmp_path) == []


def test_a_download_is_not_followed_to_another_scheme(server, tmp_path, monkeypatch):
    """From HTTPS to HTTP, that is; the server here has HTTP alone, so the way leads from there to FTP."""
    server.leads_to = f"ftp://127.0.0.1:{server.server_port}/{NAME}"
    with pytest.raises(OSError, match="could be changed on the way"):
        models.imagenet_backbone(0.5)
    assert kept(tmp_path) == []


def test_a_download_that_is_cut_off_is_not_kept_where_no_checksum_is_known(server, tmp_path):
    server.cut = 1000
    with pytest.raises(OSError, match="could not be downloaded"):
        models.imagenet_backbone(0.5)
    assert kept(tmp_path) == []


@pytest.mark.fault("The download of Google's weights is killed")
def test_a_download_killed_halfway_is_not_taken_for_whole(server, content, tmp_path):
    server.cut, server.stands_still = len(content) // 2, True
    with start(FETCH, server.address, server.sha256) as process:
        assert server.sent.wait(120)
        process.send_signal(signal.SIGKILL)
    assert NAME not in kept(tmp_path)
    server.cut, server.stands_still = None, False
    assert weights.fetched(0.25).read_bytes() == content


@pytest.mark.fault("The download of Google's weights is killed")
def test_what_a_killed_download_of_another_program_left_is_fetched_again(server, content, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / NAME).write_bytes(content[:-1000])
    assert weights.fetched(0.25).read_bytes() == content


@pytest.mark.fault("Google's weights are damaged")
def test_a_damaged_file_without_a_known_checksum_is_named(server, content, tmp_path, shown):
    path = tmp_path / "models" / weights.NAMES[0.5]
    path.parent.mkdir()
    path.write_bytes(content[:-1000])
    with pytest.raises(OSError) as error:
        models.imagenet_backbone(0.5)
    shown(str(error.value))
    assert str(path) in str(error.value)


@as_nobody
@pytest.mark.fault("A user without a home, without rights, without a display")
def test_a_cache_that_may_only_be_read_is_read(server, content, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / NAME).write_bytes(content)
    with anyone(tmp_path) as home:
        env = os.environ | {"KERAS_HOME": str(home)}
        done = run(FETCH, server.address, server.sha256, before=NOBODY, env=env, cwd="/")
    assert done.stdout.strip() == str(home / "models" / NAME), done.stderr[-2000:]
    assert server.asked == []


@as_nobody
@pytest.mark.skipif(Path("/tmp/.keras/models", NAME).exists(), reason="somebody keeps weights in Keras' second choice")
@pytest.mark.fault("A user without a home, without rights, without a display")
def test_weights_go_elsewhere_where_the_cache_may_not_be_written_to(server, content, tmp_path):
    try:
        with anyone(tmp_path) as home:
            env = os.environ | {"KERAS_HOME": str(home)}
            done = run(FETCH, server.address, server.sha256, before=NOBODY, env=env, cwd="/")
        assert done.stdout.split()[-1] == f"/tmp/.keras/models/{NAME}", done.stderr[-2000:]
        assert Path("/tmp/.keras/models", NAME).read_bytes() == content
    finally:
        Path("/tmp/.keras/models", NAME).unlink(missing_ok=True)
