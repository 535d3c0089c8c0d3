"""`training.checkpoints`: a training that was interrupted ends as if nothing had happened, or is refused."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from small_training import easy, small, without_times

from mobilenet_lib import training


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """What a training leaves after its first epoch."""
    path = tmp_path_factory.mktemp("left") / "checkpoint"
    training.train(small(), easy(), epochs=1, checkpoint=path)
    return path


@pytest.fixture
def checkpoint(left, tmp_path):
    return Path(shutil.copy(left, tmp_path))


def test_a_training_interrupted_and_started_again_ends_as_if_nothing_had_happened(tmp_path):
    def interrupt(line):
        if line.startswith("epoch 2/4"):
            raise KeyboardInterrupt

    def trained(progress):
        return training.train(
            small(), easy(augment=True), epochs=4, checkpoint=tmp_path / "checkpoint", progress=progress
        )

    with pytest.raises(KeyboardInterrupt):
        trained(interrupt)
    lines = []
    resumed, whole = trained(lines.append), training.train(small(), easy(augment=True), epochs=4)
    assert lines[0].startswith("epoch 3/4"), "it goes on from the last finished epoch"
    assert without_times(resumed) == without_times(whole)
    assert resumed.settings == whole.settings and resumed.predictions == whole.predictions


def test_numbers_of_numpy_can_be_kept_like_others(tmp_path):
    numbers = {"learning_rate": np.float32(1e-3), "seed": np.int64(3)}
    run = training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint", **numbers)
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json").settings["seed"] == 3


@pytest.mark.fault("What a training has left is damaged")
@pytest.mark.parametrize(
    "spoil", [lambda content: content[: len(content) // 2], lambda content: b"", lambda _: b"text"]
)
def test_a_damaged_checkpoint_is_named(checkpoint, shown, spoil):
    checkpoint.write_bytes(spoil(checkpoint.read_bytes()))
    with pytest.raises(ValueError, match="checkpoint") as raised:
        training.train(small(), easy(), epochs=1, checkpoint=checkpoint)
    shown(str(raised.value))


@pytest.mark.fault("What a training has left is damaged")
def test_a_checkpoint_that_wants_to_run_code_is_refused(tmp_path, shown):
    with (tmp_path / "checkpoint").open("wb") as file:
        np.savez(file, about=np.array([Harm(tmp_path / "harm")], dtype=object))
    with pytest.raises(ValueError, match="checkpoint") as raised:
        training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint")
    shown(str(raised.value))
    assert not (tmp_path / "harm").exists()


class Harm:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_checkpoint_of_other_settings_is_refused(checkpoint):
    with pytest.raises(ValueError, match=r"same training, .* learning_rate 0\.004 instead of 0\.001"):
        training.train(small(), easy(), epochs=1, learning_rate=1e-3, checkpoint=checkpoint)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (lambda: easy(augment=True), "augment False instead of True"),
        (lambda: easy(seed=1), "seed 0 instead of 1"),
        (lambda: easy(count=40), "other images"),
        (lambda: easy(batch_size=4), "batch_size 8 instead of 4"),
    ],
)
def test_a_checkpoint_of_other_data_is_refused(checkpoint, other, named):
    with pytest.raises(ValueError, match=named):
        training.train(small(), other(), epochs=1, checkpoint=checkpoint)


def deeper():
    inner = small()
    outputs = keras.layers.Dense(2, "softmax")(inner.output)
    return keras.Model(inner.input, outputs)


@pytest.mark.parametrize(
    "other", [lambda: small(channels=24), deeper, lambda: small(momentum=0.99)], ids=["wider", "deeper", "momentum"]
)
def test_a_checkpoint_of_another_model_is_refused_and_leaves_the_model_as_it_was(checkpoint, other):
    model = other()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"same training, .* another model"):
        training.train(model, easy(), epochs=1, checkpoint=checkpoint)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
