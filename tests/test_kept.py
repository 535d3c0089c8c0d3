"""`training.kept`: models as files, and files that are not what they should be."""

import json
import zipfile

import keras
import numpy as np
import pytest
from processes import as_root, small_disk
from small_training import small

from mobilenet_lib import models, training


def test_the_kept_model_loads_without_the_library_and_without_an_optimizer(kept):
    model = keras.models.load_model(kept)
    assert model.input_shape == (None, 32, 32, 3) and model.output_shape == (None, 2)
    assert getattr(model, "optimizer", None) is None


def altered(model, path, **parts):
    """A copy at `path` of the `.keras` file `model` with other contents for some of its parts."""
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            change = parts.get(name.replace(".", "_"), lambda content: content)
            new.writestr(name, change(old.read(name)))
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "first.keras"
    training.save_model(models.mobilenet(0.1, 32, 2), path)
    return path


def test_a_sequential_model_is_kept_as_what_gives_the_same(tmp_path):
    layers = keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, "softmax")
    model, images = keras.Sequential([keras.Input((8, 8, 3)), *layers]), np.ones((2, 8, 8, 3), np.float32)
    training.save_model(model, tmp_path / "model.keras")
    kept = training.load_model(tmp_path / "model.keras")
    assert kept.name == model.name
    np.testing.assert_array_equal(kept.predict(images, verbose=0), model.predict(images, verbose=0))


@pytest.mark.parametrize("name", ["model", "model.h5", "model.tflite"])
def test_a_model_is_kept_under_a_name_that_ends_in_keras_or_not_at_all(tmp_path, name):
    with pytest.raises(ValueError, match=rf"path must end in .keras, not '.*{name}'"):
        training.save_model(small(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.keras"):
        training.load_model(tmp_path / "nowhere.keras")


@pytest.mark.fault("A kept model is cut off, or is something else")
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.9999])
def test_a_truncated_model_is_refused(kept, tmp_path, shown, share):
    content = kept.read_bytes()
    (tmp_path / "cut.keras").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.keras") as raised:
        training.load_model(tmp_path / "cut.keras")
    shown(str(raised.value))


@pytest.mark.fault("A kept model is cut off, or is something else")
def test_a_foreign_file_is_no_model(tmp_path, shown):
    (tmp_path / "text.keras").write_text("not a model")
    with zipfile.ZipFile(tmp_path / "zip.keras", "w") as file:
        file.writestr("photo.jpg", "not a photo")
    for name in ("text.keras", "zip.keras"):
        with pytest.raises(ValueError, match=name) as raised:
            training.load_model(tmp_path / name)
        shown(str(raised.value))


@pytest.mark.fault("A model was made with another version of Keras")
@pytest.mark.parametrize(
    "change",
    [
        {"config_json": lambda content: content.replace(b'"BatchNormalization"', b'"BatchNormalizationV9"')},
        {"config_json": lambda content: content.replace(b'"epsilon": 0.001', b'"epsilon": 0.001, "zeta": 1')},
        {"config_json": lambda content: content.replace(b'"keras.layers"', b'"keras.layers.newer"')},
        {"config_json": lambda content: content[:100]},
        {"model_weights_h5": lambda content: content[: len(content) // 2]},
        {"model_weights_h5": lambda content: b"no weights"},
    ],
)
def test_a_model_of_another_version_is_refused_with_both_versions(kept, tmp_path, shown, change):
    version = {"metadata_json": lambda content: content.replace(keras.__version__.encode(), b"9.9.9")}
    path = altered(kept, tmp_path / "newer.keras", **change, **version)
    with pytest.raises(
        ValueError, match=rf"made with Keras 9\.9\.9, cannot be with Keras {keras.__version__}"
    ) as raised:
        training.load_model(path)
    shown(str(raised.value))


@pytest.mark.fault("A model wants to run code")
def test_a_model_that_wants_to_run_code_is_refused(tmp_path, shown):
    harm = tmp_path / "harm"
    image = keras.Input((32, 32, 3))
    body = eval(f"lambda x: (open({str(harm)!r}, 'w'), x)[1]")  # a lambda that carries the path in its code
    keras.Model(image, keras.layers.Lambda(body, output_shape=(32, 32, 3))(image)).save(tmp_path / "harmful.keras")
    harm.unlink(missing_ok=True)  # Keras ran it to find out its shape
    with pytest.raises(ValueError, match=r"harmful\.keras") as raised:
        training.load_model(tmp_path / "harmful.keras")
    shown(str(raised.value))
    assert not harm.exists()


def test_a_model_that_names_a_function_of_the_system_is_refused(kept, tmp_path):
    harm = tmp_path / "harm"

    def system(content):
        config = json.loads(content)
        config["config"]["layers"][1] |= {"module": "os", "class_name": "system", "config": f"touch {harm}"}
        return json.dumps(config).encode()

    with pytest.raises(ValueError, match=r"harmful\.keras"):
        training.load_model(altered(kept, tmp_path / "harmful.keras", config_json=system))
    assert not harm.exists()


def test_a_kept_model_has_no_option_that_it_does_not_use_because_an_older_keras_would_refuse_the_file(tmp_path):
    model = models.mobilenet(0.25, 32, 2)
    training.save_model(model, tmp_path / "kept.keras")
    config = json.loads(zipfile.ZipFile(tmp_path / "kept.keras").read("config.json"))
    options = [layer["config"] for layer in config["config"]["layers"]]
    assert len(options) == len(model.layers)
    assert not any(value is None or key.startswith("renorm") for option in options for key, value in option.items())
    same = keras.models.load_model(tmp_path / "kept.keras")
    plain, again = (json.loads(json.dumps(each.get_config())) for each in (model, same))  # JSON has lists for tuples
    assert again == plain
    assert all(np.array_equal(*pair) for pair in zip(same.get_weights(), model.get_weights(), strict=True))


@as_root
@pytest.mark.fault("The disk is full while a training runs")
def test_a_full_disk_leaves_no_half_of_a_kept_model(tmp_path):
    with small_disk(tmp_path / "disk", "256k") as disk, pytest.raises(OSError):
        try:
            training.save_model(models.mobilenet(0.1, 32, 2), disk / "model.keras")
        finally:
            assert list(disk.iterdir()) == []
