"""What a reader has set for other programs stays out of the book: the build and the tests call `seal` first.

It serves the plain commands, `jupyter-book` and `pytest`, as it does `make`. Where the photos are, `CATS_DOGS_DIR`, and
where Keras keeps weights, `KERAS_HOME`, are meant for the book.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORGOTTEN = re.compile(
    r"PYTHON(?!PATH$|UTF8$)\w*"  # asserts off, another place for packages, a file that runs at the start …
    r"|JUPYTER_(?!RUNTIME_DIR)\w*|IPYTHON\w*"  # kernels of the same name, startup files
    r"|KERAS_(?!HOME)\w*|TF_USE_LEGACY_KERAS"  # another backend, fewer epochs
    r"|MPLBACKEND|MATPLOTLIBRC"
    r"|NODE_(ENV|OPTIONS|PATH)"
    r"|GIT_(DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY|NAMESPACE|PREFIX)"  # as hooks have them
    r"|SOURCE_DATE_EPOCH"  # Sphinx would change the year of the copyright, and no other date
)


def sealed(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment variables without those that change what the book shows."""
    return {name: value for name, value in variables.items() if not FORGOTTEN.fullmatch(name)}


def seal(folder: Path) -> None:
    """Seal this process and all that it starts. `folder` is where kernels and Keras then look for settings.

    Raises `ImportError` if a package was imported from elsewhere already, because `PYTHONPATH` comes before all others.
    """
    for name in os.environ.keys() - sealed(os.environ).keys():
        del os.environ[name]
    elsewhere = _forget_python_path()
    for name, module in sys.modules.items():
        file = getattr(module, "__file__", None)
        if file and any(Path(file).is_relative_to(place) for place in elsewhere):
            raise ImportError(f"PYTHONPATH has another {name}, {file}: start again without PYTHONPATH")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # a kernel of this name in the reader's home comes after ours
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    os.environ["KERAS_HOME"] = str(_keras_home(folder / "keras"))


def _forget_python_path() -> set[Path]:
    """Take the folders of `PYTHONPATH` off the path, but for those of the checkout and of this Python; which ones."""
    given = [Path(place).absolute() for place in os.environ.pop("PYTHONPATH", "").split(os.pathsep) if place]
    own = (ROOT, Path(sys.prefix), Path(sysconfig.get_path("stdlib")))
    kept = [place for place in given if any(place.is_relative_to(one) for one in own)]
    if kept:
        os.environ["PYTHONPATH"] = os.pathsep.join(map(str, kept))
    elsewhere = {*given} - {*kept}
    sys.path[:] = [place for place in sys.path if Path(place).absolute() not in elsewhere]
    return elsewhere


def _keras_home(home: Path) -> Path:
    """A home for Keras without the reader's `keras.json`, and with the weights that the reader's own one has."""
    # Unlike Path.home(), expanduser copes with a user who has none.
    models = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")).absolute() / "models"
    home.mkdir(parents=True, exist_ok=True)
    link = home / "models"
    if models != link:
        try:
            models.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(models, target_is_directory=True)
        except OSError:  # a reader without a home, a system without links: then weights are kept here
            pass
    return home
