"""What tests need from outside: the photos and Google's weights, where they are at hand."""

import os
import shutil
import tempfile
import warnings
from pathlib import Path

import pytest
from trouble import entries

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"

TEMPORARY = tempfile.TemporaryDirectory(prefix="keras-home-")  # deletes itself when the tests end
WEIGHTS = "mobilenet_2_5_224_tf_no_top.h5"


def _keras_home() -> Path:
    """Where Keras will look for weights. It reads KERAS_HOME once, when it is imported: so this comes first."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    beside = SHARED / "keras" / "models" / WEIGHTS
    if not (home / "models" / WEIGHTS).exists() and beside.exists():
        home = Path(TEMPORARY.name)
        (home / "models").mkdir()
        (home / "models" / WEIGHTS).symlink_to(beside)
        os.environ["KERAS_HOME"] = str(home)
    return home


KERAS_HOME = _keras_home()


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder with the real Cats-Dogs photos in Kaggle's layout."""
    folder = Path(os.environ.get("CATS_DOGS_DIR") or SHARED / "cats-dogs")
    if not folder.is_dir():
        pytest.skip("the Cats-Dogs photos are not at hand: set CATS_DOGS_DIR")
    return folder


@pytest.fixture(scope="session")
def imagenet_weights() -> Path:
    """Google's ImageNet weights for alpha 0.25, where Keras finds them."""
    path = KERAS_HOME / "models" / WEIGHTS
    if not path.exists():
        pytest.skip(f"the ImageNet weights are not cached: {WEIGHTS} in KERAS_HOME/models")
    return path


@pytest.fixture
def shown(request):
    """Whether a text has the sentence that `book/trouble.md` shows for the fault which this test is marked with."""
    entry = entries()[request.node.get_closest_marker("fault").args[0]]

    def check(text: str) -> None:
        assert entry.sentence and entry.shows_in(text), f"the page shows {entry.sentence!r}, the program {text!r}"

    return check


@pytest.fixture(scope="session")
def layout(tmp_path_factory) -> Path:
    """A folder in Kaggle's layout, to be read only."""
    from pictures import lay_out

    return lay_out(tmp_path_factory.mktemp("photos"))


@pytest.fixture
def folder(layout, tmp_path) -> Path:
    """A folder in Kaggle's layout, to be spoiled."""
    return shutil.copytree(layout, tmp_path / "photos")


@pytest.fixture
def quiet():
    """No warning but those that the test expects."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def guarded(layout):
    """A folder, and a process whose user has no more rights than its permissions say."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    folder = shutil.copytree(layout, place / "photos")
    folder.chmod(0o755)
    user = os.geteuid() if hasattr(os, "geteuid") else None
    if user is None:
        pytest.skip("the permissions of this system are others")
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    for path in (folder / "training_set", *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(place)
