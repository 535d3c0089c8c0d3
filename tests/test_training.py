"""Training, evaluation and recorded runs."""

import json
import logging
import math
import platform
import shutil
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from mobilenet_lib import data, models, training
from mobilenet_lib.training import __main__ as cli

SIDE = 16


def images(split, count=48):
    """Dark cats and bright dogs, so that a network of three layers tells them apart."""
    random = np.random.RandomState(sum(map(ord, split)))
    labels = (np.arange(count) % 2).astype(np.int32)
    noise = random.randint(0, 90, (count, SIDE, SIDE, 3))
    return (noise + 140 * labels[:, None, None, None]).astype(np.uint8), labels


def easy(count=48, batch_size=8, **options):
    splits = {split: images(split, count) for split in ("train", "validation", "test")}
    return data.CatsDogs(splits, source="bright and dark", drawn=True, batch_size=batch_size, **options)


def small(momentum=0.9, channels=16):
    """The first and the last layers of a MobileNet, which build in a moment."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3))
    x = models.conv_block(inputs, 8, stride=2, name="conv1", momentum=momentum)
    x = models.separable_block(x, channels, number=1, momentum=momentum)
    x = keras.layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
    x = keras.layers.Reshape((2,))(keras.layers.Conv2D(2, 1, name="conv_preds")(x))
    return keras.Model(inputs, keras.layers.Softmax()(x))


def without_times(run):
    return [{key: value for key, value in epoch.items() if "seconds" not in key} for epoch in run.epochs]


# Initialization


def test_keras_starts_the_depthwise_kernels_of_512_channels_at_0_021():
    layer = keras.layers.DepthwiseConv2D(3)
    layer.build((None, 14, 14, 512))
    assert np.std(layer.kernel) == pytest.approx(0.021, abs=0.001)


def test_depthwise_kernels_can_start_at_the_square_root_of_two_ninths():
    layer = keras.layers.DepthwiseConv2D(3, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    layer.build((None, 14, 14, 512))
    assert np.std(layer.kernel) == pytest.approx(0.4714, rel=0.05)


def test_no_two_layers_start_with_the_same_depthwise_kernels():
    model = models.mobilenet(0.25, 32, 2, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    eight, nine = (np.ravel(model.get_layer(f"conv_dw_{number}").kernel) for number in (8, 9))
    assert abs(np.corrcoef(eight, nine)[0, 1]) < 0.2


# The recipe


def test_the_learning_rate_rises_from_zero_over_the_warmup():
    rate = training.rate(1000, 0.004, warmup=0.1)
    assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([0, 0.002, 0.004])


def test_the_learning_rate_falls_to_zero_along_half_a_cosine():
    rate = training.rate(1000, 0.004, warmup=0.1)
    assert [float(rate(step)) for step in (325, 550, 1000)] == pytest.approx(
        [0.004 * (1 + math.sqrt(0.5)) / 2, 0.002, 0], abs=1e-8
    )


def test_a_constant_learning_rate_stays():
    rate = training.rate(1000, 0.001, schedule="constant", warmup=0)
    assert [float(rate(step)) for step in (0, 500, 1000)] == pytest.approx([0.001] * 3)


def test_weight_decay_spares_biases_batch_normalization_and_depthwise_kernels():
    decaying = [variable.path for variable in training.decays(small())]
    assert decaying == ["conv1/kernel", "conv_pw_1/kernel", "conv_preds/kernel"]


def test_weight_decay_falls_on_depthwise_kernels_if_asked():
    decaying = [variable.path for variable in training.decays(small(), depthwise=True)]
    assert decaying == ["conv1/kernel", "conv_dw_1/kernel", "conv_pw_1/kernel", "conv_preds/kernel"]


def test_a_depthwise_kernel_is_known_by_its_layer_whatever_its_name():
    theirs = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None)
    depthwise = {id(layer.kernel) for layer in theirs.layers if isinstance(layer, keras.layers.DepthwiseConv2D)}
    assert len(depthwise) == 17
    assert not depthwise & {id(weight) for weight in training.decays(theirs)}
    assert len(training.decays(theirs)) == 36  # 35 standard and pointwise convolutions, and the classifier


def test_of_a_separable_layer_the_pointwise_kernel_alone_decays():
    layer = keras.layers.SeparableConv2D(4, 3)
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    assert [weight.name for weight in training.decays(model)] == ["pointwise_kernel"]


def test_the_optimizer_decays_only_what_it_should():
    model = small()
    recipe = training.Recipe(learning_rate=0.1, weight_decay=0.5, schedule="constant", warmup=0)
    training.compile_model(model, recipe, steps=10)
    before = {variable.path: np.array(variable) for variable in model.trainable_variables}
    # Without gradients, decay alone moves a weight: by learning rate times decay, 5%.
    model.optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables], model.trainable_variables)
    shrunk = {v.path for v in model.trainable_variables if not np.array_equal(np.asarray(v), before[v.path])}
    assert shrunk == {"conv1/kernel", "conv_pw_1/kernel", "conv_preds/kernel"}
    np.testing.assert_allclose(np.asarray(model.get_layer("conv1").kernel), 0.95 * before["conv1/kernel"], rtol=1e-5)


def test_label_smoothing_of_a_tenth_makes_the_target_95_percent():
    model = small()
    training.compile_model(model, training.Recipe(label_smoothing=0.1), steps=10)
    loss = model.loss(np.array([1]), keras.ops.convert_to_tensor([[0.2, 0.8]]))
    assert float(loss[0]) == pytest.approx(-0.95 * math.log(0.8) - 0.05 * math.log(0.2), rel=1e-5)


# Training


def test_training_learns_what_can_be_learned():
    model, easy_data = small(), easy()
    training.train(model, easy_data, epochs=8, learning_rate=0.02)
    assert training.evaluate(model, easy_data.test).accuracy > 0.9


def test_the_weights_that_stay_are_those_of_the_best_validation_epoch():
    model, easy_data = small(), easy()
    run = training.train(model, easy_data, epochs=4, learning_rate=0.02)
    best = max(run.curve("val_accuracy"))
    assert training.evaluate(model, easy_data.validation).accuracy == pytest.approx(best, abs=1e-4)


def test_the_same_seed_gives_the_same_run():
    runs = [training.train(small(), easy(augment=True), epochs=2, seed=3) for _ in range(2)]
    assert without_times(runs[0]) == without_times(runs[1])


def test_progress_is_one_line_per_epoch_with_the_time_left():
    lines = []
    training.train(small(), easy(), epochs=3, progress=lines.append)
    assert [line.split()[1] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all(line.endswith(" left") for line in lines)


def test_a_run_says_what_it_takes_to_repeat_it():
    run = training.train(small(), easy(), epochs=2, seed=7)
    assert run.settings["seed"] == 7 and run.settings["epochs"] == 2
    assert run.data == {"source": "bright and dark", "drawn": True, "counts": dict.fromkeys(easy().counts, 48)}
    assert run.versions["python"] == platform.python_version() and run.versions["keras"] == keras.__version__
    assert run.machine["cores"] >= 1
    metrics = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "cpu_seconds"}
    assert set(run.epochs[0]) == metrics


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 1.5),
        ("learning_rate", 0),
        ("learning_rate", -1e-3),
        ("learning_rate", math.inf),
        ("learning_rate", math.nan),
        ("schedule", "linear"),
        ("warmup", 1),
        ("warmup", -0.1),
        ("weight_decay", -0.1),
        ("weight_decay", math.inf),
        ("label_smoothing", 1),
        ("learning_rate", "fast"),
        ("learning_rate", None),
        ("weight_decay", True),
        ("warmup", "0.1"),
        ("seed", -1),
        ("seed", 1.5),
        ("seed", None),
    ],
)
def test_a_bad_argument_is_named(name, value):
    with pytest.raises(ValueError, match=rf"{name} must .*{value!r}"):
        training.train(small(), easy(), **{"epochs": 1} | {name: value})


def test_numbers_of_numpy_can_be_kept_like_others(tmp_path):
    numbers = {"learning_rate": np.float32(1e-3), "seed": np.int64(3)}
    run = training.train(small(), easy(), epochs=1, checkpoint=tmp_path / "checkpoint", **numbers)
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json").settings["seed"] == 3


def test_a_model_of_one_output_is_refused_because_it_would_learn_nothing():
    one = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")])
    with pytest.raises(ValueError, match=r"model must give a probability for each of the 2 classes .* gives 1"):
        training.train(one, easy(), epochs=1)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": 1, "schedule": "linear"}, {"epochs": 1, "seed": -1}])
def test_a_bad_argument_leaves_the_model_that_was_to_be_tuned_as_it_was(wrong):
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match="must be"):
        training.fine_tune(model, easy(), **wrong)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert all(layer.trainable for layer in model.layers)


def test_a_loss_that_is_no_number_stops_the_training():
    with pytest.raises(FloatingPointError, match="learning_rate"):
        training.train(small(), easy(), epochs=2, learning_rate=1e30, warmup=0)


# Interrupted


PROGRAM = """
    import os, signal, sys
    sys.path.insert(0, {tests!r})
    from test_training import easy, small
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


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 1, 2], "these go from 0 to 2"),
        ([0, 1, -1], "these go from -1 to 1"),
        ([0, 1], r"\[2\]"),
        ([[0], [1], [1]], r"\[3, 1\]"),
        (["cat", "dog", "dog"], "<U3"),
        ([0.0, 1.0, 1.0], "float64"),
    ],
)
def test_labels_that_do_not_fit_the_probabilities_are_refused(labels, reason):
    with pytest.raises(ValueError, match=f"labels must be 3 whole numbers from 0 to 1, one for each photo; .*{reason}"):
        training.Evaluation(np.full((3, 2), 0.5), np.array(labels))


# Evaluation


def test_evaluation_counts_by_true_and_predicted_class():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    evaluation = training.Evaluation(probabilities, np.array([0, 0, 1, 1]))
    assert evaluation.confusion.tolist() == [[1, 1], [0, 2]]
    assert evaluation.accuracy == 0.75


def test_a_coin_has_a_cross_entropy_of_ln_2():
    evaluation = training.Evaluation(np.full((6, 2), 0.5), np.array([0, 1] * 3))
    assert evaluation.loss == pytest.approx(math.log(2))


def test_none_of_ten_leaves_up_to_28_percent_possible():
    # Brown, Cai, DasGupta 2001: the interval of 0 out of n is [0, z² / (n + z²)].
    low, high = training.wilson(0, 10)
    assert low == pytest.approx(0, abs=1e-12)
    assert high == pytest.approx(0.2775, abs=1e-4)


def test_evaluating_nothing_is_refused():
    with pytest.raises(ValueError, match="dataset must have at least one batch"):
        training.evaluate(small(), [])


# Records


def test_a_record_comes_back_as_it_was_saved(tmp_path):
    run = training.train(small(), easy(), epochs=1)
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json") == run
    assert training.load_runs(tmp_path) == {"run": run}


def test_saving_a_record_leaves_nothing_else_behind(tmp_path):
    training.train(small(), easy(), epochs=1).save(tmp_path / "run.json")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"epochs": []}'])
def test_a_file_that_is_no_record_is_named(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"run\.json"):
        training.load_run(path)


def test_where_no_run_was_recorded_there_is_none(tmp_path):
    assert training.load_runs(tmp_path / "nowhere") == {}


# The command line


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A folder with one recorded run of the smallest kind, and its model."""
    folder = tmp_path_factory.mktemp("Läufe mit Leerzeichen") / "runs"
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1"]
    cli.main(["--name", "first", "--data", "drawn", *size, "--runs", str(folder), "--keep"])
    return folder


def test_the_command_line_records_a_run_and_its_result_on_the_test_split(recorded):
    run = training.load_run(recorded / "first.json")
    assert run.name == "first" and run.settings["alpha"] == 0.1 and run.test["photos"] == 8
    assert sum(map(sum, run.test["confusion"])) == 8


def test_the_record_names_the_command_that_repeats_it(recorded):
    command = training.load_run(recorded / "first.json").command
    assert command.startswith("python -m mobilenet_lib.training --data drawn --name first")
    assert all(option in command for option in ("--alpha 0.1", "--resolution 32", "--limit 8", "--epochs 1"))


def test_the_record_says_nothing_that_belongs_to_one_machine(recorded):
    text = (recorded / "first.json").read_text()
    assert str(recorded) not in text and platform.node() not in text


def test_a_finished_record_is_not_replaced_unasked(recorded, capsys):
    before = (recorded / "first.json").read_bytes()
    with pytest.raises(SystemExit):
        cli.main(["--name", "first", "--data", "drawn", "--runs", str(recorded)])
    assert "--force" in capsys.readouterr().err
    assert (recorded / "first.json").read_bytes() == before


def test_the_kept_model_loads_without_the_library_and_without_an_optimizer(recorded):
    model = keras.models.load_model(recorded.parent / "models" / "first.keras")
    assert model.input_shape == (None, 32, 32, 3) and model.output_shape == (None, 2)
    assert getattr(model, "optimizer", None) is None


def test_nothing_is_left_of_a_finished_run_but_what_was_asked_for(recorded):
    assert [path.name for path in recorded.iterdir()] == ["first.json"]
    assert [path.name for path in (recorded.parent / "models").iterdir()] == ["first.keras"]


def test_a_run_can_go_on_from_a_kept_model_at_another_resolution(recorded, tmp_path):
    shutil.copytree(recorded.parent / "models", tmp_path / "models")
    size = ["--alpha", "0.1", "--resolution", "64", "--limit", "8", "--epochs", "1"]
    # At a learning rate of next to nothing, what was kept stays.
    still = ["--learning-rate", "1e-12", "--momentum", "0.999999"]
    where = ["--runs", str(tmp_path / "runs"), "--start", "first", "--keep"]
    cli.main(["--name", "on", "--data", "drawn", *size, *still, *where])
    before, after = (keras.models.load_model(tmp_path / "models" / f"{name}.keras") for name in ("first", "on"))
    assert (before.input_shape[1], after.input_shape[1]) == (32, 64)
    for one, other in zip(before.get_weights(), after.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert "--start first" in training.load_run(tmp_path / "runs" / "on.json").command


def test_a_run_can_be_tested_at_another_resolution(recorded, tmp_path):
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1", "--test-resolution", "64"]
    cli.main(["--name", "larger", "--data", "drawn", *size, "--runs", str(tmp_path / "runs"), "--keep"])
    run, first = training.load_run(tmp_path / "runs" / "larger.json"), training.load_run(recorded / "first.json")
    assert (run.settings["resolution"], run.settings["test_resolution"]) == (32, 64)
    assert "--test-resolution 64" in run.command and run.epochs[0]["loss"] == first.epochs[0]["loss"]
    model = keras.models.load_model(tmp_path / "models" / "larger.keras")
    assert model.input_shape == (None, 64, 64, 3) and run.mult_adds == models.cost(model).mult_adds
    again = training.evaluate(model, data.load(64, source="drawn", limit=8).test)
    assert again.summary()["confusion"] == run.test["confusion"]


def test_a_model_to_go_on_from_has_to_be_there(recorded, capsys):
    with pytest.raises(SystemExit):
        cli.main(["--name", "second", "--data", "drawn", "--runs", str(recorded), "--start", "nowhere"])
    assert "there is no nowhere.keras" in capsys.readouterr().err


def test_a_damaged_record_does_not_hide_that_its_model_is_missing(tmp_path, capsys):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--name", "second", "--data", "drawn", "--runs", str(tmp_path), "--start", "broken"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith("there is no broken.keras\n")


NAME = "must be of 1 to 100 letters from a to z, digits, '.', '-' and '_', the first of them not a '.', not "
SHARE = "must be from 0 to below 1, not "
SIDES = f"must be a multiple of 32 from 32 to {data.LARGEST}, not "
RATE = "learning_rate must be above 0 and finite, not "


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        *(
            ("name", name, f"--name {NAME}{name!r}")
            for name in ("", "a\nb", "../x", "a/b", "/abs", ".x", "é", "n" * 101)
        ),
        *(("start", name, f"--start {NAME}{name!r}") for name in ("", "../x", "n" * 300)),
        *(("learning-rate", value, f"{RATE}{value}") for value in ("inf", "nan", "0.0")),
        *((name, "7.0", f"{name} {SHARE}7.0") for name in ("momentum", "dropout", "warmup")),
        *((name, "nan", f"{name} {SHARE}nan") for name in ("momentum", "dropout", "warmup")),
        *(("test-resolution", side, f"test_resolution {SIDES}{side}") for side in ("33", "0", "-32", "992")),
        ("resolution", "33", f"resolution {SIDES}33"),
        ("label-smoothing", "-0.1", f"label_smoothing {SHARE}-0.1"),
        ("weight-decay", "inf", "weight_decay must be 0 or more and finite, not inf"),
        ("alpha", "nan", "alpha must be a number above 0 and at most 2, not nan"),
        ("epochs", "0", "epochs must be a positive whole number, not 0"),
        ("batch-size", "0", "batch_size must be a positive whole number, not 0"),
    ],
)
def test_a_bad_option_is_named_before_anything_is_read_or_written(
    tmp_path, monkeypatch, capsys, option, value, sentence
):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--name=run", "--data=drawn", f"--runs={tmp_path / 'runs'}", f"--{option}={value}"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option, value, kept", [("dropout", 0.5, 0.001), ("momentum", 0.99, 0.9)])
def test_an_option_that_fine_tuning_has_no_use_for_is_refused_and_not_recorded(
    tmp_path, monkeypatch, capsys, option, value, kept
):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("photos were read"))
    with pytest.raises(SystemExit):
        cli.main(["--name=run", "--recipe=fine-tune", f"--runs={tmp_path}", f"--{option}={value}"])
    sentence = f"{option} must be {kept} with --initializer imagenet, which has no use for it, not {value}"
    assert capsys.readouterr().err.endswith(f"error: {sentence}\n")


def test_a_file_in_the_place_of_the_folder_of_records_is_named(tmp_path, capsys):
    (tmp_path / "runs").touch()
    with pytest.raises(SystemExit):
        cli.main(["--name=run", "--data=drawn", f"--runs={tmp_path / 'runs'}"])
    assert f"runs must be a folder, not the file '{tmp_path / 'runs'}'" in capsys.readouterr().err


@pytest.mark.fault("A model does not fit")
def test_a_model_of_another_width_is_refused(recorded, tmp_path, capsys, shown):
    shutil.copytree(recorded.parent / "models", tmp_path / "models")
    size = ["--alpha", "0.2", "--resolution", "32", "--limit", "8", "--epochs", "1"]
    with pytest.raises(SystemExit) as stopped:
        where = ["--runs", str(tmp_path / "runs"), "--start", "first"]
        cli.main(["--name", "on", "--data", "drawn", *size, *where])
    assert stopped.value.code == 1
    shown(capsys.readouterr().err)
    assert list((tmp_path / "runs").iterdir()) == []


# Kept models that are not what they should be


def altered(model, path, **parts):
    """A copy at `path` of the `.keras` file `model` with other contents for some of its parts."""
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            change = parts.get(name.replace(".", "_"), lambda content: content)
            new.writestr(name, change(old.read(name)))
    return path


@pytest.fixture
def kept(recorded):
    return recorded.parent / "models" / "first.keras"


def test_a_kept_model_comes_back(kept):
    model = training.load_model(kept)
    assert model.input_shape == (None, 32, 32, 3)


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


def test_the_keras_recipe_is_adam_as_it_comes():
    parser = cli._parser()
    parser.set_defaults(**training.RECIPES["keras"])
    args = vars(parser.parse_args(["--name", "x"]))
    adam, normalization = keras.optimizers.Adam(), keras.layers.BatchNormalization()
    rate = keras.ops.convert_to_numpy(adam.learning_rate)
    assert args["learning_rate"] == pytest.approx(rate) and args["schedule"] == "constant"
    assert args["momentum"] == normalization.momentum
    assert args["weight_decay"] == args["label_smoothing"] == args["warmup"] == 0
    assert args["initializer"] == "keras" and not args["augment"]


# Stages, statistics, what is refused


def test_smaller_images_can_come_first_within_one_schedule():
    steps = []
    model = small()
    tiny = data.CatsDogs(
        {split: (held[:, ::2, ::2], labels) for split in easy().counts for held, labels in [images(split)]},
        source="smaller",
        drawn=True,
        batch_size=8,
    )
    run = training.train(model, easy(), epochs=2, first=[(tiny, 3)], warmup=0.0, progress=steps.append)
    assert len(run.epochs) == len(steps) == 5 and steps[0].startswith("epoch 1/5")
    half = 0.5 * (1 + math.cos(math.pi * 3 / 5))  # after three of five epochs
    assert run.epochs[2]["learning_rate"] == pytest.approx(0.004 * half, rel=1e-3)
    assert run.settings["first"] == [[SIDE // 2, 3]]


def test_the_weights_of_the_last_epoch_stay_if_asked():
    # These photos are so easy that the first epoch is as accurate as any, and the best one stays the first.
    last, best = small(), small()
    runs = [training.train(m, easy(), epochs=4, label_smoothing=0.0, last=m is last) for m in (last, best)]
    losses = runs[0].curve("val_loss")
    assert runs[0].settings["last"] is True and runs[1].curve("val_loss") == losses
    first = int(np.argmax(runs[1].curve("val_accuracy")))
    assert first < 3 and losses[first] != losses[-1]
    for model, expected in ((last, losses[-1]), (best, losses[first])):
        assert training.evaluate(model, easy().validation).loss == pytest.approx(expected, rel=1e-3)


def test_a_record_has_the_answer_to_each_validation_photo():
    model = small()
    run = training.train(model, easy(), epochs=2)
    said = training.evaluate(model, easy().validation)
    assert [int(digit) for digit in run.predictions] == said.predictions.tolist()


def test_statistics_measured_anew_are_those_of_the_images():
    model = small()
    pictures = data.normalize(images("train")[0])
    training.recalibrate(model, pictures, batch_size=16)
    convolved = keras.Model(model.input, model.get_layer("conv1").output).predict(pictures, verbose=0)
    layer = model.get_layer("conv1_bn")
    np.testing.assert_allclose(layer.moving_mean, convolved.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, convolved.var((0, 1, 2)), rtol=1e-4)


def test_measuring_statistics_leaves_the_weights_alone():
    model = small()
    before = [np.array(weight) for weight in model.trainable_weights]
    training.recalibrate(model, data.normalize(images("train")[0]))
    assert all(map(np.array_equal, before, model.trainable_weights))


def test_a_second_validation_leaves_the_training_as_it_is():
    plain = training.train(small(momentum=0.99), easy(), epochs=3)
    twice = training.train(small(momentum=0.99), easy(), epochs=3, recalibrated=True)
    assert [epoch["loss"] for epoch in plain.epochs] == [epoch["loss"] for epoch in twice.epochs]
    assert all("val_recalibrated" in epoch for epoch in twice.epochs)


def test_a_model_that_gives_logits_is_refused():
    inputs = keras.Input((SIDE, SIDE, 3))
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(inputs))
    with pytest.raises(ValueError, match="model must give probabilities"):
        training.train(keras.Model(inputs, logits), easy(), epochs=1)


def unbuilt():
    return keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, "softmax")])


def subclassed():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = unbuilt()

        def call(self, x):
            return self.inner(x)

    model = Own()
    model(np.zeros((1, SIDE, SIDE, 3)))
    return model


@pytest.mark.parametrize("model", [unbuilt, subclassed])
def test_a_model_that_does_not_say_what_it_takes_is_refused(model):
    with pytest.raises(ValueError, match="model must know the shape of its input"):
        training.train(model(), easy(), epochs=1)


def test_fine_tuning_a_model_with_another_end_says_which_layers_it_wants():
    other = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *unbuilt().layers])
    with pytest.raises(ValueError, match=r"'pool' and 'conv_preds'.* has no 'conv_preds', 'pool'"):
        training.fine_tune(other, easy(), epochs=1)


# Comparing runs


def test_three_seeds_have_an_interval_of_students_t():
    # Student's t for two degrees of freedom is 4.303; the standard deviation of 1, 2 and 3 is 1.
    mean, half = training.over_seeds([1.0, 2.0, 3.0])
    assert (mean, half) == (2.0, pytest.approx(4.303 / math.sqrt(3)))


def test_one_seed_has_no_interval():
    with pytest.raises(ValueError, match="2 to 10 seeds, not of 1"):
        training.over_seeds([0.9])


def test_ten_wins_to_none_come_by_chance_twice_in_1024():
    one, other = [True] * 50, [False] * 10 + [True] * 40
    assert training.mcnemar(one, other) == training.mcnemar(other, one) == pytest.approx(2 / 1024)


def test_as_many_wins_as_losses_say_nothing():
    assert training.mcnemar([True, False, True], [False, True, True]) == 1.0


def test_two_networks_are_compared_on_the_same_photos():
    with pytest.raises(ValueError, match="same photos; they have 3 and 2"):
        training.mcnemar([True] * 3, [True] * 2)


# Fine-tuning


def test_fine_tuning_leaves_the_statistics_of_batch_normalization_alone():
    model = small()
    before = [np.array(w) for w in model.weights if "moving" in w.path]
    training.fine_tune(model, easy(), epochs=1)
    after = [np.array(w) for w in model.weights if "moving" in w.path]
    assert before and all(map(np.array_equal, before, after))


def test_fitting_the_classifier_leaves_everything_else_alone():
    model = small()
    before = {w.path: np.array(w) for w in model.weights}
    training.fit_classifier(model, easy())
    changed = {w.path for w in model.weights if not np.array_equal(w, before[w.path])}
    assert changed == {"conv_preds/kernel", "conv_preds/bias"}


def test_one_layer_on_imagenet_features_knows_most_cats_and_dogs(photos, imagenet_weights):
    cats_dogs = data.load(128, source=photos, limit=400)
    model = training.imagenet_classifier(0.25, 128)
    training.fit_classifier(model, cats_dogs)
    # On all photos at 224 pixels it is 94.9%.
    assert training.evaluate(model, cats_dogs.test).accuracy > 0.8


def test_a_record_is_plain_json(recorded):
    record = json.loads((recorded / "first.json").read_text())
    assert isinstance(record["epochs"][0]["val_accuracy"], float)


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


def test_many_models_in_one_process_give_no_warning(caplog):
    """TensorFlow counts how often a function of its own is traced, and blames the caller after the fifth time."""
    images = np.zeros((1, 4), "float32")
    for _ in range(10):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        model.predict_on_batch(images), model.predict(images, verbose=0)
    logging.getLogger("tensorflow").warning("something else")
    assert [record.getMessage() for record in caplog.records] == ["something else"]
