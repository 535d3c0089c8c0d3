"""The library of the book «MobileNet, from cost to phone».

One idea a module; each imports only modules above it:

    costs         what one layer costs
    architecture  which layers a MobileNet has
    paper         what was published
    phones        what others measured on phones
    weights       what Google trained
    counting      what a Keras model costs
    models        the same network in Keras
    locks         one process at a time
    drawn         cats and dogs from numbers
    data          cats and dogs
    evaluation    how good, and how sure
    records       what was recorded
    training      train, evaluate, record
    tflite        export and run
    plots         every figure of the book
    exercises     what is off in an answer
"""

import json
import logging
import os
import sys
import warnings
from importlib.util import find_spec

# A file of the reader's comes before the installed package of that name, and what fails then says nothing about it.
for _package in ("keras", "tensorflow", "numpy", "matplotlib", "PIL"):
    _found = find_spec(_package)
    if _found is not None and _found.submodule_search_locations is None:
        raise ImportError(f"the file {_found.origin} hides the package {_package}: rename the file, then restart")

# TensorFlow reads this when it is imported; without it, it greets every reader with a page of device messages.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# By itself it takes oneDNN's kernels only on newer processors. On older ones, too, training is faster with them.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# It takes many small models in one process, which is how this book works, for a loop that was written badly.
logging.getLogger("tensorflow").addFilter(lambda record: "tf.function retracing" not in record.getMessage())


def _check_settings_of_keras() -> None:
    """Say what a reader's own settings of Keras stop or change, before Keras reads them."""
    path = os.path.expanduser(os.path.join(os.environ.get("KERAS_HOME") or "~/.keras", "keras.json"))
    try:
        with open(path, encoding="utf8") as file:
            settings = dict(json.load(file))
    except (OSError, ValueError, TypeError):
        settings = {}
    backend, place = settings.get("backend", "tensorflow"), path
    if os.environ.get("KERAS_BACKEND"):
        backend, place = os.environ["KERAS_BACKEND"], "the environment variable KERAS_BACKEND"
    if backend not in ("tensorflow", "jax", "torch") or find_spec(backend) is None:
        raise ImportError(
            f"Keras is set to compute with {backend!r}, which cannot train or is not installed: "
            f"set the backend to 'tensorflow' in {place}, then restart"
        )
    for name, usual in {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}.items():
        if settings.get(name, usual) != usual:
            warnings.warn(
                f"{path} sets {name} to {settings[name]!r}: layers that you or a chapter make will not be those "
                f"of the book; set it to {usual!r}, then restart",
                stacklevel=3,
            )


if "keras" not in sys.modules:
    _check_settings_of_keras()
