"""A Keras model as a file without its optimizer and without code, and back."""

import io
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

from mobilenet_lib.records import write


def save_model(model: keras.Model, path: str | os.PathLike) -> None:
    """Keep `model` as a `.keras` file, without its optimizer, which would be two thirds of it.

    Options that are not used are left out: an older Keras refuses the file for options that it does not know. Raises
    `ValueError` unless `path` ends in `.keras`.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"path must end in .keras, not {str(path)!r}")
    # In a folder of its own, because Keras 3.4 leaves the weights beside the file.
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "model.keras"
        model = functional(model)
        keras.Model(model.input, model.output, name=model.name).save(made)
        with zipfile.ZipFile(made) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    files["config.json"] = json.dumps(_given(json.loads(files["config.json"]))).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    write(path, buffer.getvalue())


def functional(model: keras.Model) -> keras.Model:
    """`model`, or the functional one of the same layers in place of a Sequential one, whose ends Keras hides."""
    if not isinstance(model, keras.Sequential):
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def load_model(path: str | os.PathLike) -> keras.Model:
    """The model in a `.keras` file, such as `save_model` writes; no code that may be in it is run.

    Raises `FileNotFoundError` if there is no file, `ValueError` if it is not whole, has code, or is not of layers that
    this version of Keras knows.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there must be a .keras file at {os.fspath(path)!r}, and there is none")
    try:
        with zipfile.ZipFile(path) as file:  # what Keras says about a damaged one is that there is none
            made = json.loads(file.read("metadata.json"))["keras_version"]
            config = file.read("config.json")
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"path must be a whole .keras file, and {os.fspath(path)!r} is not") from error
    if b'"__lambda__"' in config:
        raise ValueError(f"path must be a .keras file without Python code, and {os.fspath(path)!r} has some")
    try:
        with tempfile.TemporaryDirectory() as folder:  # Keras 3.4 unpacks the weights beside the file
            return keras.models.load_model(shutil.copy(path, folder), compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever it stumbles over
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"path must be a .keras file that can be loaded, and {os.fspath(path)!r}, made with Keras {made}, cannot "
            f"be with Keras {keras.__version__}: {reason}"
        ) from error


def _given(config: Any) -> Any:
    """A configuration of Keras without options that are None, and without those of renormalization where it is off."""
    if isinstance(config, list):
        return [_given(part) for part in config]
    if not isinstance(config, dict):
        return config
    parts = {key: _given(part) for key, part in config.items()}
    if "class_name" in config:
        options = {key: option for key, option in (parts["config"] or {}).items() if option is not None}
        off = not options.get("renorm")
        parts["config"] = {key: option for key, option in options.items() if not (off and key.startswith("renorm"))}
    return parts
