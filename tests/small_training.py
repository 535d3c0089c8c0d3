"""Photos that are easy to tell apart and a network so small that a training takes a moment."""

import keras
import numpy as np

from mobilenet_lib import data, models

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


def small(momentum=0.9, channels=16, side=SIDE):
    """The first and the last layers of a MobileNet, which build in a moment."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((side, side, 3))
    x = models.conv_block(inputs, 8, stride=2, name="conv1", momentum=momentum)
    x = models.separable_block(x, channels, number=1, momentum=momentum)
    x = keras.layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
    x = keras.layers.Reshape((2,))(keras.layers.Conv2D(2, 1, name="conv_preds")(x))
    return keras.Model(inputs, keras.layers.Softmax()(x))


def in_place_of_mobilenet(alpha, resolution, classes=2, momentum=0.9, **_):
    """For the command line, where it does not matter which network is trained."""
    return small(momentum, channels=round(160 * alpha), side=resolution)


def without_times(run):
    return [{key: value for key, value in epoch.items() if "seconds" not in key} for epoch in run.epochs]
