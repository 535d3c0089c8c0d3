"""Importing the library: what it finds in its way, and what it keeps quiet."""

import logging
import os

import jupytext
import keras
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from processes import ROOT, run


def test_many_models_in_one_process_give_no_warning(caplog):
    """TensorFlow counts how often a function of its own is traced, and blames the caller after the fifth time."""
    images = np.zeros((1, 4), "float32")
    for _ in range(10):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        model.predict_on_batch(images), model.predict(images, verbose=0)
    logging.getLogger("tensorflow").warning("something else")
    assert [record.getMessage() for record in caplog.records] == ["something else"]


@pytest.mark.fault("A file of yours has the name of a package")
@pytest.mark.parametrize("package", ["keras", "tensorflow", "numpy"])
def test_a_file_beside_the_notebook_that_hides_a_package_is_named(tmp_path, shown, package):
    (tmp_path / f"{package}.py").write_text("answer = 42\n")
    done = run(f"import mobilenet_lib, {package}", cwd=tmp_path)
    assert done.returncode == 1
    assert str(tmp_path / f"{package}.py") in done.stderr
    if package == "keras":
        shown(done.stderr)


@pytest.mark.fault("A file of yours has the name of a package")
def test_the_first_cell_of_a_notebook_names_the_file_beside_it_that_hides_keras(tmp_path, shown):
    (tmp_path / "keras.py").write_text("answer = 42\n")
    chapter = jupytext.read(next((ROOT / "chapters").glob("01-*.md")))
    first = next(cell for cell in chapter.cells if cell.cell_type == "code")
    notebook = nbformat.v4.new_notebook(metadata=chapter.metadata, cells=[first])
    with pytest.raises(CellExecutionError) as raised:
        NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown(f"{raised.value.ename}: {raised.value.evalue}")
    assert str(tmp_path / "keras.py") in raised.value.evalue


@pytest.mark.fault("Keras is set to compute with a package that is not there")
@pytest.mark.parametrize(
    ("backend", "place"), [("thiano", "KERAS_BACKEND"), ("thiano", "keras.json"), ("numpy", "KERAS_BACKEND")]
)
def test_a_backend_that_is_not_installed_or_cannot_train_is_named_with_its_place(tmp_path, backend, place, shown):
    env = os.environ | {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": backend if place == "KERAS_BACKEND" else ""}
    (tmp_path / "keras.json").write_text('{"backend": "thiano"}')
    done = run("import mobilenet_lib", env=env)
    shown(done.stderr)
    assert done.returncode == 1 and repr(backend) in done.stderr and place in done.stderr.splitlines()[-1]


def test_settings_of_keras_without_a_backend_are_named(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": null}')
    done = run("import mobilenet_lib", env=os.environ | {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": ""})
    assert "compute with None" in done.stderr.splitlines()[-1]


def test_a_backend_in_the_environment_comes_before_the_one_in_the_file(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "thiano"}')
    env = os.environ | {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    assert run("import mobilenet_lib", env=env).stderr == ""


@pytest.mark.parametrize("content", ["{", "[1]", "{}"])
def test_a_file_of_settings_that_keras_does_not_read_is_not_read_here(tmp_path, content):
    (tmp_path / "keras.json").write_text(content)
    assert run("import mobilenet_lib", env=os.environ | {"KERAS_HOME": str(tmp_path)}).stderr == ""
