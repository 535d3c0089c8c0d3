"""`training.checkpoints`: a training that was interrupted ends as if nothing had happened, or is refused."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
from small_training import easy, small, without_times

from mobilenet_lib import training


def test_numbers_of_numpy_can_be_kept_like_others(tmp_path):
    numbers = {"learning_rate": np.float32(1e-3), "seed": np.int64(3)}
    run = training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint", **numbers)
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json").settings["seed"] == 3


PROGRAM = """
    import os, signal, sys
    sys.path.insert(0, {tests!r})
    from small_training import easy, small
    from mobilenet_lib import training
    def progress(line):
        print(line, flush=True)
        if line.startswith("epoch 2/5"):
            os.kill(os.getpid(), signal.SIGKILL)
    run = training.train(small(), easy(augment=True), epochs=5, checkpoint={checkpoint!r}, progress=progress)
    run.save({record!r})
"""


def test_a_training_killed_and_started_again_ends_as_if_nothing_had_happened(tmp_path, request):
    paths = {name: str(tmp_path / name) for name in ("checkpoint", "record")}
    program = textwrap.dedent(PROGRAM.format(tests=str(request.path.parent), **paths))

    killed, again = (subprocess.run([sys.executable, "-c", program], capture_output=True, text=True) for _ in range(2))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("epoch 3/5"), "it goes on from the last finished epoch"
    whole = training.train(small(), easy(augment=True), epochs=5)
    resumed = training.load_run(paths["record"])
    assert without_times(resumed) == without_times(whole)
    assert resumed.settings == whole.settings


@pytest.mark.fault("What a training has left is damaged")
@pytest.mark.parametrize(
    "spoil", [lambda content: content[: len(content) // 2], lambda content: b"", lambda _: b"text"]
)
def test_a_damaged_checkpoint_is_named(tmp_path, shown, spoil):
    path = tmp_path / "checkpoint"
    training.train(small(), easy(), epochs=1, checkpoint=path)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match="checkpoint") as raised:
        training.train(small(), easy(), epochs=1, checkpoint=path)
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


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint")
    with pytest.raises(ValueError, match=r"same training, .* learning_rate 0\.004 instead of 0\.001"):
        training.train(small(), easy(), epochs=1, learning_rate=1e-3, checkpoint=tmp_path / "checkpoint")


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (lambda: easy(augment=True), "augment False instead of True"),
        (lambda: easy(seed=1), "seed 0 instead of 1"),
        (lambda: easy(count=40), "other images"),
        (lambda: easy(batch_size=4), "batch_size 8 instead of 4"),
    ],
)
def test_a_checkpoint_of_other_data_is_refused(tmp_path, other, named):
    training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint")
    with pytest.raises(ValueError, match=named):
        training.train(small(), other(), epochs=1, checkpoint=tmp_path / "checkpoint")


def deeper():
    inner = small()
    outputs = keras.layers.Dense(2, "softmax")(inner.output)
    return keras.Model(inner.input, outputs)


@pytest.mark.parametrize(
    "other", [lambda: small(channels=24), deeper, lambda: small(momentum=0.99)], ids=["wider", "deeper", "momentum"]
)
def test_a_checkpoint_of_another_model_is_refused_and_leaves_the_model_as_it_was(tmp_path, other):
    training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint")
    model = other()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"same training, .* another model"):
        training.train(model, easy(), epochs=1, checkpoint=tmp_path / "checkpoint")
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
