"""`data.augmentation`: from pixels to what a network is fed with."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from mobilenet_lib import data


def test_normalizing_is_what_keras_does_for_mobilenet():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    expected = keras.applications.mobilenet.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_array_equal(data.normalize(pixels), expected)
    np.testing.assert_array_equal(data.normalize(tf.constant(pixels)), expected)
    assert data.normalize(pixels).dtype == np.float32


def test_augmenting_mirrors_about_every_other_image():
    ramp = np.broadcast_to(80 + np.arange(64, dtype=np.float32)[None, None, :, None], (200, 64, 64, 3))
    rows = data.augment(ramp, (0, 0)).numpy()[:, 32, :, 0]
    rising = rows[:, -1] > rows[:, 0]
    assert 70 < rising.sum() < 130
    assert (np.sign(np.diff(rows, axis=1)) == np.where(rising, 1, -1)[:, None]).all()


def test_augmenting_crops_to_40_to_100_percent_of_the_area():
    bars = np.broadcast_to(255.0 * (np.arange(160) // 4 % 2)[None, None, :, None], (200, 160, 160, 3))

    def sides(images):
        """The share of the 40 bars that is left in each image, whatever the light."""
        row = images[:, 80, :, 0]
        return (np.diff(row > row.mean(axis=1, keepdims=True), axis=1).sum(axis=1) + 1) / 40

    widths = sides(data.augment(bars, (0, 0)).numpy())
    heights = sides(data.augment(bars.swapaxes(1, 2), (0, 0)).numpy().swapaxes(1, 2))
    areas = widths * heights
    assert (areas.min(), areas.max()) == pytest.approx((0.4, 1), abs=0.06)
    assert 0.4 < np.quantile(areas, 0.25) < np.quantile(areas, 0.75) < 0.95
    assert 1.03 < np.max(widths / heights) < 1.3, "some crops are wider than high, by a fifth at most"


def test_augmenting_changes_the_brightness_by_at_most_30_percent():
    gray = np.full((200, 8, 8, 3), 100, np.uint8)
    levels = data.augment(gray, (0, 0)).numpy()[:, 4, 4, 0]
    assert (levels.min(), levels.max()) == pytest.approx((70, 130), abs=2)


def test_augmenting_changes_contrast_and_saturation_and_keeps_gray_gray():
    halves = np.zeros((200, 8, 8, 3), np.uint8)
    halves[:, :4], halves[:, 4:] = (90, 90, 90), (110, 110, 110)
    light = data.augment(halves, (0, 0)).numpy()
    assert np.ptp(light, axis=3).max() < 1e-3
    contrast = (light[:, 7, 0, 0] - light[:, 0, 0, 0]) / light.mean(axis=(1, 2, 3))
    assert contrast.min() < 0.16 and contrast.max() > 0.24, "0.2 before"
    red = np.broadcast_to(np.array([120, 90, 90], np.uint8), (200, 8, 8, 3))
    color = data.augment(red, (0, 0)).numpy()[:, 4, 4]
    saturation = (color[:, 0] - color[:, 1]) / color.mean(axis=1)
    assert 0.3 * 0.7**2 <= saturation.min() < 0.2 and 0.4 < saturation.max() <= 0.3 * 1.3**2, "0.3 before"


def test_augmenting_keeps_shape_and_range():
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    crops = data.augment(images, (0, 0)).numpy()
    assert (crops.shape, crops.dtype) == ((5, 48, 48, 3), np.float32)
    assert 0 <= crops.min() < crops.max() <= 255


@pytest.mark.parametrize("shape", [(), (32, 32, 3)])
def test_augmenting_is_for_batches(shape):
    with pytest.raises(ValueError, match=re.escape(f"images must be [B, S, S, 3]; the shape of these is {[*shape]}")):
        data.augment(np.zeros(shape, np.uint8), [0, 1])


@pytest.mark.parametrize("seed", [0, (0,), (0, 1, 2), (0.5, 1), "ab"])
def test_the_seed_of_augmenting_is_two_whole_numbers(seed):
    with pytest.raises(ValueError, match="seed must be two whole numbers, not "):
        data.augment(np.zeros((1, 32, 32, 3), np.uint8), seed)


@pytest.mark.parametrize("kind", [np.uint32, np.float64, np.int8])
def test_augmenting_takes_pixels_as_numbers_of_any_kind(kind):
    images = np.random.default_rng(0).integers(0, 128, (5, 48, 48, 3), dtype=np.uint8)
    np.testing.assert_array_equal(data.augment(images.astype(kind), (1, 2)), data.augment(images, (1, 2)))


def test_augmenting_with_the_same_seed_gives_the_same_crops():
    images = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    np.testing.assert_array_equal(data.augment(images, (1, 2)), data.augment(images, (1, 2)))
    assert not np.array_equal(data.augment(images, (1, 2)), data.augment(images, (1, 3)))
