"""A notebook alone, as Colab runs it: an empty folder, Colab's packages, and a library that its first cell installs.

Here it is the first chapter with the packages of the lock. `make colab` runs them all with what Colab preinstalls.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))["repository"]["url"]

PROBE = """\
import importlib.metadata, importlib.util, json
found = importlib.util.find_spec("mobilenet_lib")
print(json.dumps({
    "versions": {name: importlib.metadata.version(name) for name in ("tensorflow", "numpy", "keras")},
    "library": found and found.origin,
}))
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A repository with the files of this checkout as they are now, committed or not."""
    folder = tmp_path_factory.mktemp("clone")
    git = ["git", "-c", "safe.directory=*", "-C"]
    names = subprocess.check_output([*git, ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    author = ["-c", "user.name=a test", "-c", "user.email="]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "As it is"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder


class Machine:
    """A fresh machine of Colab's: the packages of the interpreter `python`, and whatever a notebook adds to them."""

    def __init__(self, folder, python, clone):
        self.home, self.content = folder / "machine", folder / "content"
        self.content.mkdir(parents=True)
        subprocess.run([python, "-m", "venv", "--without-pip", self.home], check=True)
        self.python = self.home / "bin" / "python"
        (self.packages,) = self.home.glob("lib/python*/site-packages")
        self.startup = self.home / "ipython" / "profile_default" / "startup"
        ask = "import sys; print(*(path for path in sys.path if path.endswith('-packages')), sep='\\n')"
        preinstalled = subprocess.check_output([python, "-c", ask], text=True, env=self.environment())
        # Paths in a .pth file are no places for more .pth files: a checkout that `python` knows stays unknown.
        (self.packages / "preinstalled.pth").write_text(preinstalled, "utf8")
        for name, text in {
            self.packages / "google/colab/__init__.py": "",
            self.startup / "colab.py": "import google.colab\n",
            self.home / "kernels/colab/kernel.json": json.dumps(
                {
                    "argv": [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                    "display_name": "Colab",
                    "language": "python",
                }
            ),
        }.items():
            name.parent.mkdir(parents=True)
            name.write_text(text, "utf8")
        self.redirect = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{clone.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": ADDRESS,
        }

    def environment(self, **more):
        ours = ("PYTHONPATH", "VIRTUAL_ENV", "CATS_DOGS_DIR")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {"IPYTHONDIR": str(self.home / "ipython"), "KERAS_HOME": str(self.home / "keras")} | more

    def run(self, path, **environment):
        """Run the notebook `path`, copied into an empty folder."""
        copy = shutil.copy(path, self.content)
        notebook = nbformat.read(copy, as_version=4)
        probe = nbformat.v4.new_code_cell
        notebook.cells = [probe(PROBE), *notebook.cells, probe(PROBE)]
        kernels = KernelSpecManager(kernel_dirs=[str(self.home / "kernels")], ensure_native_kernel=False)
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_name="colab", kernel_spec_manager=kernels),
            timeout=900,
            resources={"metadata": {"path": str(self.content)}},
        )
        error = None
        try:
            # The kernel ends, too: all twelve together would need more memory than most machines have.
            client.execute(cleanup_kc=True, env=self.environment(**self.redirect, **environment))
        except CellExecutionError as failed:
            error = str(failed)
        return Ran(self, notebook, error)


@dataclass
class Ran:
    machine: Machine
    notebook: nbformat.NotebookNode
    error: str | None

    def probed(self, place):
        (output,) = self.notebook.cells[place].outputs
        return json.loads(output.text)

    @property
    def before(self):
        return self.probed(0)

    @property
    def after(self):
        return self.probed(-1)

    @property
    def setup(self):
        """The cells that install something."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code" and "pip install" in cell.source]

    def seconds(self, cells):
        """The time from the start of the first of `cells` to the end of the last one that ran."""
        times = [time for cell in cells for time in cell.metadata.get("execution", {}).values()]
        first, last = (datetime.fromisoformat(time.replace("Z", "+00:00")) for time in (min(times), max(times)))
        return (last - first).total_seconds()

    @property
    def text(self):
        """All outputs."""
        return "\n".join(json.dumps(cell.get("outputs", []), ensure_ascii=False) for cell in self.notebook.cells)

    @property
    def images(self):
        """Every image among the outputs, as HTML."""
        outputs = [output for cell in self.notebook.cells for output in cell.get("outputs", ())]
        return [html for output in outputs if '<img alt="' in (html := output.get("data", {}).get("text/html", ""))]


@pytest.fixture(scope="module")
def ran(tmp_path_factory, clone):
    machine = Machine(tmp_path_factory.mktemp("colab"), sys.executable, clone)
    # The packages are those of the lock, so there is nothing to fetch.
    return machine.run(CHAPTERS[0], PIP_NO_INDEX="1", PIP_NO_BUILD_ISOLATION="0")


def test_the_library_is_not_there_before(ran):
    assert ran.before["library"] is None


def test_all_cells_pass(ran):
    assert ran.error is None, ran.error


def test_one_cell_installs_what_is_needed(ran):
    assert len(ran.setup) == 1


def test_the_import_comes_from_the_installed_package(ran):
    library = Path(ran.after["library"])
    assert "site-packages" in library.parts and ran.machine.home in library.parents


def test_the_setup_changes_neither_tensorflow_nor_keras_nor_numpy(ran):
    assert ran.after["versions"] == ran.before["versions"]


def test_figures_appear(ran):
    assert ran.images or "Show this figure" not in str(ran.notebook)  # the appendix has tables alone
    for image in ran.images:
        assert 'src="data:image/' in image


def test_the_stills_of_the_animation_appear(ran):
    outputs = [output.get("data", {}) for cell in ran.notebook.cells for output in cell.get("outputs", ())]
    (stills,) = [data["image/svg+xml"] for data in outputs if "image/svg+xml" in data]
    assert "3,888" in stills and "1,404 = 36.1%" in stills


@pytest.mark.parametrize(("gpus", "epochs"), [([], 8), (["a GPU"], 60)])
def test_chapter_5_trains_longer_where_colab_gives_a_gpu(monkeypatch, gpus, epochs):
    import tensorflow as tf

    from mobilenet_lib import training

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": gpu})
    (chapter,) = (path for path in CHAPTERS if path.stem == "05-training")
    cells = [cell.source for cell in nbformat.read(chapter, as_version=4).cells if cell.cell_type == "code"]
    (line,) = (line for cell in cells for line in cell.splitlines() if line.startswith("EPOCHS ="))
    names = {"training": training, "photos": SimpleNamespace(drawn=True)}
    exec(line, names)
    assert names["EPOCHS"] == epochs


def test_the_records_of_the_book_come_along_and_no_photo_does(ran):
    installed = Path(ran.after["library"]).parent / "recorded"
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    kinds = ("runs/*.json", "exports/*.json", "kernels/*.json", "latency/*.json", "models/*.*")
    recorded = [path for kind in kinds for path in (ROOT / "data").glob(kind)]
    wanted = {path.relative_to(ROOT / "data").as_posix() for path in recorded if path.suffix != ".md"}
    assert names == wanted and "models/flagship.keras" in names
