"""Files made of a file: each operator alone, and the network for images of another size. What a file has to do."""

from functools import cache

import keras
import numpy as np
import pytest
from networks import LABELS, ROUNDING, SIZE, file, lively, mapped, opened, operators, pictures

from mobilenet_lib import architecture, models, tflite
from mobilenet_lib.tflite.files import packed, unpacked


@pytest.mark.parametrize("mode", tflite.MODES)
def test_every_layer_with_weights_is_an_operator_with_its_name(mode):
    names = list(tflite.operators(file(mode)))
    layers = [layer.name for layer in architecture.mobilenet(0.25, SIZE, 2)]
    assert [name for name in names if name in layers] == layers
    assert names[-1] == "probabilities"


@pytest.mark.parametrize("mode", ["float32", "dynamic", "int8"])
def test_operators_one_after_the_other_compute_what_the_file_computes(mode):
    """Without the accelerator, which merges operators and so rounds in other places."""
    image = pictures(1, seed=1)
    values = image
    for content in tflite.operators(file(mode)).values():
        values = result(content, values)
    np.testing.assert_array_equal(values, result(file(mode), image))


def result(content, values):
    interpreter = opened(content)
    ((place,), (output,)) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(place["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(output["index"])


def test_unpacking_weights_stays_with_the_operator_that_uses_them():
    parts = tflite.operators(file("float16"))
    assert operators(parts["conv_pw_1"]) == {"CONV_2D", "DEQUANTIZE"}
    assert not [content for content in parts.values() if operators(content) == {"DEQUANTIZE"}]


def test_an_operator_file_has_the_weights_of_its_operator_alone():
    parts = tflite.operators(file("float32"))
    for layer in architecture.mobilenet(0.25, SIZE, 2):
        weights = 4 * (layer.cost.params + layer.out_channels)  # and the bias
        assert weights < len(parts[layer.name]) < weights + 1500


def test_operators_can_be_timed():
    times = tflite.latency(tflite.operators(file("int8")), repeats=3)
    assert {"conv1", "conv_dw_13", "conv_pw_13", "conv_preds"} <= set(times)


def test_a_file_with_maps_has_the_classifier_twice():
    parts = list(tflite.operators(mapped("float32")))
    assert parts.count("maps") == 1 and len(parts) == len(tflite.operators(file("float32"))) + 1


def test_a_layer_that_works_three_times_is_three_operators():
    """Nine weights for each two of three channels, at 32 × 32 places; then three features for each of two classes."""
    image = keras.Input((32, 32, 3))
    layer = keras.layers.Conv2D(3, 3, padding="same", activation="relu", name="again")
    features = keras.layers.GlobalAveragePooling2D()(layer(layer(layer(image))))
    content = tflite.convert(keras.Model(image, keras.layers.Dense(2, "softmax")(features)), "float32")
    parts = tflite.operators(content)
    assert list(parts)[:3] == ["again", "again_2", "again_3"]
    once = 32 * 32 * 9 * 3 * 3
    assert [tflite.work(parts[name])[0] for name in list(parts)[:3]] == [once] * 3
    assert sum(tflite.work(part)[0] for part in parts.values()) == 3 * once + 3 * 2


# Other sizes


@cache
def at(resolution):
    """The network of the files, built for images of another size."""
    model = models.mobilenet(0.25, resolution, 2)
    model.set_weights(lively().get_weights())
    return model


@pytest.mark.parametrize("resolution", [32, 96])
def test_a_resized_file_computes_what_keras_computes_at_that_size(resolution):
    resized, images = tflite.resized(file("float32"), resolution), pictures(5, resolution)
    expected = np.asarray(at(resolution)(images, training=False))
    np.testing.assert_allclose(tflite.predict(resized, images), expected, atol=ROUNDING)
    assert tflite.labels(resized) == LABELS


def test_a_resized_file_has_the_shapes_of_the_file_converted_at_that_size():
    """In its tables, where programs read them that do not work them out."""
    shapes, expected = (
        {tensor.name: list(tensor.shape) for tensor in unpacked(content).subgraphs[0].tensors}
        for content in (tflite.resized(file("float32"), 96), tflite.convert(at(96), "float32"))
    )
    assert shapes == expected


def test_a_resized_file_with_maps_has_larger_maps():
    assert tflite.maps(tflite.resized(mapped("float32"), 96), pictures(1, 96)).shape == (1, 3, 3, 2)


@pytest.mark.parametrize("resolution", [0, 1.5, 100])
def test_a_file_is_resized_to_multiples_of_32(resolution):
    with pytest.raises(ValueError, match=f"resolution must be a .*, not {resolution!r}"):
        tflite.resized(file("float32"), resolution)


def test_a_file_for_32_pixels_stays_at_32_because_the_converter_leaves_out_a_mean_over_one_pixel():
    content = tflite.convert(at(32), "float32")
    assert tflite.predict(tflite.resized(content, 32), pictures(1, 32)).shape == (1, 2)
    reason = "made for 32 × 32 pixels, cannot take 96 × 96: convert the model at that size"
    with pytest.raises(ValueError, match=reason):
        tflite.resized(content, 96)


def test_a_file_that_would_answer_for_a_part_of_a_larger_image_is_not_resized():
    """`Flatten` becomes a reshape to rows of 4 features: at twice the size there are four times as many, in 4 rows."""
    image = keras.Input((64, 64, 3))
    features = keras.layers.AveragePooling2D(16)(keras.layers.Conv2D(4, 1, strides=4)(image))
    model = keras.Model(image, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(features)))
    with pytest.raises(ValueError, match="made for 64 × 64 pixels, cannot take 128 × 128: convert the model"):
        tflite.resized(tflite.convert(model, "float32"), 128)


# What a file has to do


@pytest.mark.parametrize("mode", tflite.MODES)
def test_a_quarter_of_the_channels_take_41_million_multiplications(mode):
    """Howard et al. 2017, Table 6. The classifier is of two classes here, which saves a quarter of a million."""
    mult_adds, _ = tflite.work(tflite.resized(file(mode), 224))
    assert round(mult_adds / 1e6) == 41


LAYERS = {  # of α = 0.25 and 64 pixels: Mult-Adds, numbers that flow in and out, weights, biases
    "conv1": (32 * 32 * 8 * 27, 64 * 64 * 3 + 32 * 32 * 8, 27 * 8, 8),
    "conv_dw_1": (32 * 32 * 8 * 9, 2 * 32 * 32 * 8, 9 * 8, 8),
    "conv_dw_2": (16 * 16 * 16 * 9, 32 * 32 * 16 + 16 * 16 * 16, 9 * 16, 16),
    "conv_pw_13": (2 * 2 * 256 * 256, 2 * (2 * 2 * 256), 256 * 256, 256),
    "conv_preds": (256 * 2, 256 + 2, 256 * 2, 2),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("mode", "width", "kept", "bias"), [("float32", 4, 4, 4), ("float16", 4, 2, 2), ("int8", 1, 1, 4)]
)
def test_a_layer_moves_what_flows_in_and_out_of_it_and_its_weights_once(layer, mode, width, kept, bias):
    mult_adds, flowing, weights, biases = LAYERS[layer]
    expected = mult_adds, width * flowing + kept * weights + bias * biases
    assert tflite.work(tflite.operators(file(mode))[layer]) == expected


def test_what_has_no_weights_has_no_mult_adds():
    assert tflite.work(tflite.operators(file("float32"))["probabilities"]) == (0, 2 * 4 + 2 * 4)


def test_files_from_before_2020_which_number_their_operators_in_one_byte_are_counted_too():
    content = unpacked(file("float32"))
    for code in content.operatorCodes:
        code.deprecatedBuiltinCode, code.builtinCode = code.builtinCode, 0
    assert tflite.work(packed(content)) == tflite.work(file("float32"))


def test_the_work_of_half_a_file_is_not_known():
    with pytest.raises(ValueError, match=r"tflite_model must be a whole \.tflite file, not these 1,000 bytes"):
        tflite.work(file("float32")[:1000])
