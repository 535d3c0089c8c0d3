"""The state of an unfinished training in a file, with everything that decides its result."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib.records import versions, write


def identity(model: keras.Model, data: Sequence[Any]) -> dict[str, Any]:
    """What decides the result of a training besides its settings: the layers of the model, the data, the versions."""
    layers = [_unnamed(layer.get_config()) for layer in model._flatten_layers(include_self=False)]
    config = json.dumps(layers, sort_keys=True, default=str).encode()
    return {
        "model": hashlib.blake2b(config, digest_size=8).hexdigest(),
        "data": [photos.identity for photos in data],
        "versions": versions(),
    }


def _unnamed(config: Any) -> Any:
    """A configuration without names: Keras counts unnamed layers on, so the same model made again has others."""
    if isinstance(config, dict):
        without = ("name", "inbound_nodes", "input_layers", "output_layers")
        return {key: _unnamed(value) for key, value in config.items() if key not in without}
    return [_unnamed(value) for value in config] if isinstance(config, list) else config


def keep(path: Path, model: keras.Model, begun: dict, history: list, best: list[np.ndarray]) -> None:
    buffer = io.BytesIO()
    arrays = {f"state{i}": np.asarray(variable) for i, variable in enumerate(state(model))}
    arrays |= {f"best{i}": weight for i, weight in enumerate(best)}
    np.savez(buffer, about=json.dumps({"begun": begun, "history": history}), **arrays)
    write(path, buffer.getvalue())


def restore(path: Path, model: keras.Model, begun: dict) -> tuple[list, list[np.ndarray]]:
    """Put the state in `path` into `model`, and return its history and its best weights.

    Raises `ValueError` if the file is damaged or of another training.
    """
    try:
        with np.load(path) as file:
            arrays = dict(file)
        about = json.loads(str(arrays["about"]))
        other, history = about["begun"], about["history"]
        values, best = ([arrays[name] for name in arrays if name.startswith(kind)] for kind in ("state", "best"))
        differences = differing(other, json.loads(json.dumps(begun)))
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"checkpoint must be what an earlier run left, whole, and {str(path)!r} is not: delete it"
        ) from error
    if differences:
        raise ValueError(
            f"checkpoint must be of the same training, and {str(path)!r} is of one with {'; '.join(differences)}: "
            "repeat its command, delete it or name another"
        )
    if [array.shape for array in (*values, *best)] != [tuple(v.shape) for v in (*state(model), *model.weights)]:
        raise ValueError(f"checkpoint must be of the same model, and {str(path)!r} has weights of other shapes")
    for variable, value in zip(state(model), values, strict=True):
        variable.assign(value)
    return history, best


def differing(one: Any, other: Any, name: str = "") -> list[str]:
    """In words, where two descriptions differ; `name` is what they describe."""
    if one == other:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        parts = [(one.get(key), other.get(key), key) for key in sorted(one.keys() | other.keys())]
        return list(dict.fromkeys(words for part in parts for words in differing(*part)))
    if name == "data" and isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [words for pair in zip(one, other, strict=True) for words in differing(*pair, name)]
    other_words = {"model": "another model", "images": "other images", "revision": "another revision of the library"}
    return [other_words.get(name, f"{name} {one!r} instead of {other!r}")]


def state(model: keras.Model) -> list:
    """The variables that a training changes."""
    return [*model.variables, *model.optimizer.variables]
