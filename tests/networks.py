"""Networks for the tests of `tflite`, and their files, each made once."""

from functools import cache

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from mobilenet_lib import models, tflite, training

SIZE = 64
ROUNDING = 5e-5  # on these networks, Keras and LiteRT are each up to 1.3e-5 away from the same sums in float64
LABELS = ("cat", "dog")


def pictures(count, size=SIZE, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


@cache
def lively():
    """A MobileNet whose layers have what training gives them: batch statistics, and weights that make a difference."""
    keras.utils.set_random_seed(0)
    model = models.mobilenet(0.25, SIZE, 2, momentum=0.0, depthwise_initializer=training.DEPTHWISE_HE_NORMAL)
    model(pictures(64), training=True)
    return model


@cache
def file(mode):
    return tflite.convert(lively(), mode, pictures(50), labels=LABELS)


@cache
def mapped(mode):
    """A file with maps."""
    return tflite.convert(models.with_maps(lively()), mode, pictures(50), labels=LABELS)


@cache
def tiny():
    """Few layers, for what does not depend on which."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(8, 3, strides=8, name="first")(image))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU(6)(x))
    return keras.Model(image, keras.layers.Dense(2, "softmax")(4 * x))


@cache
def tiny_file(mode, **options):
    return tflite.convert(tiny(), mode, pictures(20), labels=LABELS, **options)


def on_pixels(normalize=None):
    """The tiny network behind layers that normalize."""
    normalize = normalize or keras.layers.Rescaling(1 / 127.5, -1)
    image = keras.Input((SIZE, SIZE, 3))
    return keras.Model(image, tiny()(normalize(image)))


def foreign(function, *shapes, kind=tf.float32):
    """A file that nobody here converted."""
    signature = [tf.TensorSpec(shape, kind) for shape in shapes]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()


def opened(content):
    """Without XNNPACK, which would show as one operator what it runs itself."""
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    return interpreter


def operators(content):
    return {operator["op_name"] for operator in opened(content)._get_ops_details()}
