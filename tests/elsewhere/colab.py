"""Every notebook alone, with what Colab preinstalls: the tests of `test_colab.py`, in the environments of `make colab`.

`COLAB` names an interpreter in each of these environments.
"""

import os
from pathlib import Path

import pytest
from test_colab import (  # noqa: F401
    CHAPTERS,
    Machine,
    clone,
    test_all_cells_pass,
    test_figures_appear,
    test_one_cell_installs_what_is_needed,
    test_the_import_comes_from_the_installed_package,
    test_the_library_is_not_there_before,
    test_the_records_of_the_book_come_along_and_no_photo_does,
    test_the_setup_changes_neither_tensorflow_nor_keras_nor_numpy,
)

FIRST, *MORE = [Path(python) for python in os.environ["COLAB"].split()]
RUNS = [(python, chapter) for python in (FIRST, *MORE) for chapter in CHAPTERS]

# As many pictures as Kaggle has photos, in its folders.
NETWORK = """\
import io
import zipfile

import requests


def get(session, url, **_):
    from mobilenet_lib import drawn

    assert url == "https://www.kaggle.com/api/v1/datasets/download/chetankv/dogs-cats-images"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for label, name in enumerate(("cat", "dog")):
            photos = []
            for number in range(200):
                photo = io.BytesIO()
                drawn.picture(2 * number + label).resize((128, 128)).save(photo, "JPEG")
                photos.append(photo.getvalue())
            for split, count in ("training_set", 4000), ("test_set", 1000):
                for number in range(count):
                    file.writestr(f"dataset/{split}/{name}s/{name}.{number}.jpg", photos[number % 200])
    response = requests.Response()
    response.status_code, response.url, response.raw = 200, url, io.BytesIO(archive.getvalue())
    response.headers["Content-Length"] = str(len(archive.getvalue()))
    print("\\rDownloaded 100%")
    return response


requests.head = lambda *_, **__: requests.Response()
requests.Session.get = get
"""


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[1].stem} in {run[0].parents[1].name}")
def ran(request, tmp_path_factory, clone):
    python, chapter = request.param
    machine = Machine(tmp_path_factory.mktemp("colab"), python, clone)
    if python == FIRST:  # only there is a network
        (machine.startup / "network.py").write_text(NETWORK, "utf8")
    ran = machine.run(chapter)
    if ran.error:
        return ran
    times = f"set up in {ran.seconds(ran.setup):.0f} s, all in {ran.seconds(ran.notebook.cells):.0f} s"
    versions = ", ".join(f"{name} {version}" for name, version in ran.before["versions"].items())
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{chapter.stem}: {times}; {versions}")
    return ran


def test_the_setup_takes_less_than_a_minute(ran):
    assert ran.seconds(ran.setup) < 60


def test_chapter_5_downloads_the_photos_where_there_is_a_network_and_else_draws(ran, request):
    python, chapter = request.node.callspec.params["ran"]
    if chapter.stem != "05-training":
        pytest.skip("no photos in it")
    if python == FIRST:
        assert "Downloaded 100%" in ran.text and "This page was made with the real photos" in ran.text
    else:
        assert "cannot be reached" in ran.text and "This page was made with drawn cats and dogs" in ran.text
