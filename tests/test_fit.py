"""`training.fit`: train and fine-tune."""

import math
import platform
import re

import keras
import numpy as np
import pytest
from small_training import SIDE, easy, images, small

from mobilenet_lib import data, training


@pytest.fixture(scope="module")
def trained():
    """A model, the record of its training, and the lines of its progress."""
    model, lines = small(), []
    run = training.train(model, easy(), epochs=8, learning_rate=0.02, seed=7, progress=lines.append)
    return model, run, lines


def test_training_learns_what_can_be_learned(trained):
    model, _, _ = trained
    assert training.evaluate(model, easy().test).accuracy > 0.9


def test_progress_is_one_line_per_epoch_with_the_time_left(trained):
    _, _, lines = trained
    assert [line.split()[1] for line in lines] == [f"{epoch}/8" for epoch in range(1, 9)]
    assert all(line.endswith(" left") for line in lines)


def test_a_record_has_the_answer_to_each_validation_photo(trained):
    model, run, _ = trained
    said = training.evaluate(model, easy().validation)
    assert [int(digit) for digit in run.predictions] == said.predictions.tolist()


def test_a_second_validation_leaves_the_training_as_it_is(trained):
    _, plain, _ = trained
    twice = training.train(small(), easy(), epochs=8, learning_rate=0.02, seed=7, recalibrated=True)
    assert [epoch["loss"] for epoch in plain.epochs] == [epoch["loss"] for epoch in twice.epochs]
    assert all("val_recalibrated" in epoch for epoch in twice.epochs)


def test_a_run_says_what_it_takes_to_repeat_it(trained):
    _, run, _ = trained
    assert run.settings["seed"] == 7 and run.settings["epochs"] == 8
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
        ("learning_rate", math.inf),
        ("learning_rate", math.nan),
        ("schedule", "linear"),
        ("warmup", 1),
        ("warmup", -0.1),
        ("weight_decay", -0.1),
        ("weight_decay", math.inf),
        ("label_smoothing", 1),
        ("learning_rate", "fast"),
        ("weight_decay", True),
        ("warmup", "0.1"),
        ("seed", -1),
        ("seed", 1.5),
    ],
)
def test_a_bad_argument_is_named(trained, name, value):
    with pytest.raises(ValueError, match=rf"{name} must .*{value!r}"):
        training.train(trained[0], easy(), **{"epochs": 1} | {name: value})


def test_a_model_of_one_output_is_refused_because_it_would_learn_nothing():
    one = keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")])
    with pytest.raises(ValueError, match=r"a probability for each of its 2 classes; .* into \[\[1\]\]"):
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


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"first": [(easy(), 0)]}, "first must be"), ({"epoch": 3}, "'epoch'"), ({"checkpoint": __file__}, "checkpoint")],
)
def test_tuning_that_is_refused_late_leaves_the_model_as_it_was_too(wrong, error):
    model = small()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=error):
        training.fine_tune(model, easy(), epochs=1, **wrong)
    assert all(map(np.array_equal, before, model.get_weights()))
    assert all(layer.trainable for layer in model.layers)


@pytest.mark.parametrize("wrong", [easy().train, "photos", 64, None])
def test_what_data_load_does_not_return_is_refused(wrong):
    for name, given in {"data": {"data": wrong}, "first": {"data": easy(), "first": [(wrong, 1)]}}.items():
        with pytest.raises(ValueError, match=rf"^{name} must be what `data\.load` returns, not "):
            training.train(small(), epochs=1, **given)


def with_maps():
    model = small()
    return keras.Model(model.input, [model.output, model.get_layer("conv1").output])


def of_two_inputs():
    one, other = (keras.Input((SIDE, SIDE, 3)) for _ in range(2))
    return keras.Model([one, other], small()(keras.layers.Average()([one, other])))


def taking(*shape):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        (with_maps(), "[[16, 16, 3]] into [[2], [8, 8, 8]]"),
        (of_two_inputs(), "[[16, 16, 3], [16, 16, 3]] into [[2]]"),
        (taking(16, 16, 1), "[[16, 16, 1]] into [[2]]"),
        (taking(32, 32, 3), "[[32, 32, 3]] into [[2]]"),
        (taking(768), "[[768]] into [[2]]"),
    ],
)
def test_a_model_that_does_not_take_the_images_of_the_data_is_refused(model, shapes):
    with pytest.raises(ValueError, match=re.escape(f"turns {shapes}")) as refused:
        training.train(model, easy(), epochs=1)
    assert str(refused.value).startswith("model must turn an image [16, 16, 3], as those of data, into ")


def test_numbers_of_numpy_that_were_chosen_are_recorded_as_others(tmp_path):
    run = training.train(small(), easy(), epochs=1, chosen={"alpha": np.float32(0.25), "layers": np.int64(3)})
    assert (run.settings["alpha"], run.settings["layers"]) == (0.25, 3)
    run.save(tmp_path / "run.json")
    assert training.load_run(tmp_path / "run.json") == run


def test_a_loss_that_is_no_number_stops_the_training():
    with pytest.raises(FloatingPointError, match="learning_rate"):
        training.train(small(), easy(), epochs=2, learning_rate=1e30, warmup=0)


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


def test_the_weights_of_the_best_validation_epoch_stay_or_of_the_last_one_if_asked():
    # These photos are so easy that the first epoch is as accurate as any, and the best one stays the first.
    last, best = small(), small()
    runs = [training.train(m, easy(), epochs=4, label_smoothing=0.0, last=m is last) for m in (last, best)]
    losses = runs[0].curve("val_loss")
    assert runs[0].settings["last"] is True and runs[1].curve("val_loss") == losses
    first = int(np.argmax(runs[1].curve("val_accuracy")))
    assert first < 3 and losses[first] != losses[-1]
    for model, expected in ((last, losses[-1]), (best, losses[first])):
        assert training.evaluate(model, easy().validation).loss == pytest.approx(expected, rel=1e-3)


def test_a_model_that_gives_logits_is_refused():
    inputs = keras.Input((SIDE, SIDE, 3))
    logits = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(inputs))
    with pytest.raises(ValueError, match="model must give probabilities"):
        training.train(keras.Model(inputs, logits), easy(), epochs=1)


def behind_pooling(end):
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(keras.layers.BatchNormalization()(x)))
    return keras.Model(inputs, end(x))


@pytest.mark.parametrize("seed", range(4))
def test_a_sigmoid_for_each_class_is_refused_because_the_two_do_not_sum_to_1(seed):
    keras.utils.set_random_seed(seed)
    with pytest.raises(ValueError, match=r"model must give probabilities, .* end it in a softmax"):
        training.train(behind_pooling(keras.layers.Dense(2, "sigmoid")), easy(), epochs=1)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_probabilities_of_fewer_digits_are_taken(kind):
    softmax = keras.layers.Dense(2, "softmax", dtype=kind)
    assert training.train(behind_pooling(softmax), easy(), epochs=1).epochs


def test_a_dictionary_of_probabilities_is_refused():
    model = small()
    with pytest.raises(ValueError, match=r"model must give an array of probabilities; .* gives a dictionary"):
        training.train(keras.Model(model.input, {"shares": model.output}), easy(), epochs=1)


@pytest.mark.parametrize("tuned", [False, True])
def test_other_images_are_refused_to_come_first_before_any_epoch_if_the_model_takes_one_size(tuned):
    splits = {split: (np.repeat(images(split)[0], 2, 1), images(split)[1]) for split in easy().counts}
    larger = data.CatsDogs(splits, source="larger", drawn=True, batch_size=8)
    with pytest.raises(ValueError, match=r"first must have images of \[16, 16\] pixels, the only ones that"):
        (training.fine_tune if tuned else training.train)(taking(SIDE, SIDE, 3), easy(), epochs=1, first=[(larger, 1)])


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


@pytest.mark.parametrize("model", [unbuilt, subclassed, lambda: None])
def test_a_model_that_does_not_say_what_it_takes_is_refused(model):
    with pytest.raises(ValueError, match="model must know the shape of its input"):
        training.train(model(), easy(), epochs=1)


def test_fine_tuning_a_model_with_another_end_says_which_layers_it_wants():
    other = keras.Sequential([keras.Input((SIDE, SIDE, 3)), *unbuilt().layers])
    with pytest.raises(ValueError, match=r"'pool' and 'conv_preds'.* has no 'conv_preds', 'pool'"):
        training.fine_tune(other, easy(), epochs=1)


def test_a_tuned_model_can_be_trained_on_as_before():
    model = small()
    training.fine_tune(model, easy(), epochs=1)
    assert all(layer.trainable for layer in model.layers)
    assert training.evaluate(model, easy().test).accuracy > 0.9


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
