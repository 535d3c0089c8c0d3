"""From pixels to what a network is fed with: normalized, in training also cropped, mirrored and in another light."""

from typing import Any

import numpy as np
import tensorflow as tf


def normalize(images: Any) -> Any:
    """From 0…255 to [−1, 1], `x / 127.5 − 1` in float32: the only place where this is done.

    `images` of any shape; a tensor gives a tensor, anything else a NumPy array.
    """
    if tf.is_tensor(images):
        return _normalized(images, tf.constant(127.5))
    return np.asarray(images, np.float32) / 127.5 - 1


# Compiled, a batch is gone over once and not three times. `half` is an argument because the compiler multiplies by the
# inverse of a constant, which rounds differently.
@tf.function(jit_compile=True)
def _normalized(images: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / half - 1


def augment(images: Any, seed: Any) -> tf.Tensor:
    """Each image cropped, perhaps mirrored, and in another light, as float32 in 0…255 of the same shape.

    The crop is a random 40 to 100% of the image's area, up to a fifth wider or narrower than the image, and resized to
    its size. Every other one is mirrored. Brightness, contrast and saturation change by up to 30%.

    `images` is `[B, S, S, 3]` in 0…255. `seed` is two whole numbers; the same ones give the same result. Raises
    `ValueError` for images of another shape, such as a single one, and for another seed.
    """
    images, seed = tf.cast(images, tf.float32), tf.convert_to_tensor(seed)
    if images.shape.rank != 4:
        raise ValueError(f"images must be [B, S, S, 3]; the shape of these is {list(images.shape)}")
    if seed.shape != [2] or not seed.dtype.is_integer:
        raise ValueError(f"seed must be two whole numbers, not {getattr(seed, 'numpy', seed.__repr__)()!r}")
    return altered(images, chances(tf.shape(images)[0], seed))


def chances(count: Any, seed: Any) -> tf.Tensor:
    """The random numbers from 0 to 1 that decide what becomes of `count` images, a row `[8]` for each."""
    return tf.random.stateless_uniform([count, 8], seed)


def altered(images: tf.Tensor, random: tf.Tensor) -> tf.Tensor:
    """What `augment` makes of images by these random numbers."""
    count, size = tf.shape(images)[0], images.shape[1:3]
    area, shape, down, across, coin = tf.unstack(random[:, :5], axis=1)
    side, shape = tf.sqrt(0.4 + 0.6 * area), 1.2 ** (shape - 0.5)
    height, width = tf.minimum(side / shape, 1), tf.minimum(side * shape, 1)
    top, left = down * (1 - height), across * (1 - width)
    bottom, right = top + height, left + width
    # A box whose right edge comes before its left one is read backward.
    mirrored = coin < 0.5
    boxes = tf.stack([top, tf.where(mirrored, right, left), bottom, tf.where(mirrored, left, right)], axis=1)
    crops = tf.image.crop_and_resize(images, boxes, tf.range(count), size)
    return _light(crops, *tf.unstack(0.7 + 0.6 * random[:, 5:, None, None, None], axis=1))


# Compiled, this is one pass over the images. One operation at a time it is ten, and they take longer than the crops.
@tf.function(jit_compile=True)
def _light(images: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor, saturation: tf.Tensor) -> tf.Tensor:
    gray = tf.reduce_mean(images, axis=3, keepdims=True)
    mean = tf.reduce_mean(gray, axis=(1, 2), keepdims=True)
    images = gray + saturation * (images - gray)
    return tf.clip_by_value(brightness * (mean + contrast * (images - mean)), 0, 255)
